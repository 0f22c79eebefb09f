/**
 * What becomes of a reservation, from its own state and that of its nodes. Pure, and harmless to ask twice. A reservation
 * never waits for a message from its nodes: it looks at them.
 */

import type { Policy } from "../correction/policy.ts";
import { configurationFault, type Fault } from "../fault.ts";
import type { NodeId } from "../ids.ts";
import { type Actor, type NodeState, reservationOf } from "../node/node.ts";
import { choose, claim } from "../scheduling/allocate.ts";
import { after, earliest, type Instant, spanText } from "../time.ts";
import type { TimelineEntry } from "../timeline.ts";
import type { Reservation, ReservationState } from "./reservation.ts";

export type ReservationEvent =
  | { readonly kind: "look"; readonly actor: Actor }
  | { readonly kind: "end"; readonly reason: string; readonly actor: Actor };

export interface ReservationContext {
  /** Its nodes, read strongly; one that has gone elsewhere is in here too. */
  readonly nodes: readonly NodeState[];
  /** Free nodes of its class, read strongly. */
  readonly candidates: readonly NodeState[];
  /** An earlier reservation of the class still waits: it comes first. */
  readonly behindOthers: boolean;
  readonly policy: Policy;
  readonly now: Instant;
}

export interface Claim {
  readonly node: NodeState;
  readonly entry: TimelineEntry;
}

export type ReservationDecision =
  | { readonly kind: "nothing" }
  | {
      readonly kind: "commit";
      readonly reservation: Reservation;
      /** Null where only the next look was put off: that is no transition. */
      readonly entry: TimelineEntry | null;
      readonly claims: readonly Claim[];
      /** To be woken after the commit. */
      readonly tell: readonly NodeId[];
    };

export function decideReservation(
  reservation: Reservation,
  event: ReservationEvent,
  context: ReservationContext,
): ReservationDecision {
  if (reservation.state === "complete" || reservation.state === "failed") return { kind: "nothing" };
  if (reservation.state === "reclaim") return finish(reservation, event, context);
  const ending = endOf(reservation, event, context);
  if (ending !== null) return ending;
  const blamed = blameless(reservation, context);
  if (blamed !== null) {
    return end(reservation, event.actor, context, "failed", blamed, `it cannot be served: ${blamed.message}`);
  }
  switch (reservation.state) {
    case "new":
    case "loading":
      return prepare(reservation, event, context);
    case "reserved":
    case "in-use":
      return attend(reservation, event, context);
  }
}

/** Over by time or by word; a reservation that is not ready in time fails with its reason (R37). */
function endOf(
  reservation: Reservation,
  event: ReservationEvent,
  context: ReservationContext,
): ReservationDecision | null {
  const { now } = context;
  if (event.kind === "end") return end(reservation, event.actor, context, "complete", null, event.reason);
  const readied = reservation.readyAt !== null;
  if (!readied && now >= reservation.readyBy) {
    const held = mine(reservation, context).length;
    const fault = configurationFault(
      held < reservation.count ? "no-nodes-in-time" : "not-ready-in-time",
      held < reservation.count
        ? `only ${held} of ${reservation.count} nodes of class ${reservation.class} could be had in time`
        : `its nodes were not ready within ${spanText(reservation.readyBy - reservation.createdAt)}`,
    );
    return end(reservation, event.actor, context, "failed", fault, fault.message);
  }
  if (now < reservation.end) return null;
  return readied
    ? end(reservation, event.actor, context, "complete", null, "its time is over")
    : end(
        reservation,
        event.actor,
        context,
        "failed",
        configurationFault("ended-unready", "its time was over before its nodes were ready"),
        "its time was over before its nodes were ready",
      );
}

const mine = (reservation: Reservation, { nodes }: ReservationContext): readonly NodeState[] =>
  nodes.filter((node) => reservationOf(node) === reservation.id);

/** A node that was released because of a fault that is not its own: another node would fail likewise. */
function blameless(reservation: Reservation, { nodes }: ReservationContext): Fault | null {
  for (const { lastJob } of nodes) {
    const failed = lastJob?.reservation === reservation.id && lastJob.outcome === "failed";
    if (failed && lastJob.fault !== null && lastJob.fault.class !== "node") return lastJob.fault;
  }
  return null;
}

function end(
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
const rebootsOf = (nodes: readonly NodeState[], { id, state, nodes: ids }: Reservation): number =>
  state === "reserved" || state === "in-use"
    ? 0
    : nodes
        .filter(
          (node) => ids.includes(node.id) && (reservationOf(node) === id || node.lastJob?.reservation === id),
        )
        .reduce((sum, node) => sum + node.correctiveReboots, 0);

function prepare(
  reservation: Reservation,
  event: ReservationEvent,
  context: ReservationContext,
): ReservationDecision {
  const held = mine(reservation, context);
  const lost = context.nodes.filter((node) => !held.includes(node));
  const reboots = rebootsOf(lost, reservation);
  const why = lost.map((node) => `${node.id} was lost: ${node.lastJob?.fault?.message ?? "it was taken"}`);
  const current: Reservation = {
    ...reservation,
    nodes: held.map(({ id }) => id),
    correctiveReboots: reservation.correctiveReboots + reboots,
  };
  const missing = reservation.count - held.length;
  if (missing > 0) return claimMore(current, reservation, missing, why, event, context);
  if (held.every(({ provision }) => provision.state === "in-use")) {
    const ready: Reservation = {
      ...current,
      readyAt: context.now,
      correctiveReboots: current.correctiveReboots + rebootsOf(held, reservation),
    };
    const spent = spanText(context.now - reservation.createdAt);
    return commit(
      ready,
      reservation,
      "reserved",
      event.actor,
      context,
      `all its nodes are ready, after ${spent}`,
      {},
    );
  }
  if (lost.length > 0)
    return commit(current, reservation, "loading", event.actor, context, why.join("; "), {});
  return lookAgainLater(reservation, context, held.filter(isLate(context.now)));
}

const isLate =
  (now: Instant) =>
  ({ due }: NodeState): boolean =>
    due !== null && due <= now;

function claimMore(
  current: Reservation,
  before: Reservation,
  missing: number,
  why: readonly string[],
  event: ReservationEvent,
  context: ReservationContext,
): ReservationDecision {
  const { now, candidates, behindOthers } = context;
  const chosen = behindOthers ? [] : choose(candidates, current, missing);
  // All or nothing at first; a reservation that lost a node takes what it can get.
  const enough = chosen.length === missing || (before.nodes.length > 0 && chosen.length > 0);
  if (!enough) {
    if (why.length > 0)
      return commit(current, before, before.state, event.actor, context, why.join("; "), {});
    return lookAgainLater(before, context, []);
  }
  const reservation: Reservation = { ...current, nodes: [...current.nodes, ...chosen.map(({ id }) => id)] };
  const claims = chosen.map((node) => claimOf(node, reservation, event.actor, now));
  const names = chosen.map(({ id }) => id).join(", ");
  const text = [...why, `claimed ${names}`].join("; ");
  return commit(reservation, before, "loading", event.actor, context, text, {
    claims,
    tell: chosen.map(({ id }) => id),
  });
}

function claimOf(node: NodeState, reservation: Reservation, actor: Actor, now: Instant): Claim {
  const claimed = claim(node, reservation.id, now);
  const has = node.disk.revision === reservation.revision;
  return {
    node: claimed,
    entry: {
      entity: { kind: "node", id: node.id },
      sequence: claimed.version,
      at: now,
      actor,
      from: node.provision.state,
      to: claimed.provision.state,
      phase: claimed.operation.phase,
      why: `claimed for reservation ${reservation.id} of ${reservation.owner}: ${has ? "it has the image already" : "least recently used"}`,
      evidence: null,
      reservation: reservation.id,
      job: null,
      attempt: null,
      command: null,
      correction: null,
      proposed: null,
    },
  };
}

function attend(
  reservation: Reservation,
  event: ReservationEvent,
  context: ReservationContext,
): ReservationDecision {
  const entered = mine(reservation, context).find(({ disk }) => disk.taint?.loggedInAt != null);
  if (reservation.state === "reserved" && entered !== undefined) {
    const why = `${entered.disk.taint?.user ?? "somebody"} logged in on ${entered.id}`;
    return commit(reservation, reservation, "in-use", event.actor, context, why, {});
  }
  return { kind: "nothing" };
}

function finish(
  reservation: Reservation,
  event: ReservationEvent,
  context: ReservationContext,
): ReservationDecision {
  const held = mine(reservation, context);
  if (held.length > 0) {
    // A node that has not begun its reclaim is told again: the first word may have been lost.
    const waiting = held.filter(({ provision, lastJob }) => provision.state === "in-use" || lastJob === null);
    return lookAgainLater(reservation, context, [...waiting, ...held.filter(isLate(context.now))]);
  }
  const kept = context.nodes.filter(({ provision }) => provision.state === "quarantined").map(({ id }) => id);
  const why =
    kept.length === 0
      ? "all its nodes are free again"
      : `its nodes are free again, but for ${kept.join(", ")}`;
  return commit(reservation, reservation, reservation.outcome ?? "complete", event.actor, context, why, {});
}

/** Nothing has changed; if its time to be looked at has come, that time moves on. */
function lookAgainLater(
  reservation: Reservation,
  { now, policy }: ReservationContext,
  tell: readonly NodeState[],
): ReservationDecision {
  if (reservation.due !== null && reservation.due > now) return { kind: "nothing" };
  return {
    kind: "commit",
    reservation: {
      ...reservation,
      version: reservation.version + 1,
      due: dueOf(reservation, policy, now),
    },
    entry: null,
    claims: [],
    tell: tell.map(({ id }) => id),
  };
}

/** A reservation that is handed over waits for its end; any other is looked at now and then, whatever messages get lost. */
export function dueOf(reservation: Reservation, policy: Policy, now: Instant): Instant | null {
  switch (reservation.state) {
    case "complete":
    case "failed":
      return null;
    case "reserved":
    case "in-use":
      return reservation.end;
    case "new":
    case "loading":
      return earliest(after(now, policy.reservation.lookAgainMs), reservation.readyBy, reservation.end);
    case "reclaim":
      return after(now, policy.reservation.lookAgainMs);
  }
}

function commit(
  changed: Reservation,
  before: Reservation,
  state: ReservationState,
  actor: Actor,
  { policy, now }: ReservationContext,
  why: string,
  also: { readonly claims?: readonly Claim[]; readonly tell?: readonly NodeId[] },
): ReservationDecision {
  const moved = state !== before.state;
  const next: Reservation = {
    ...changed,
    version: before.version + 1,
    state,
    last: moved ? before.state : before.last,
    since: moved ? now : before.since,
  };
  return {
    kind: "commit",
    reservation: { ...next, due: dueOf(next, policy, now) },
    entry: {
      entity: { kind: "reservation", id: before.id },
      sequence: next.version,
      at: now,
      actor,
      from: before.state,
      to: state,
      phase: null,
      why,
      evidence: null,
      reservation: before.id,
      job: null,
      attempt: null,
      command: null,
      correction: null,
      proposed: null,
    },
    claims: also.claims ?? [],
    tell: also.tell ?? [],
  };
}
