/** The timeline: one entry for every transition, saying who or what caused it, why, and on what evidence (invariant 9). */
import type { Rung } from "./correction/policy.ts";
import type { Fault } from "./fault.ts";
import type { CommandId, IssueId, JobId, LabId, NodeId, ReservationId } from "./ids.ts";
import type { Actor } from "./node/node.ts";
import type { Instant, Ms } from "./time.ts";

export interface TimelineEntry {
  readonly entity:
    | { readonly kind: "node"; readonly id: NodeId }
    | { readonly kind: "reservation"; readonly id: ReservationId };
  /** The version that the entity reached by this transition: 1, 2, 3 … without a gap. */
  readonly sequence: number;
  readonly at: Instant;
  readonly actor: Actor;
  readonly from: string;
  readonly to: string;
  readonly phase: string | null;
  /** A sentence. */
  readonly why: string;
  readonly evidence: string | null;
  readonly reservation: ReservationId | null;
  readonly job: JobId | null;
  readonly attempt: number | null;
  readonly command: CommandId | null;
  readonly correction: Rung | null;
  /** In a lab that only observes: what correction would have done. */
  readonly proposed: Rung | null;
  /** Where the state has changed: how long it was in the one that it has left. */
  readonly tookMs?: Ms;
  /** What its user is to be told, where the state has not changed. */
  readonly notice?: Notice;
  /** The code of the fault that it ended with. */
  readonly cause?: string;
}

export const notices = ["ending-soon", "extended"] as const;
export type Notice = (typeof notices)[number];

/** An issue in a node's hardware log (R77), with the evidence that it was opened on. */
export interface HardwareIssue {
  readonly id: IssueId;
  readonly node: NodeId;
  readonly lab: LabId;
  readonly version: number;
  readonly state: "open" | "closed";
  /** A node with an open blocking issue is not handed out. */
  readonly blocking: boolean;
  readonly fault: Fault;
  readonly evidence: readonly string[];
  readonly openedAt: Instant;
  readonly openedBy: Actor;
  readonly closedAt: Instant | null;
  readonly closedBecause: string | null;
}
