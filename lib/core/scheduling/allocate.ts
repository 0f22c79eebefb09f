/**
 * Which nodes a reservation gets: those that it asked for by name first, then those that have its image already, then the least recently used, so that wear and
 * faults spread. Pure; the claim itself is one conditional transaction (lib/app/advance-reservation.ts).
 */
import type { ReservationId } from "../ids.ts";
import { suffices } from "../node/hardware.ts";
import type { NodeState } from "../node/node.ts";
import { transition } from "../node/states.ts";
import { wants } from "../reservation/parts.ts";
import type { Reservation } from "../reservation/reservation.ts";
import type { Instant } from "../time.ts";

/** Exactly what the allocator may hand out; the `free` index holds the nodes for which this is true, and no other (R42). */
export const isFree = (node: NodeState): boolean =>
  node.provision.state === "available" &&
  node.administrative.state === "online" &&
  node.disk.taint === null &&
  node.upkeep === null &&
  node.waiting.length === 0 &&
  node.openIssues.length === 0;

/** What of a reservation says which nodes it may have. */
export type Wanted = Pick<
  Reservation,
  "owner" | "project" | "createdAt" | "class" | "lab" | "tags" | "needs"
>;

const isLentTo = ({ loan }: NodeState, { owner, project, createdAt }: Wanted): boolean =>
  loan === null ||
  loan.to === owner ||
  loan.to === project ||
  (loan.until !== null && loan.until <= createdAt);

/** It is what was asked for, whatever it is doing. */
export const matches = (node: NodeState, wanted: Wanted): boolean =>
  node.class === wanted.class &&
  (wanted.lab === null || node.lab === wanted.lab) &&
  wanted.tags.every((tag) => node.tags.includes(tag)) &&
  suffices(node.capacity, wanted.needs ?? {}) &&
  isLentTo(node, wanted);

export const suits = (node: NodeState, wanted: Wanted): boolean => isFree(node) && matches(node, wanted);

const has = (node: NodeState, wanted: Reservation): boolean =>
  wants(wanted, node) && node.operation.phase === "run";

/** It was placed there for a time of its own, which others have kept free for it. */
const stands = (node: NodeState, wanted: Reservation): boolean =>
  !wanted.asap && wanted.placed.includes(node.id);

export function choose(
  candidates: readonly NodeState[],
  wanted: Reservation,
  count: number,
): readonly NodeState[] {
  return candidates
    .filter((node) => suits(node, wanted))
    .toSorted(
      (a, b) =>
        Number(wanted.prefer.includes(b.id)) - Number(wanted.prefer.includes(a.id)) ||
        Number(stands(b, wanted)) - Number(stands(a, wanted)) ||
        Number(has(b, wanted)) - Number(has(a, wanted)) ||
        a.lastUsedAt - b.lastUsedAt ||
        (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
    )
    .slice(0, count);
}

/** The claimed node; due at once, so that a lost wake costs at most one watchdog tick. */
export function claim(node: NodeState, reservation: ReservationId, now: Instant): NodeState {
  const reserved = transition(node, { state: "reserved", reservation, job: null }, now);
  return { ...reserved, version: node.version + 1, correctiveReboots: 0, due: now };
}
