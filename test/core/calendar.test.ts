/** The calendar: a double booking cannot be expressed. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Booking,
  booked,
  type Calendar,
  emptyCalendar,
  gaps,
  overlap,
  periodsOf,
  type Span,
  unbooked,
  withoutEnded,
} from "../../lib/core/calendar/calendar.ts";
import { type Candidate, placeAt, placeSoonest, spanOf } from "../../lib/core/calendar/place.ts";
import { branded, isNodeId, isReservationId, type NodeId } from "../../lib/core/ids.ts";
import { type Instant, instant } from "../../lib/core/time.ts";

const hour = 3_600_000;
const day = 24 * hour;
const now = instant(1_700_000_000_000);
const node = branded(isNodeId, "node-01");
const reservation = (number: number) => branded(isReservationId, `res-${number}`);
const at = (hours: number): Instant => instant(now + hours * hour);
const span = (from: number, to: number): Span => ({ from: at(from), to: at(to) });
const booking = (number: number, from: number, to: number): Booking => ({
  ...span(from, to),
  reservation: reservation(number),
});

/** As the table would keep them. */
class Book {
  readonly kept = new Map<number, Calendar>();
  of(spans: readonly Span[]): readonly Calendar[] {
    const periods = new Set(spans.flatMap(periodsOf));
    for (const each of this.kept.keys()) periods.add(each);
    return [...periods].map((period) => this.kept.get(period) ?? emptyCalendar(node, period));
  }
  write(calendars: readonly Calendar[] | null): boolean {
    for (const each of calendars ?? []) {
      expect(each.version).toBe((this.kept.get(each.period)?.version ?? 0) + 1);
      this.kept.set(each.period, each);
    }
    return calendars !== null;
  }
  book(each: Booking): boolean {
    return this.write(booked(this.of([each]), each, now));
  }
  get all(): readonly Booking[] {
    const seen = new Map<string, Booking>();
    for (const { bookings } of this.kept.values())
      for (const each of bookings) seen.set(each.reservation, each);
    return [...seen.values()];
  }
}

describe("a node's calendar", () => {
  test("takes a booking where nothing is in the way, and refuses it where something is", () => {
    const book = new Book();
    expect(book.book(booking(1, 1, 3))).toBe(true);
    expect(book.book(booking(2, 2, 4))).toBe(false);
    expect(book.book(booking(2, 3, 4))).toBe(true);
    expect(book.book(booking(3, 0, 1))).toBe(true);
    expect(book.book(booking(4, 0, 10))).toBe(false);
    expect(book.all.map(({ reservation: id }) => id).toSorted()).toEqual(["res-1", "res-2", "res-3"]);
  });

  test("a reservation that changes its time replaces its booking, across periods too", () => {
    const book = new Book();
    book.book(booking(1, 1, 3));
    book.book(booking(2, 5, 6));
    expect(book.book(booking(1, 1, 5))).toBe(true);
    expect(book.book(booking(1, 1, 5.5))).toBe(false);
    expect(book.book(booking(1, 40 * 24, 41 * 24))).toBe(true);
    expect(book.all).toHaveLength(2);
    expect(book.book(booking(3, 1, 5))).toBe(true);
  });

  test("a booking that lasts over a period's end is in both, and comes out of both", () => {
    const book = new Book();
    const long = booking(1, 0, 60 * 24);
    expect(periodsOf(long).length).toBeGreaterThanOrEqual(3);
    book.book(long);
    expect(book.book(booking(2, 45 * 24, 46 * 24))).toBe(false);
    book.write(unbooked(book.of([long]), reservation(1)));
    expect(book.all).toEqual([]);
    expect(book.book(booking(2, 45 * 24, 46 * 24))).toBe(true);
  });

  test("what a reservation has given back is in nobody's way; while its nodes are taken back, only that long", () => {
    const book = new Book();
    book.book(booking(1, 1, 5));
    book.book(booking(2, 5, 9));
    const [calendar] = book.of([span(1, 2)]);
    if (calendar === undefined) throw new Error("no calendar");
    const ended = new Map([
      [reservation(1), at(2)],
      [reservation(2), instant(1)],
    ]);
    expect(withoutEnded(calendar, ended).bookings).toEqual([booking(1, 1, 2)]);
    expect(withoutEnded(calendar, new Map()).bookings).toEqual(calendar.bookings);
  });

  test("whatever is asked in whatever order, no two bookings overlap, and what was refused had something in its way", () => {
    const asked = fc.record({
      number: fc.nat({ max: 12 }),
      from: fc.integer({ min: 0, max: 90 * 24 }),
      length: fc.integer({ min: 1, max: 30 * 24 }),
      cancels: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(asked, { maxLength: 40 }), (all) => {
        const book = new Book();
        for (const { number, from, length, cancels } of all) {
          const wanted = booking(number, from, from + length);
          if (cancels) {
            book.write(unbooked(book.of([]), reservation(number)));
            continue;
          }
          const before = book.all.filter(({ reservation: id }) => id !== wanted.reservation);
          const free = !before.some((each) => overlap(each, wanted));
          expect(book.book(wanted)).toBe(free);
        }
        const kept = book.all;
        for (const one of kept)
          for (const other of kept) if (one !== other) expect(overlap(one, other)).toBe(false);
        for (const { period, bookings } of book.kept.values())
          for (const each of bookings) expect(periodsOf(each)).toContain(period);
      }),
      { numRuns: 500 },
    );
  });

  test("its gaps and its bookings are all of the time, once", () => {
    const book = new Book();
    for (const [from, to] of [
      [1, 3],
      [3, 4],
      [8, 20],
    ] as const)
      book.book(booking(from, from, to));
    expect(gaps(book.of([]), span(0, 24))).toEqual([span(0, 1), span(4, 8), span(20, 24)]);
    expect(gaps(book.of([]), span(2, 3))).toEqual([]);
    expect(gaps([], span(0, 2))).toEqual([span(0, 2)]);
  });
});

describe("where a reservation goes", () => {
  const named = (index: number): NodeId => branded(isNodeId, `node-${String(index).padStart(2, "0")}`);
  const candidate = (index: number, ...spans: readonly (readonly [number, number])[]): Candidate => ({
    node: named(index),
    rank: 0,
    calendars: periodsOf(span(0, 40 * 24)).map((period) => ({
      node: named(index),
      period,
      version: 1,
      bookings: spans
        .map(([from, to], number) => booking(100 * index + number, from, to))
        .filter((each) => periodsOf(each).includes(period)),
    })),
  });
  const wish = { count: 1, lengthMs: 2 * hour, leadMs: 0, turnaroundMs: 0 };

  test("into the gap that it fills best, so that long ones stay whole", () => {
    const tight = candidate(2, [0, 1], [3, 9]);
    const wide = candidate(1);
    expect(placeAt([wide, tight], 1, span(1, 3))).toEqual([named(2)]);
    expect(placeAt([wide, tight], 2, span(1, 3))).toEqual([named(2), named(1)]);
    expect(placeAt([wide, tight], 2, span(1, 4))).toBeNull();
  });

  test("what was asked for by name, or has the image, comes before what fits best", () => {
    const tight = { ...candidate(2, [0, 1], [3, 9]), rank: 1 };
    expect(placeAt([candidate(1), tight], 1, span(1, 3))).toEqual([named(1)]);
  });

  test("soonest: when there is enough for the whole time, lead and turnaround included", () => {
    const all = [candidate(1, [0, 4]), candidate(2, [0, 6]), candidate(3, [5, 30])];
    const window = span(0, 100);
    expect(placeSoonest(all, wish, window)).toEqual({ nodes: [named(3)], start: at(0) });
    expect(placeSoonest(all, { ...wish, count: 2 }, window)?.start).toBe(at(6));
    expect(placeSoonest(all, { ...wish, count: 3 }, window)?.start).toBe(at(30));
    expect(placeSoonest(all, { ...wish, count: 4 }, window)).toBeNull();
    const careful = { ...wish, count: 2, leadMs: hour, turnaroundMs: hour };
    expect(placeSoonest(all, careful, window)?.start).toBe(at(7));
    expect(placeSoonest(all, { ...wish, count: 2 }, span(0, 3))).toBeNull();
  });

  test("no earlier start was possible, whatever is booked", () => {
    const bookings = fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 20 })), {
      maxLength: 5,
    });
    fc.assert(
      fc.property(
        fc.array(bookings, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 3 }),
        (nodes, count) => {
          const all = nodes.map((spans, index) => {
            const taken: (readonly [number, number])[] = [];
            for (const [from, length] of spans)
              if (taken.every(([a, b]) => from + length <= a || b <= from)) taken.push([from, from + length]);
            return candidate(index, ...taken);
          });
          const asked = { ...wish, count, leadMs: hour };
          const found = placeSoonest(all, asked, { from: at(0), to: instant(now + 10 * day) });
          const possible = (start: number) => placeAt(all, count, spanOf(at(start), asked)) !== null;
          const first = Array.from({ length: 200 }, (_, start) => start).find(possible);
          expect(found?.start).toBe(first === undefined ? undefined : at(first));
          if (found !== null) expect(new Set(found.nodes).size).toBe(count);
        },
      ),
      { numRuns: 300 },
    );
  });
});
