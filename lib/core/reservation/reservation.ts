/**
 * A reservation gives somebody nodes with an image for a time. It is done when all its nodes are free again, proved
 * clean. Its state and the one before are both kept (R36).
 */
import type { Fault } from "../fault.ts";
import type { ImageId, LabId, NodeId, ProjectId, ReservationId, RevisionId } from "../ids.ts";
import { type MinimumHardware, minimumText } from "../node/hardware.ts";
import type { Instant, Ms } from "../time.ts";
import type { NetworkWish } from "../wishes.ts";

/**
 * new: waits for nodes. loading: has nodes that are being made ready. reserved: handed over. in-use: somebody logged in.
 * reclaim: over, its nodes are being taken back. complete, failed: at rest.
 */
export const reservationStates = [
  "new",
  "loading",
  "reserved",
  "in-use",
  "reclaim",
  "complete",
  "failed",
] as const;
export type ReservationState = (typeof reservationStates)[number];

/** So many nodes with an image of their own. */
export interface Role {
  readonly name: string;
  readonly image: ImageId;
  readonly revision: RevisionId;
  readonly count: number;
}

/** A node of a cluster, as the others find it. */
export interface Member {
  readonly node: NodeId;
  readonly role: string | null;
  readonly address: string;
}

export interface Reservation {
  readonly id: ReservationId;
  readonly version: number;
  readonly owner: string;
  /** In whose quota it counts; null: in nobody's. */
  readonly project: ProjectId | null;
  /** Of a cluster: those of its first role. */
  readonly image: ImageId;
  readonly revision: RevisionId;
  /** Of a cluster; empty: all its nodes are for the same. */
  readonly roles: readonly Role[];
  /** By node of a cluster: the name of its role. */
  readonly roleOf: Readonly<Record<string, string>>;
  readonly class: string;
  readonly tags: readonly string[];
  /** What was asked for; left out: nothing in particular. */
  readonly minimum?: MinimumHardware;
  /** What its nodes must have: what was asked for and what its images need, together. */
  readonly needs?: MinimumHardware;
  readonly lab: LabId | null;
  /** What its user wishes of the switch ports of his nodes: nobody here reads it. */
  readonly network?: NetworkWish;
  /** Taken first if they are free. */
  readonly prefer: readonly NodeId[];
  readonly count: number;
  /** When its user gets the nodes. Of one that wants them as soon as possible: as far as is known now. */
  readonly start: Instant;
  readonly end: Instant;
  readonly asap: boolean;
  /** Before the start: its nodes are being made ready. */
  readonly leadMs: Ms;
  /** Nodes in whose calendars it stands, from `start − leadMs` to `end` and the turnaround. */
  readonly placed: readonly NodeId[];
  /** No place was found for it: those behind it do not wait for that. */
  readonly passed: boolean;
  /** The account that gets access, and its public key; secrets are never kept. */
  readonly user: string;
  readonly publicKey: string | null;
  /** Where its user is told that it is ready, or ends soon; null: nowhere. */
  readonly email: string | null;
  /** The OS modules of its images hear of logins: that nobody has logged in can be known. */
  readonly hearsLogins: boolean;
  readonly state: ReservationState;
  readonly last: ReservationState | null;
  readonly since: Instant;
  readonly createdAt: Instant;
  readonly nodes: readonly NodeId[];
  /** Of a cluster whose nodes are ready: what each of them is told of the others. */
  readonly members: readonly Member[];
  /** The version in which they became that; null: they have not yet. */
  readonly membersAt: number | null;
  /** Nodes are ready by then, or the reservation fails with its reason. */
  readonly readyBy: Instant;
  readonly readyAt: Instant | null;
  /** The end that its user was warned of: another end is warned of anew. */
  readonly warnedOf: Instant | null;
  readonly endedAt: Instant | null;
  /** What `reclaim` ends in. */
  readonly outcome: "complete" | "failed" | null;
  readonly cause: Fault | null;
  readonly correctiveReboots: number;
  readonly due: Instant | null;
}

/** The reservation wants its nodes back, or has no further claim on them. */
export const isOver = (reservation: Reservation): boolean =>
  reservation.state === "reclaim" || reservation.state === "complete" || reservation.state === "failed";

/** What it asks for, for people: `class standard with 65536 MiB of memory`. */
export function wishText({ class: nodeClass, needs = {} }: Pick<Reservation, "class" | "needs">): string {
  const least = minimumText(needs);
  return least === "" ? `class ${nodeClass}` : `class ${nodeClass} with ${least}`;
}
