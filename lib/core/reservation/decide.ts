/**
 * What becomes of a reservation, from its own state and that of its nodes. Pure, and harmless to ask twice. A reservation
 * never waits for a message from its nodes: it looks at them.
 */

import { obstacle } from "../calendar/calendar.ts";
import { configurationFault, type Fault } from "../fault.ts";
import type { NodeState } from "../node/node.ts";
import { type Instant, instant, spanText } from "../time.ts";
import { absence, warnAt } from "./attendance.ts";
import { claimMore } from "./claiming.ts";
import {
  commit,
  lookAgainLater,
  type ReservationContext,
  type ReservationDecision,
  type ReservationEvent,
} from "./decision.ts";
import { end, mine, rebootsOf } from "./ending.ts";
import { isIntroduced, isSame, membersOf } from "./members.ts";
import { bookings, preparesAt, spanFrom } from "./placing.ts";
import { type Reservation, wishText } from "./reservation.ts";

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
        ? `only ${held} of ${reservation.count} nodes of ${wishText(reservation)} could be had in time`
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

/** A node that was released because of a fault that is not its own: another node would fail likewise. */
function blameless(reservation: Reservation, { nodes }: ReservationContext): Fault | null {
  for (const { lastJob } of nodes) {
    const failed = lastJob?.reservation === reservation.id && lastJob.outcome === "failed";
    if (failed && lastJob.fault !== null && lastJob.fault.class !== "node") return lastJob.fault;
  }
  return null;
}

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
    const members = membersOf(current, held);
    if (!isSame(members, current.members)) {
      const told: Reservation = { ...current, members, membersAt: reservation.version + 1 };
      const text = [...why, "its nodes are told of each other"].join("; ");
      return commit(told, reservation, "loading", event.actor, context, text, { tell: current.nodes });
    }
    const untold = held.filter((node) => !isIntroduced(current, node));
    if (current.membersAt !== null && untold.length > 0) return lookAgainLater(reservation, context, untold);
    const ready: Reservation = {
      ...current,
      readyAt: context.now,
      correctiveReboots: current.correctiveReboots + rebootsOf(held, reservation),
    };
    const spent = spanText(context.now - reservation.createdAt);
    const said = `all its nodes are ready, after ${spent}`;
    const handedOver = commit(ready, reservation, "reserved", event.actor, context, said, {});
    // Its user may be in before the agent's word that he may: nobody will tell of that once more, so it is looked at again.
    return held.some(hasUser) && handedOver.kind === "commit"
      ? { ...handedOver, reservation: { ...handedOver.reservation, due: context.now } }
      : handedOver;
  }
  if (lost.length > 0)
    return commit(current, reservation, "loading", event.actor, context, why.join("; "), {});
  return lookAgainLater(reservation, context, held.filter(isLate(context.now)));
}

const hasUser = ({ disk }: NodeState): boolean => disk.taint?.loggedInAt != null;

const isLate =
  (now: Instant) =>
  ({ due }: NodeState): boolean =>
    due !== null && due <= now;

/** It is handed over: who logs in, who never does, and who is to be warned that the end is near. */
function attend(
  reservation: Reservation,
  event: ReservationEvent,
  context: ReservationContext,
): ReservationDecision {
  const { policy, now } = context;
  const entered = mine(reservation, context).find(hasUser);
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
