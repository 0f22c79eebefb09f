/** Which nodes a reservation gets: free ones now, a place in their calendars, or the line. All of them, or none. */
import type { Calendar } from "../calendar/calendar.ts";
import { configurationFault } from "../fault.ts";
import type { Actor, NodeState } from "../node/node.ts";
import { choose, claim } from "../scheduling/allocate.ts";
import { type Instant, spanText } from "../time.ts";
import {
  type Claim,
  commit,
  lookAgainLater,
  type ReservationContext,
  type ReservationDecision,
  type ReservationEvent,
} from "./decision.ts";
import { end } from "./ending.ts";
import { assigned, partOf } from "./parts.ts";
import { begunAt, bookings, isUnbooked, type Placed, place, preparesAt, spanFrom } from "./placing.ts";
import { type Reservation, wishText } from "./reservation.ts";

export function claimMore(
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
    const message = `fewer than ${current.count} nodes of ${wishText(current)} are free for the whole time`;
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
