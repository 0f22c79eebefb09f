/** What the API says, made up: a node, a reservation, and the answers of a scripted server. */
import type { Node, Reservation } from "../../clients/typescript/client.ts";
import type { Scripted } from "../support/scripted-server.ts";

/** 2026-11-21T08:00:00Z */
export const nowMs = Date.UTC(2026, 10, 21, 8);

const job = {
  id: "job-1",
  program: "provision",
  attempt: 1,
  step: "write-image",
  awaits: "the checksum of what is on the disk",
  since: nowMs,
  until: nowMs + 30_000,
  command: null,
  correcting: null,
  doneBytes: null,
  totalBytes: null,
} satisfies Node["job"];

export const loadingNode: Node = {
  id: "node-01",
  lab: "lab-a",
  class: "standard",
  tags: ["gpu"],
  version: 14,
  state: "loading",
  last: "reserved",
  since: nowMs - 60_000,
  administrative: { state: "online", reason: null, by: "engine enrolment", since: nowMs, handsOffAt: null },
  phase: { name: "build", since: nowMs },
  power: { observed: "on", at: nowMs },
  image: "demo",
  revision: "rev-1",
  certificate: null,
  reservation: "res-1",
  job,
  loan: null,
  upkeep: null,
  bios: null,
  correctiveReboots: 0,
  openIssues: [],
  fault: null,
};

export const readyNode: Node = { ...loadingNode, state: "in-use", job: null };

export const loading: Reservation = {
  id: "res-1",
  version: 2,
  project: null,
  roles: [],
  owner: "ada",
  image: "demo",
  revision: "rev-1",
  class: "standard",
  count: 1,
  state: "loading",
  last: "new",
  since: nowMs,
  createdAt: nowMs,
  start: nowMs,
  end: nowMs + 3_600_000,
  placed: [],
  position: null,
  expected: null,
  readyAt: null,
  endedAt: null,
  cause: null,
  correctiveReboots: 0,
  nodes: [loadingNode],
  connections: [],
};

export const ready: Reservation = {
  ...loading,
  state: "reserved",
  readyAt: nowMs,
  nodes: [readyNode],
  connections: [{ node: "node-01", role: null, address: "10.0.0.7:2222", user: "student" }],
};

export const failed: Reservation = {
  ...loading,
  state: "failed",
  nodes: [],
  cause: { code: "image-damaged", message: "the checksum is wrong" },
};

type Headers = Readonly<Record<string, string>>;

export const says = (body: unknown, status = 200, headers: Headers = {}): Scripted => ({
  status,
  body,
  headers: { "content-type": "application/json", ...headers },
});

export const refuses = (status: number, detail: string, headers: Headers = {}): Scripted => ({
  status,
  body: { type: "urn:rackwright:problem:refused", title: "It cannot be", status, detail },
  headers: { "content-type": "application/problem+json", ...headers },
});
