/** Made-up views for the status page. */
import type { ReservationView } from "../../lib/contracts/reservation-views.ts";
import type { NodeView } from "../../lib/contracts/views.ts";
import { branded, isNodeId } from "../../lib/core/ids.ts";
import { instant } from "../../lib/core/time.ts";
import type { TimelineEntry } from "../../lib/core/timeline.ts";

/** The script tells ages by the server's clock, so that any will do. */
export const now = Date.UTC(2026, 10, 24, 12);

export const node = (id: string, change: Partial<NodeView> = {}): NodeView => ({
  id,
  lab: "blue",
  class: "standard",
  tags: [],
  version: 3,
  state: "available",
  last: "enrolled",
  since: now - 7_200_000,
  administrative: {
    state: "online",
    reason: null,
    since: now - 9_000_000,
    by: "operator ada",
    handsOffAt: null,
  },
  phase: { name: "run", since: now - 10_800_000 },
  power: { observed: "on", at: now - 30_000 },
  image: "demo",
  revision: "demo-1",
  certificate: null,
  reservation: null,
  job: null,
  loan: null,
  upkeep: null,
  bios: null,
  correctiveReboots: 0,
  openIssues: [],
  fault: null,
  ...change,
});

export const job = (change: Partial<NonNullable<NodeView["job"]>> = {}): NonNullable<NodeView["job"]> => ({
  id: "course.node-01.v3",
  program: "provision",
  attempt: 1,
  step: "wait-for-os",
  awaits: "the operating system's word that it runs",
  since: now - 14_000,
  until: now + 588_000,
  command: null,
  correcting: null,
  doneBytes: null,
  totalBytes: null,
  ...change,
});

export const reservation = (id: string, change: Partial<ReservationView> = {}): ReservationView => ({
  id,
  version: 2,
  project: null,
  roles: [],
  owner: "ada",
  image: "demo",
  revision: "demo-1",
  class: "standard",
  count: 1,
  state: "loading",
  last: "new",
  since: now - 60_000,
  createdAt: now - 61_000,
  start: 0,
  placed: [],
  end: now + 3_540_000,
  position: null,
  expected: null,
  readyAt: null,
  endedAt: null,
  cause: null,
  correctiveReboots: 0,
  nodes: [],
  connections: [],
  ...change,
});

export const entry = (sequence: number, change: Partial<TimelineEntry> = {}): TimelineEntry => ({
  entity: { kind: "node", id: branded(isNodeId, "node-01") },
  sequence,
  at: instant(now - 1_000_000 + 1000 * sequence),
  actor: { kind: "engine", name: "reservation course" },
  from: "available",
  to: "available",
  phase: "run",
  why: `it is the ${sequence}. entry`,
  evidence: null,
  reservation: null,
  job: null,
  attempt: null,
  command: null,
  correction: null,
  proposed: null,
  ...change,
});
