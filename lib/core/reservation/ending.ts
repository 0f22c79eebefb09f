/** How a reservation ends, whoever or whatever ends it: its nodes are told, and its cause is kept. */
import type { Fault } from "../fault.ts";
import { type Actor, type NodeState, reservationOf } from "../node/node.ts";
import { commit, type ReservationContext, type ReservationDecision } from "./decision.ts";
import type { Reservation } from "./reservation.ts";

/** Its nodes that say so themselves. */
export const mine = (reservation: Reservation, { nodes }: ReservationContext): readonly NodeState[] =>
  nodes.filter((node) => reservationOf(node) === reservation.id);

export function end(
  reservation: Reservation,
  actor: Actor,
  context: ReservationContext,
  outcome: "complete" | "failed",
  cause: Fault | null,
  why: string,
): ReservationDecision {
  const held = mine(reservation, context);
  const over: Reservation = {
    ...reservation,
    outcome,
    cause,
    endedAt: context.now,
    nodes: held.map(({ id }) => id),
    correctiveReboots: reservation.correctiveReboots + rebootsOf(context.nodes, reservation),
  };
  const state = held.length > 0 ? "reclaim" : outcome;
  const tell = held.map(({ id }) => id);
  return commit(over, reservation, state, actor, context, why, { tell });
}

/** Counted when a node is lost or handed over: a node's own counter starts anew with its next claim. */
export const rebootsOf = (nodes: readonly NodeState[], { id, state, nodes: ids }: Reservation): number =>
  state === "reserved" || state === "in-use"
    ? 0
    : nodes
        .filter(
          (node) => ids.includes(node.id) && (reservationOf(node) === id || node.lastJob?.reservation === id),
        )
        .reduce((sum, node) => sum + node.correctiveReboots, 0);
