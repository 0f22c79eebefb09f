/**
 * What becomes of a reservation, from its own state and that of its nodes. Pure, and harmless to ask twice. A reservation
 * never waits for a message from its nodes: it looks at them.
 */

import { type Calendar, obstacle } from "../calendar/calendar.ts";
import { configurationFault, type Fault } from "../fault.ts";
import { type Actor, type NodeState, reservationOf } from "../node/node.ts";
import { choose, claim } from "../scheduling/allocate.ts";
import { type Instant, instant, spanText } from "../time.ts";
import { absence, warnAt } from "./attendance.ts";
import {
  type Claim,
  commit,
  lookAgainLater,
  type ReservationContext,
  type ReservationDecision,
  type ReservationEvent,
} from "./decision.ts";
import { assigned, partOf } from "./parts.ts";
import { begunAt, bookings, isUnbooked, type Placed, place, preparesAt, spanFrom } from "./placing.ts";
import type { Reservation } from "./reservation.ts";

export function decideReservation(
  reservation: Reservation,
  event: ReservationEvent,
  context: ReservationContext,
): ReservationDecision {
  if (reservation.state === "complete" || reservation.state === "failed") return { kind: "nothing" };
  if (reservation.state === "reclaim") return finish(reservation, event, context);
  if (event.kind === "extend") return extend(reservation, event, context);
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
  // One that still waits gets its whole time when it is served.
  const waits = reservation.asap && reservation.nodes.length === 0;
  if (now < reservation.end || waits) return null;
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

/** Only into time that nobody else has been promised. */
function extend(
  reservation: Reservation,
  { end: until, actor }: Extract<ReservationEvent, { kind: "extend" }>,
  context: ReservationContext,
): ReservationDecision {
  const { calendars, policy, now } = context;
  if (until === reservation.end) return { kind: "nothing" };
  if (until < reservation.end) {
    const fault = configurationFault("earlier-end", "an extension ends later than before: end it instead");
    return { kind: "refused", fault };
  }
  const longer: Reservation = { ...reservation, end: until };
  const nodes = reservation.nodes.length > 0 ? reservation.nodes : reservation.placed;
  const from = instant(Math.min(preparesAt(reservation), now));
  const writes = bookings(longer, nodes, spanFrom(from, longer, policy), calendars, now);
  if (writes === null) {
    const inTheWay = nodes.filter((id) => {
      const span = spanFrom(now, longer, policy);
      return obstacle(calendars.get(id) ?? [], span, reservation.id) !== null;
    });
    const message = `${inTheWay.join(", ")} ${inTheWay.length === 1 ? "is" : "are"} promised to others by then`;
    return { kind: "refused", fault: configurationFault("time-taken", message) };
  }
  const why = `extended by ${spanText(until - reservation.end)}`;
  return commit({ ...longer, placed: nodes }, reservation, reservation.state, actor, context, why, {
    calendars: writes,
    notice: "extended",
  });
}

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
  const { now } = context;
  const first = before.nodes.length === 0;
  const early = now < preparesAt(current);
  if (first && early && !current.asap) return findPlace(current, before, event, context);
  // Whoever waited gets the whole time from now on, if nobody has been promised the end of it; else the time that he was promised.
  const fresh = first && current.asap ? choosing(begunAt(current, now), before, missing, context) : null;
  const chosen = fitting(fresh) ?? (early ? fresh : (choosing(current, before, missing, context) ?? fresh));
  if (chosen === null) {
    if (why.length > 0)
      return commit(current, before, before.state, event.actor, context, why.join("; "), {});
    return findPlace(current, before, event, context);
  }
  const { begun, writes } = chosen;
  // Its calendars alone are too much for one transaction.
  if (writes.length > mostWrites) return findPlace(current, before, event, context);
  // They are written already, and its nodes are too many to be claimed at once: some now, the others in the next looks.
  const some = writes.length === 0 && 2 * chosen.nodes.length > mostWrites;
  const nodes = some ? chosen.nodes.slice(0, mostWrites / 2) : chosen.nodes;
  const names = nodes.map(({ id }) => id);
  const placed = some ? before.placed : [...current.nodes, ...names];
  // Too much for one transaction: the calendars first, so that nobody else can have them; the nodes in the next look.
  if (!some && fitting(chosen) === null) {
    const text = `placed on ${names.join(", ")}`;
    const booking: Reservation = { ...begun, placed };
    return commit(booking, before, before.state, event.actor, context, text, { calendars: writes });
  }
  const own = { ...begun, nodes: [...current.nodes, ...names], placed };
  const reservation: Reservation = { ...own, roleOf: assigned(current, nodes) };
  const claims = nodes.map((node) => claimOf(node, reservation, event.actor, now));
  const text = [...why, `claimed ${names.join(", ")}`].join("; ");
  return commit(reservation, before, "loading", event.actor, context, text, {
    claims,
    calendars: writes,
    tell: names,
  });
}

interface Chosen {
  readonly begun: Reservation;
  readonly nodes: readonly NodeState[];
  /** What has to be written so that it stands in their calendars. */
  readonly writes: readonly Calendar[];
}

/** In one transaction with the claims. */
const fitting = (chosen: Chosen | null): Chosen | null =>
  chosen !== null && 2 * chosen.nodes.length + chosen.writes.length <= mostWrites ? chosen : null;

/** The free nodes that it can have from now to its end; null: not enough. All or nothing, but for one that lost a node. */
function choosing(
  begun: Reservation,
  before: Reservation,
  missing: number,
  { candidates, behindOthers, calendars, policy, now }: ReservationContext,
): Chosen | null {
  const span = spanFrom(now, begun, policy);
  const unbooked = candidates.filter((node) => isUnbooked(node, span, begun, calendars));
  // Where it stands already nothing has to be written.
  const standing = unbooked.filter(({ id }) => before.placed.includes(id));
  const among = standing.length >= missing && begun.end === before.end ? standing : unbooked;
  const nodes = behindOthers ? [] : choose(among, begun, missing);
  const enough = nodes.length === missing || (before.nodes.length > 0 && nodes.length > 0);
  if (!enough) return null;
  const all = [...begun.nodes, ...nodes.map(({ id }) => id)];
  const writes = bookings(begun, all, span, calendars, now);
  return writes === null ? null : { begun, nodes, writes };
}

/** Beside the reservation and its timeline entry, in a transaction of a hundred. */
const mostWrites = 96;

function findPlace(
  current: Reservation,
  before: Reservation,
  event: ReservationEvent,
  context: ReservationContext,
): ReservationDecision {
  const { everyone, calendars, policy, now } = context;
  // Whoever came first is placed first.
  const waits = before.nodes.length > 0 || (current.asap && context.behindOthers);
  const found = waits ? null : place(current, everyone, calendars, policy, now);
  // Its time is fixed: who can be promised nothing is to know it now, and may ask for another time.
  if (found === null && !current.asap && current.placed.length === 0) {
    const message = `fewer than ${current.count} nodes of class ${current.class} are free for the whole time`;
    const fault = configurationFault("no-capacity", message);
    return end(before, event.actor, context, "failed", fault, message);
  }
  if (found === null && current.asap && !before.passed && !context.behindOthers && everyone.length > 0) {
    const passed = { ...current, passed: true };
    const why = "it waits: so many nodes for so long can be promised to nobody now";
    return commit(passed, before, before.state, event.actor, context, why, {});
  }
  if (found === null) return lookAgainLater(before, context, []);
  if (found.calendars.length > mostWrites) return holdSome(found, before, event, context);
  const { reservation } = found;
  const when = reservation.start > now ? `in ${spanText(reservation.start - now)}` : "now";
  const why = `placed on ${reservation.placed.join(", ")}, ${when}`;
  return commit(reservation, before, before.state, event.actor, context, why, { calendars: found.calendars });
}

/**
 * A large set is booked some nodes at a time. What is booked so far is nobody else's, and no promise yet: it is placed when
 * all of it is, by one write of the reservation; if it never is, the bookings are void with it.
 */
function holdSome(
  { reservation, calendars }: Placed,
  before: Reservation,
  event: ReservationEvent,
  context: ReservationContext,
): ReservationDecision {
  const last = calendars[mostWrites - 1]?.node;
  const behind = calendars[mostWrites]?.node;
  // A node's calendars are written together.
  const fit = calendars.slice(0, mostWrites).filter(({ node }) => node !== behind || node !== last);
  const left = new Set(calendars.slice(fit.length).map(({ node }) => node));
  const given = before.placed.filter((node) => !reservation.placed.includes(node) && left.has(node));
  const held = [...reservation.placed.filter((node) => !left.has(node)), ...given];
  const why = `holds ${held.length} of ${reservation.count} nodes`;
  return commit({ ...reservation, placed: held }, before, before.state, event.actor, context, why, {
    calendars: fit,
  });
}

function claimOf(node: NodeState, reservation: Reservation, actor: Actor, now: Instant): Claim {
  const claimed = claim(node, reservation.id, now);
  const has = node.disk.revision === partOf(reservation, node.id).revision;
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

/** It is handed over: who logs in, who never does, and who is to be warned that the end is near. */
function attend(
  reservation: Reservation,
  event: ReservationEvent,
  context: ReservationContext,
): ReservationDecision {
  const { policy, now } = context;
  const entered = mine(reservation, context).find(({ disk }) => disk.taint?.loggedInAt != null);
  if (reservation.state === "reserved" && entered !== undefined) {
    const why = `${entered.disk.taint?.user ?? "somebody"} logged in on ${entered.id}`;
    return commit(reservation, reservation, "in-use", event.actor, context, why, {});
  }
  const absent = absence(reservation, policy, now);
  if (absent !== null) return end(reservation, event.actor, context, "complete", absent, absent.message);
  const warn = warnAt(reservation, policy);
  if (warn === null || now < warn) return { kind: "nothing" };
  const warned: Reservation = { ...reservation, warnedOf: reservation.end };
  const why = `ends in ${spanText(reservation.end - now)}`;
  return commit(warned, reservation, reservation.state, event.actor, context, why, { notice: "ending-soon" });
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
