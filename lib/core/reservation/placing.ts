/**
 * Where a reservation stands in the calendars of nodes: from when it waits until it is over. One that can have nodes now
 * takes them; any other is placed where it can have them soonest, so that it knows when, and so that nobody who comes later
 * takes its time: others fill the gaps before it. Pure.
 */
import { booked, type Calendar, obstacle, type Span, unbooked } from "../calendar/calendar.ts";
import { type Candidate, type Placement, placeAt, placeSoonest, type Wish } from "../calendar/place.ts";
import type { Policy } from "../correction/policy.ts";
import { branded, isReservationId, type NodeId } from "../ids.ts";
import type { NodeState } from "../node/node.ts";
import { matches, type Wanted } from "../scheduling/allocate.ts";
import { after, type Instant, instant, type Ms } from "../time.ts";
import type { Reservation } from "./reservation.ts";

/** By node: what is booked on it, without what was given back. A node that is not in here has nothing booked. */
export type Calendars = ReadonlyMap<NodeId, readonly Calendar[]>;

/** From then on, to the end and the time that taking back takes. */
export const spanFrom = (
  from: Instant,
  { end }: Pick<Reservation, "end">,
  { reservation }: Policy,
): Span => ({
  from,
  to: after(end, reservation.turnaroundMs),
});

/** Its nodes are made ready from then on. */
export const preparesAt = ({
  start,
  leadMs,
  asap,
}: Pick<Reservation, "start" | "leadMs" | "asap">): Instant =>
  asap ? start : instant(Math.max(1, start - leadMs));

/** It has its whole time from now on. */
export const begunAt = (reservation: Reservation, now: Instant): Reservation => ({
  ...reservation,
  start: now,
  end: after(now, reservation.end - reservation.start),
});

export const isUnbooked = (node: NodeState, span: Span, { id }: Reservation, calendars: Calendars): boolean =>
  obstacle(calendars.get(node.id) ?? [], span, id) === null;

/** What has to be written so that it stands on these nodes, and on no other; null: something is in the way. */
export function bookings(
  { id, placed }: Reservation,
  nodes: readonly NodeId[],
  span: Span,
  calendars: Calendars,
  now: Instant,
): readonly Calendar[] | null {
  const writes: Calendar[] = [];
  for (const node of nodes) {
    const own = calendars.get(node) ?? [];
    const stands = own.some(({ bookings: all }) =>
      all.some((each) => each.reservation === id && each.from <= span.from && each.to === span.to),
    );
    if (stands) continue;
    const made = booked(own, { ...span, reservation: id }, now);
    if (made === null) return null;
    writes.push(...made);
  }
  for (const node of placed)
    if (!nodes.includes(node)) writes.push(...unbooked(calendars.get(node) ?? [], id));
  return writes;
}

/** A node that may serve it then, whatever it is doing now. */
export const mayServe = (node: NodeState, wanted: Wanted): boolean =>
  matches(node, wanted) &&
  node.administrative.state === "online" &&
  node.openIssues.length === 0 &&
  node.upkeep === null &&
  node.provision.state !== "quarantined" &&
  node.provision.state !== "maintenance" &&
  node.provision.state !== "retired" &&
  node.provision.state !== "enrolled" &&
  node.provision.state !== "unidentified";

/** Its place has to be found, or found anew: it has none, a node of it is lost, or its time has come and they are not free. */
export function needsPlace(reservation: Reservation, nodes: readonly NodeState[], now: Instant): boolean {
  const { placed, count, asap, start } = reservation;
  if (placed.length < count) return true;
  if (asap && now >= start) return true;
  const usable = nodes.filter((node) => placed.includes(node.id) && mayServe(node, reservation));
  return usable.length < placed.length;
}

export interface Placed {
  readonly reservation: Reservation;
  readonly calendars: readonly Calendar[];
}

/** Its place among these nodes, to be written; null: there is none, or it is the one that it has. */
export function place(
  reservation: Reservation,
  everyone: readonly NodeState[],
  calendars: Calendars,
  policy: Policy,
  now: Instant,
): Placed | null {
  const { id, count, start, end, asap, prefer } = reservation;
  const { turnaroundMs, longestWaitMs } = policy.reservation;
  const candidates = everyone
    .filter((node) => mayServe(node, reservation))
    .map((node): Candidate => {
      const others = (calendars.get(node.id) ?? []).map((calendar) => ({
        ...calendar,
        bookings: calendar.bookings.filter((each) => each.reservation !== id),
      }));
      return {
        node: node.id,
        // Where it stands already nothing has to be written.
        rank: reservation.placed.includes(node.id) ? 0 : prefer.includes(node.id) ? 1 : 2,
        calendars: [...others, ...untilFree(node, turnaroundMs, now)],
      };
    });
  const wish: Wish = { count, lengthMs: end - start, leadMs: 0, turnaroundMs };
  // One of which some nodes are held already goes on with the time for which it holds them.
  const holds = reservation.placed.length > 0 && reservation.placed.length < count;
  const atItsTime = !asap || holds ? fixed(candidates, reservation, policy, now) : null;
  const soonest = (): Placement | null =>
    asap ? placeSoonest(candidates, wish, { from: now, to: after(now, longestWaitMs) }) : null;
  const found = atItsTime ?? soonest();
  if (found === null) return null;
  const same =
    found.start === start &&
    found.nodes.length === reservation.placed.length &&
    found.nodes.every((node) => reservation.placed.includes(node));
  if (same) return null;
  const moved = asap ? begunAt(reservation, found.start) : reservation;
  const span = spanFrom(instant(Math.max(now, preparesAt(moved))), moved, policy);
  const writes = bookings(reservation, found.nodes, span, calendars, now);
  const readyBy = after(moved.start, policy.reservation.readyWithinMs);
  return writes === null
    ? null
    : { reservation: { ...moved, placed: found.nodes, passed: false, readyBy }, calendars: writes };
}

function fixed(candidates: readonly Candidate[], reservation: Reservation, policy: Policy, now: Instant) {
  const from = instant(Math.max(now, preparesAt(reservation)));
  const nodes = placeAt(candidates, reservation.count, spanFrom(from, reservation, policy));
  return nodes === null ? null : { nodes, start: reservation.start };
}

/** What is being loaded, inspected or taken back is not free at once, whether anybody has booked it or not. */
export function untilFree(
  { id: node, provision }: NodeState,
  turnaroundMs: Ms,
  now: Instant,
): readonly Calendar[] {
  if (provision.state === "available") return [];
  const busy = { from: now, to: after(now, turnaroundMs), reservation: nobody };
  return [{ node, period: 0, version: 0, bookings: [busy] }];
}

const nobody = branded(isReservationId, "nobody");
