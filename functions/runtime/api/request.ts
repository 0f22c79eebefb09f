/** What a handler of the API is given, and what the handlers share. */
import { createHash } from "node:crypto";
import { acceptJob } from "../../../lib/app/accept-job.ts";
import type { App } from "../../../lib/app/app.ts";
import type { Accepted } from "../../../lib/app/node-job.ts";
import { viewAnswers } from "../../../lib/app/views.ts";
import { timelineQuery } from "../../../lib/contracts/api.ts";
import type { JobMessage } from "../../../lib/contracts/job.ts";
import type { Caller } from "../../../lib/core/caller.ts";
import type { Fault } from "../../../lib/core/fault.ts";
import {
  branded,
  isNodeId,
  isReservationId,
  type NodeId,
  type ReservationId,
} from "../../../lib/core/ids.ts";
import type { Actor } from "../../../lib/core/node/node.ts";
import { type Answer, json, notFound, parseQuery, problem } from "../http.ts";

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
  const field = fields[fault.code];
  return problem(status, fault.code, title, fault.message, {
    retryAfterSeconds: status === 429 ? 60 : null,
    errors: field === undefined ? [] : [{ pointer: `#/${field}`, detail: fault.message }],
  });
}

/** What of the body is to be another, by code. */
const fields: Readonly<Record<string, string>> = {
  "image-or-roles": "image",
  "role-twice": "roles",
  "too-many-nodes": "roles",
  "start-out-of-range": "start",
  "too-far-ahead": "start",
  "too-long": "minutes",
  "project-unknown": "project",
  "not-a-member": "project",
  "quota-spent": "count",
  "earlier-end": "end",
  "time-taken": "end",
  "which-node": "node",
  "id-taken": "id",
};

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

/** The same key of the same caller gives the same name, on whatever day and by whatever function; without a key a new one. */
export function nameFor(kind: "res" | "job" | "block", { app, caller, idempotencyKey }: Request): string {
  if (idempotencyKey === null) return app.ids.next(kind);
  const digest = createHash("sha256").update(`${caller.name}\n${idempotencyKey}`).digest("hex");
  return `${kind}-${digest.slice(0, 32)}`;
}

/** A job under the id that the caller has chosen, if he has: the same one again changes nothing. `title`: of a refusal. */
export async function jobUnder(
  request: Request,
  chosen: ReservationId | undefined,
  title: string,
  ask: (id: ReservationId) => Promise<Accepted>,
): Promise<Answer> {
  const { app } = request;
  const id = chosen ?? branded(isReservationId, nameFor("job", request));
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
  const { app, ifVersion } = request;
  // Whatever else is wrong with what he asks: he has not seen what it is about.
  const seen = ifVersion === null ? null : await app.store.read("node", node);
  if (seen !== null && seen.version !== ifVersion) return otherVersion(`node ${node}`);
  return jobUnder(request, chosen, "It cannot be done to this node", (id) =>
    acceptJob(request.app, jobFor(node, id), request.actor, request.ifVersion),
  );
}

export async function explain(kind: "node" | "reservation", { app, id }: Request): Promise<Answer> {
  const view = await viewAnswers(app, kind, id);
  return view === null ? notFound(`${kind} ${id}`) : json(200, view);
}

export async function timeline(kind: "node" | "reservation", { app, id, query }: Request): Promise<Answer> {
  const asked = parseQuery(timelineQuery, query);
  if (!asked.ok) return asked.answer;
  const { after } = asked.value;
  const entries = await app.store.timeline({ kind, id }, after, pageSize);
  const next = entries.length === pageSize ? entries.at(-1)?.sequence : undefined;
  return json(200, { entries, next: next ?? null });
}
