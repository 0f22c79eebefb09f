/** A job for one node, from outside: it waits in order behind what the node is doing. */
import type { Fault } from "../core/fault.ts";
import { branded, isJobId, type NodeId } from "../core/ids.ts";
import type { JobRecord } from "../core/job-record.ts";
import type { Actor, JobRequest } from "../core/node/node.ts";
import { maintenancePrograms } from "../core/node/programs.ts";
import { mostWaitingJobs } from "../core/node/waiting-jobs.ts";
import { advanceNode } from "./advance-node.ts";
import type { App } from "./app.ts";

export type Accepted =
  | { readonly ok: true; readonly known: boolean }
  | { readonly ok: false; readonly fault: Fault };

export const refuse = (code: string, message: string): Extract<Accepted, { ok: false }> => ({
  ok: false,
  fault: { class: "configuration", code, message },
});

export const otherVersion = (id: string): Accepted =>
  refuse("other-version", `${id} has changed since you have seen it: read it again`);

export interface NodeJob extends Pick<JobRequest, "program" | "target" | "capture" | "order"> {
  /** The sender's: the same id again changes nothing. */
  readonly id: string;
  readonly node: NodeId;
}

/** The same id again is the same job, if it is the same kind of job for the same node, and nobody else's; null: it is a new one. */
export async function knownJob(
  { store }: App,
  { id, node, program }: Pick<NodeJob, "id" | "node" | "program">,
  actor: Actor,
): Promise<Accepted | null> {
  const known = await store.read("job", id);
  if (known === null) return null;
  const { requestedBy } = known;
  const isOthers = requestedBy.kind === "user" && actor.kind === "user" && requestedBy.name !== actor.name;
  return known.kind === program && known.node === node && !isOthers
    ? { ok: true, known: true }
    : refuse("id-taken", `${id} is the id of another job: choose another one`);
}

/** `ifVersion`: only if the node is still as whoever asks has seen it. */
export async function nodeJob(
  app: App,
  job: NodeJob,
  actor: Actor,
  ifVersion: number | null = null,
): Promise<Accepted> {
  const { node, program, target, capture, order } = job;
  const id = branded(isJobId, job.id);
  const known = await knownJob(app, job, actor);
  if (known !== null) return known;
  const state = await app.store.read("node", node);
  if (state === null) return refuse("node-unknown", `there is no node ${node}`);
  if (state.waiting.length >= mostWaitingJobs) {
    return refuse(
      "too-many-jobs",
      `${mostWaitingJobs} jobs wait for node ${node} already: wait for some to end`,
    );
  }
  const { state: provision } = state.provision;
  if (provision === "unidentified") {
    const message = `node ${node} has no machine yet: nothing is done to it before one was found (docs/identification.md)`;
    return refuse("node-unidentified", message);
  }
  const isOut = provision === "quarantined" || provision === "maintenance" || provision === "retired";
  if (isOut && !(provision === "maintenance" && maintenancePrograms.has(program))) {
    return refuse("node-kept-out", `node ${node} is in ${provision}: give it back first`);
  }
  const now = app.clock.now();
  const request: JobRequest = {
    id,
    program,
    target,
    ...(capture === undefined ? {} : { capture }),
    ...(order === undefined ? {} : { order }),
    requestedBy: actor,
    requestedAt: now,
  };
  const record: JobRecord = {
    id,
    version: 1,
    kind: program,
    node,
    reservation: null,
    requestedBy: actor,
    requestedAt: now,
    state: "accepted",
    cause: null,
    endedAt: null,
  };
  const advanced = await advanceNode(
    app,
    node,
    { kind: "job", request, actor },
    { ifVersion, also: [{ kind: "job", value: record, expect: "absent" }] },
  );
  if (advanced === "other-version") return otherVersion(node);
  return { ok: true, known: advanced !== "changed" };
}
