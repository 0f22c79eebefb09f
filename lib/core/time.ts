/** Time is passed in. An instant and a span are different types, and a span's name carries its unit. */
declare const instantBrand: unique symbol;

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number & { readonly [instantBrand]: true };

/** A span in milliseconds. */
export type Ms = number;

const isInstant = (value: number): value is Instant => Number.isFinite(value) && value >= 0;

export function instant(epochMs: number): Instant {
  const value = Math.trunc(epochMs);
  if (isInstant(value)) return value;
  throw new Error(`not an instant: ${epochMs}`);
}

export const after = (from: Instant, span: Ms): Instant => instant(from + span);
export const earliest = (...instants: readonly (Instant | null)[]): Instant | null =>
  instants.reduce<Instant | null>(
    (best, each) => (each !== null && (best === null || each < best) ? each : best),
    null,
  );
export const latest = (...instants: readonly (Instant | null)[]): Instant | null =>
  instants.reduce<Instant | null>(
    (best, each) => (each !== null && (best === null || each > best) ? each : best),
    null,
  );
export const seconds = (count: number): Ms => count * 1000;
export const minutes = (count: number): Ms => count * 60_000;

/** A span as a person reads it: `850 ms`, `12 s`, `3 min`. */
export function spanText(span: Ms): string {
  if (span < 1000) return `${Math.round(span)} ms`;
  if (span < 120_000) return `${Math.round(span / 1000)} s`;
  if (span < 7_200_000) return `${Math.round(span / 60_000)} min`;
  return `${Math.round(span / 3_600_000)} h`;
}
