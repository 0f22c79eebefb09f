/** What a handler of the API is given, and what the handlers share. */
import { acceptJob } from "../../../lib/app/accept-job.ts";
import type { App } from "../../../lib/app/app.ts";
import type { Accepted } from "../../../lib/app/node-job.ts";
import { viewAnswers } from "../../../lib/app/views.ts";
import type { JobMessage } from "../../../lib/contracts/job.ts";
import type { Caller } from "../../../lib/core/caller.ts";
import type { Fault } from "../../../lib/core/fault.ts";
import { isNodeId, isReservationId, type NodeId, type ReservationId } from "../../../lib/core/ids.ts";
import type { Actor } from "../../../lib/core/node/node.ts";
import { type Answer, json, notFound, problem } from "../http.ts";

export interface Request {
  readonly app: App;
  readonly caller: Caller;
  readonly actor: Actor;
  readonly id: string;
  readonly issue: string;
  readonly machine: string;
  readonly body: string | undefined;
  readonly query: Readonly<Record<string, string | undefined>>;
  /** The version that the caller has seen (`If-Match`); null: whatever it is now. */
  readonly ifVersion: number | null;
  readonly idempotencyKey: string | null;
  /** Until the function has to end. */
  readonly leftMs: () => number;
}

export type Handler = (request: Request) => Promise<Answer>;

export const pageSize = 100;

export const otherVersion = (what: string): Answer =>
  problem(
    412,
    "other-version",
    "It has changed meanwhile",
    `${what} is not as If-Match says: read it again, and decide again`,
  );

/** What cannot be done, with the status that fits its code. */
export function refused(fault: Fault, title: string): Answer {
  const status = statuses[fault.code] ?? 422;
  return problem(status, fault.code, title, fault.message, status === 429 ? { retryAfterSeconds: 60 } : {});
}

const statuses: Readonly<Record<string, number>> = {
  "id-taken": 409,
  "time-taken": 409,
  "reservation-over": 409,
  "node-in-use": 409,
  "node-elsewhere": 409,
  "node-refused": 409,
  "machine-identified": 409,
  "node-unidentified": 409,
  "node-kept-out": 409,
  "node-busy": 409,
  "not-handed-over": 409,
  "same-node": 409,
  "no-free-node": 409,
  "image-retired": 409,
  "not-a-member": 403,
  "other-version": 412,
  "quota-spent": 429,
  "too-many-jobs": 429,
};

/** A job under the id that the caller has chosen, if he has: the same one again changes nothing. `title`: of a refusal. */
export async function jobUnder(
  { app, idempotencyKey }: Request,
  chosen: ReservationId | undefined,
  title: string,
  ask: (id: ReservationId) => Promise<Accepted>,
): Promise<Answer> {
  const id = chosen ?? idempotencyKey ?? app.ids.next("job");
  if (!isReservationId(id))
    return problem(400, "invalid", "Not a job id", `Idempotency-Key: ${id} cannot be the id of a job`);
  const asked = await ask(id);
  return asked.ok ? json(202, await app.store.read("job", id)) : refused(asked.fault, title);
}

export async function nodeJob(
  request: Request,
  node: string,
  chosen: ReservationId | undefined,
  jobFor: (node: NodeId, id: ReservationId) => JobMessage,
): Promise<Answer> {
  if (!isNodeId(node)) return notFound(`node ${node}`);
  return jobUnder(request, chosen, "It cannot be done to this node", (id) =>
    acceptJob(request.app, jobFor(node, id), request.actor),
  );
}

export async function explain(kind: "node" | "reservation", { app, id }: Request): Promise<Answer> {
  const view = await viewAnswers(app, kind, id);
  return view === null ? notFound(`${kind} ${id}`) : json(200, view);
}

export async function timeline(kind: "node" | "reservation", { app, id, query }: Request): Promise<Answer> {
  const after = Number.parseInt(query["after"] ?? "0", 10);
  if (!Number.isSafeInteger(after) || after < 0)
    return problem(400, "invalid", "Not a sequence number", "after: a number from 0");
  const entries = await app.store.timeline({ kind, id }, after, pageSize);
  const next = entries.length === pageSize ? entries.at(-1)?.sequence : undefined;
  return json(200, { entries, next: next ?? null });
}
