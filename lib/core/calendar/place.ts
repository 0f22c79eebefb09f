/**
 * Where a reservation goes: which nodes, from when on. It takes the nodes whose free time it fills best, so that long gaps
 * stay whole for those who need them; and where nothing is free now, the earliest time at which there is enough. Pure.
 */
import type { NodeId } from "../ids.ts";
import { after, type Instant, instant, type Ms } from "../time.ts";
import { type Calendar, gaps, overlap, type Span } from "./calendar.ts";

export interface Candidate {
  readonly node: NodeId;
  readonly calendars: readonly Calendar[];
  /** Lower is taken first, among those that fit equally well: the image is on it, it was asked for, it is least used. */
  readonly rank: number;
}

export interface Placement {
  readonly nodes: readonly NodeId[];
  /** When the user gets them. */
  readonly start: Instant;
}

export interface Wish {
  readonly count: number;
  readonly lengthMs: Ms;
  /** Before the start: the nodes are being made ready. */
  readonly leadMs: Ms;
  /** After the end: they are taken back. */
  readonly turnaroundMs: Ms;
}

/** What is booked on every node of a reservation that starts then. */
export const spanOf = (start: Instant, { lengthMs, leadMs, turnaroundMs }: Wish): Span => ({
  from: instant(Math.max(1, start - leadMs)),
  to: after(start, lengthMs + turnaroundMs),
});

/** The nodes for a span, or null where there are too few. */
export function placeAt(
  candidates: readonly Candidate[],
  count: number,
  span: Span,
): readonly NodeId[] | null {
  const fitting = candidates.flatMap((candidate) => {
    const room = roomAround(candidate.calendars, span);
    return room === null ? [] : [{ ...candidate, room }];
  });
  if (fitting.length < count) return null;
  return fitting
    .toSorted((a, b) => a.rank - b.rank || a.room - b.room || (a.node < b.node ? -1 : 1))
    .slice(0, count)
    .map(({ node }) => node);
}

/** How much free time lies around the span on that node; null: it is not free. */
function roomAround(calendars: readonly Calendar[], span: Span): Ms | null {
  let before = Number.MAX_SAFE_INTEGER;
  let behind = Number.MAX_SAFE_INTEGER;
  for (const { bookings } of calendars) {
    for (const booking of bookings) {
      if (overlap(booking, span)) return null;
      if (booking.to <= span.from) before = Math.min(before, span.from - booking.to);
      else behind = Math.min(behind, booking.from - span.to);
    }
  }
  return Math.min(before, behind);
}

/**
 * The earliest start within the window at which there is enough; null: there is none. Each gap of a node is a span of
 * possible starts; the answer is the first start at which enough of these spans lie over each other.
 */
export function placeSoonest(candidates: readonly Candidate[], wish: Wish, window: Span): Placement | null {
  const { count, lengthMs, leadMs, turnaroundMs } = wish;
  const neededMs = lengthMs + turnaroundMs;
  const from = instant(Math.max(1, window.from - leadMs));
  const to = after(window.to, neededMs);
  const possible = candidates
    .flatMap(({ calendars }) => gaps(calendars, { from, to }))
    .map((gap) => ({ first: Math.max(window.from, gap.from + leadMs), last: gap.to - neededMs }))
    .filter(({ first, last }) => first <= last && first <= window.to)
    .sort((a, b) => a.first - b.first);
  let open: { readonly first: number; readonly last: number }[] = [];
  for (const each of possible) {
    open = [...open.filter(({ last }) => last >= each.first), each];
    if (open.length < count) continue;
    const start = instant(each.first);
    const nodes = placeAt(candidates, count, spanOf(start, wish));
    if (nodes !== null) return { nodes, start };
  }
  return null;
}
