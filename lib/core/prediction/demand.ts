/**
 * How many nodes with an image people will want at once, from when they wanted them before: by the hour of the week, since
 * people come when they came last week, and by what is in fashion. Bookings for later are no news: they are known. Pure.
 */
import type { Instant, Ms } from "../time.ts";

export interface Demand {
  /** When the first came. */
  readonly since: Instant;
  /** When the counts were brought up to date. */
  readonly at: Instant;
  /** A count that halves in two days. */
  readonly recent: number;
  /** By the hour of the week, in UTC: counts that halve in two weeks. Only hours in which somebody came. */
  readonly hours: Readonly<Record<string, number>>;
}

const hourMs = 3_600_000;
const weekMs = 7 * 24 * hourMs;
const recentHalfLifeMs = 48 * hourMs;
const hoursHalfLifeMs = 2 * weekMs;
/** What is rarer than this in an hour is forgotten, so that the record stays small. */
const negligible = 0.05;

const left = (spanMs: Ms, halfLifeMs: Ms): number => 0.5 ** (Math.max(0, spanMs) / halfLifeMs);
const hourOfWeek = (at: number): number => Math.floor(at / hourMs) % 168;
const rounded = (count: number): number => Math.round(count * 100) / 100;

export const noDemand = (now: Instant): Demand => ({ since: now, at: now, recent: 0, hours: {} });

/** With one more node that was wanted then. */
export function wanted(before: Demand, at: Instant): Demand {
  const now = Math.max(before.at, at);
  const fades = left(now - before.at, hoursHalfLifeMs);
  const hours = Object.fromEntries(
    Object.entries(before.hours).flatMap(([hour, count]) =>
      count * fades < negligible ? [] : [[hour, rounded(count * fades)]],
    ),
  );
  const hour = String(hourOfWeek(at));
  return {
    since: before.since,
    at: at > before.at ? at : before.at,
    recent: rounded(before.recent * left(now - before.at, recentHalfLifeMs) + 1),
    hours: { ...hours, [hour]: (hours[hour] ?? 0) + 1 },
  };
}

/** So many came in this span of the week, on average. */
function usual(demand: Demand, now: Instant, spanMs: Ms): number {
  const fades = left(now - demand.at, hoursHalfLifeMs);
  const weekly = left(weekMs, hoursHalfLifeMs);
  const weeks = Math.max(1, (now - demand.since) / weekMs);
  const seen = (1 - weekly ** weeks) / (1 - weekly);
  let sum = 0;
  for (let at: number = now; at < now + spanMs; at = (Math.floor(at / hourMs) + 1) * hourMs) {
    const until = Math.min(now + spanMs, (Math.floor(at / hourMs) + 1) * hourMs);
    sum += (demand.hours[String(hourOfWeek(at))] ?? 0) * ((until - at) / hourMs);
  }
  return (sum * fades) / seen;
}

/**
 * By what they are for: so many nodes will be wanted in the span from now on. One half is what the image itself had at
 * this hour; of the other, what all had at this hour shared by fashion, and what is wanted lately at any hour.
 */
export function expected<Key>(
  demands: ReadonlyMap<Key, Demand>,
  now: Instant,
  spanMs: Ms,
): ReadonlyMap<Key, number> {
  const all = [...demands].map(([key, demand]) => ({
    key,
    own: usual(demand, now, spanMs),
    recent: demand.recent * left(now - demand.at, recentHalfLifeMs),
  }));
  const total = all.reduce((sum, { own }) => sum + own, 0);
  const recents = all.reduce((sum, { recent }) => sum + recent, 0);
  return new Map(
    all.map(({ key, own, recent }) => {
      const share = recents === 0 ? 0 : recent / recents;
      const lately = (recent * Math.LN2 * spanMs) / recentHalfLifeMs;
      return [key, 0.5 * own + 0.35 * share * total + 0.15 * lately];
    }),
  );
}
