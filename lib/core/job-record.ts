/** A job that came from outside, by its sender's id: the same id again changes nothing, and its end is on record. */
import type { Fault } from "./fault.ts";
import type { JobId, NodeId, ReservationId, RevisionId } from "./ids.ts";
import type { Actor } from "./node/node.ts";
import type { LightProgram } from "./node/programs.ts";
import type { Instant } from "./time.ts";

export interface JobRecord {
  readonly id: JobId;
  readonly version: number;
  readonly kind: "reserve" | "end" | "reload" | "capture" | LightProgram;
  readonly node: NodeId | null;
  readonly reservation: ReservationId | null;
  readonly requestedBy: Actor;
  readonly requestedAt: Instant;
  readonly state: "accepted" | "done" | "failed" | "abandoned";
  readonly cause: Fault | null;
  readonly endedAt: Instant | null;
  /** What a capture has made. */
  readonly revision?: RevisionId;
}
