/**
 * Who has a node when. A node's booked time lies in one calendar per period of 28 days, with bookings that are sorted and
 * never overlap; it is written on its version, so that a double booking cannot be expressed (design §3). Lead and turnaround
 * are part of a booking: the node is being made ready for it, and taken back after it. Pure.
 */
import type { NodeId, ReservationId } from "../ids.ts";
import type { Instant } from "../time.ts";

export interface Span {
  readonly from: Instant;
  /** Not included: who comes next may begin then. */
  readonly to: Instant;
}

export interface Booking extends Span {
  readonly reservation: ReservationId;
}

export interface Calendar {
  readonly node: NodeId;
  readonly period: number;
  /** 0: not stored yet. */
  readonly version: number;
  readonly bookings: readonly Booking[];
}

const periodMs = 28 * 24 * 3_600_000;

/** The periods that a span touches. */
export function periodsOf({ from, to }: Span): readonly number[] {
  const first = Math.floor(from / periodMs);
  const last = Math.floor(Math.max(from, to - 1) / periodMs);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

export const emptyCalendar = (node: NodeId, period: number): Calendar => ({
  node,
  period,
  version: 0,
  bookings: [],
});

export const overlap = (a: Span, b: Span): boolean => a.from < b.to && b.from < a.to;

/** What is in the way of a span, if anything. A reservation is not in its own way. */
export function obstacle(
  calendars: readonly Calendar[],
  span: Span,
  own: ReservationId | null,
): Booking | null {
  for (const { bookings } of calendars) {
    const found = bookings.find((each) => each.reservation !== own && overlap(each, span));
    if (found !== undefined) return found;
  }
  return null;
}

/**
 * The calendars with the booking in them, to be written each on its version, together; null: something is in the way. A
 * booking that the same reservation has already is replaced. What is long over is dropped.
 */
export function booked(
  calendars: readonly Calendar[],
  booking: Booking,
  now: Instant,
): readonly Calendar[] | null {
  if (booking.to <= booking.from || obstacle(calendars, booking, booking.reservation) !== null) return null;
  const periods = new Set(periodsOf(booking));
  return calendars.flatMap((calendar) => {
    const others = calendar.bookings.filter(
      (each) => each.reservation !== booking.reservation && each.to > now,
    );
    if (periods.has(calendar.period)) return [written(calendar, sorted([...others, booking]))];
    const had = calendar.bookings.some((each) => each.reservation === booking.reservation);
    return had ? [written(calendar, others)] : [];
  });
}

/**
 * A calendar without what reservations have given back: nothing of one that is over, and of one whose nodes are being taken
 * back only the time that this takes. They need not tidy up after themselves.
 */
export const withoutEnded = (calendar: Calendar, ended: ReadonlyMap<ReservationId, Instant>): Calendar => ({
  ...calendar,
  bookings: calendar.bookings.flatMap((each) => {
    const until = ended.get(each.reservation);
    if (until === undefined || until >= each.to) return [each];
    return until > each.from ? [{ ...each, to: until }] : [];
  }),
});

/** The calendars that held something of the reservation, without it. */
export const unbooked = (calendars: readonly Calendar[], reservation: ReservationId): readonly Calendar[] =>
  calendars.flatMap((calendar) => {
    const others = calendar.bookings.filter((each) => each.reservation !== reservation);
    return others.length < calendar.bookings.length ? [written(calendar, others)] : [];
  });

const written = (calendar: Calendar, bookings: readonly Booking[]): Calendar => ({
  ...calendar,
  version: calendar.version + 1,
  bookings,
});

const sorted = (bookings: readonly Booking[]): readonly Booking[] =>
  bookings.toSorted((a, b) => a.from - b.from);

/** The times between `from` and `to` in which a node has nothing booked, in order. */
export function gaps(calendars: readonly Calendar[], { from, to }: Span): readonly Span[] {
  const taken = calendars
    .flatMap(({ bookings }) => bookings)
    .filter((each) => overlap(each, { from, to }))
    .toSorted((a, b) => a.from - b.from);
  const free: Span[] = [];
  let at = from;
  for (const each of taken) {
    if (each.from > at) free.push({ from: at, to: each.from });
    if (each.to > at) at = each.to;
  }
  if (at < to) free.push({ from: at, to });
  return free;
}
