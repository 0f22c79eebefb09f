/** A job from outside. What can never be carried out is refused with its reason; accepting the same job twice changes nothing. */

import type { JobMessage } from "../contracts/job.ts";
import type { Fault } from "../core/fault.ts";
import { branded, isJobId, type NodeId } from "../core/ids.ts";
import type { JobRecord } from "../core/job-record.ts";
import {
  type Actor,
  type JobRequest,
  type LightProgram,
  maintenancePrograms,
  type Order,
  type Target,
} from "../core/node/node.ts";
import { mostWaitingJobs } from "../core/node/waiting-jobs.ts";
import { isOver } from "../core/reservation/reservation.ts";
import { minutes } from "../core/time.ts";
import { advanceNode } from "./advance-node.ts";
import { advanceReservation } from "./advance-reservation.ts";
import type { App } from "./app.ts";
import { countIn } from "./quota.ts";
import { reserve } from "./reserve.ts";

export type Accepted =
  | { readonly ok: true; readonly known: boolean }
  | { readonly ok: false; readonly fault: Fault };

const refuse = (code: string, message: string): Accepted => ({
  ok: false,
  fault: { class: "configuration", code, message },
});

/** `ifVersion`: only if what it changes is still as whoever asks has seen it. */
export async function acceptJob(
  app: App,
  job: JobMessage,
  actor: Actor,
  ifVersion: number | null = null,
): Promise<Accepted> {
  switch (job.kind) {
    case "reserve": {
      const { schema: _schema, kind: _kind, ...wanted } = job;
      const reserved = await reserve(app, wanted, actor);
      return reserved.ok ? { ok: true, known: reserved.known } : reserved;
    }
    case "end": {
      const { reservation, reason } = job;
      const advanced = await advanceReservation(
        app,
        reservation,
        { kind: "end", reason, actor },
        { ifVersion },
      );
      if (advanced === "other-version") return otherVersion(reservation);
      return advanced === "unknown-reservation"
        ? refuse("reservation-unknown", `there is no reservation ${reservation}`)
        : { ok: true, known: advanced === "unchanged" };
    }
    case "extend": {
      const { reservation: id, end } = job;
      const stored = await app.store.read("reservation", id);
      if (stored === null) return refuse("reservation-unknown", `there is no reservation ${id}`);
      if (isOver(stored)) return refuse("reservation-over", `reservation ${id} is over`);
      const counted = await countIn(app, { ...stored, end });
      if (!counted.ok) return counted;
      const event = { kind: "extend", end, actor } as const;
      const advanced = await advanceReservation(app, id, event, { ifVersion, also: counted.writes });
      if (advanced === "other-version") return otherVersion(id);
      return typeof advanced === "string"
        ? { ok: true, known: advanced === "unchanged" }
        : { ok: false, fault: advanced.refused };
    }
    case "reload": {
      const image = await app.store.read("image", job.image);
      if (image === null)
        return refuse("image-unknown", `image ${job.image} is not registered: POST /v1/images first`);
      return nodeJob(app, job, { image: image.id, revision: image.production }, actor);
    }
    case "power": {
      const { change, reason, node } = job;
      const inUse = await untouchable(app, job);
      if (inUse !== null) return inUse;
      return nodeJob(app, { id: job.id, kind: `power-${change}`, node }, null, because(actor, reason));
    }
    case "bios": {
      const state = await app.store.read("node", job.node);
      if (state?.biosProfile === null)
        return refuse("no-bios-profile", `node ${job.node} has no BIOS profile: give it one in its lab file`);
      return nodeJob(app, job, null, actor);
    }
    case "burn-in": {
      const { minutes: wanted, test } = job;
      return nodeJob(app, job, null, actor, { kind: "burn-in", minutes: wanted, test });
    }
    case "rescue": {
      const inUse = await untouchable(app, job);
      if (inUse !== null) return inUse;
      const order: Order = { kind: "rescue", forMs: minutes(job.minutes), ended: false };
      return nodeJob(app, job, null, because(actor, job.reason), order);
    }
    case "identify":
    case "inspect":
      return nodeJob(app, job, null, actor);
  }
}

/** Null: nobody uses it, or it is said why it is to be touched all the same. */
async function untouchable(
  { store }: App,
  { node, reason }: { readonly node: NodeId; readonly reason: string | null },
): Promise<Accepted | null> {
  const state = await store.read("node", node);
  if (state?.provision.state !== "in-use" || reason !== null) return null;
  const whose = `node ${node} is in use by reservation ${state.provision.reservation}`;
  return refuse("node-in-use", `${whose}: say why it is to be touched (reason)`);
}

const because = (actor: Actor, reason: string | null): Actor =>
  reason === null ? actor : { ...actor, name: `${actor.name}: ${reason}`.slice(0, 200) };

const otherVersion = (id: string): Accepted =>
  refuse("other-version", `${id} has changed since you have seen it: read it again`);

async function nodeJob(
  app: App,
  { id, kind, node }: { readonly id: string; readonly kind: "reload" | LightProgram; readonly node: NodeId },
  target: Target | null,
  actor: Actor,
  order?: Order,
): Promise<Accepted> {
  const jobId = branded(isJobId, id);
  if ((await app.store.read("job", jobId)) !== null) return { ok: true, known: true };
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
  if (isOut && !(provision === "maintenance" && maintenancePrograms.has(kind))) {
    return refuse("node-kept-out", `node ${node} is in ${provision}: give it back first`);
  }
  const now = app.clock.now();
  const request: JobRequest = {
    id: jobId,
    program: kind,
    target,
    ...(order === undefined ? {} : { order }),
    requestedBy: actor,
    requestedAt: now,
  };
  const record: JobRecord = {
    id: jobId,
    version: 1,
    kind,
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
    { also: [{ kind: "job", value: record, expect: "absent" }] },
  );
  return { ok: true, known: advanced !== "changed" };
}
