/** How long something takes, learned from how long it took: a mean and a deviation that forget slowly. Pure. */
import type { Ms } from "../time.ts";

export interface Estimate {
  readonly count: number;
  readonly meanMs: Ms;
  /** The mean distance from the mean. */
  readonly deviationMs: Ms;
}

/** What is older than the last twenty or so hardly counts. */
const leastWeight = 0.05;
/** One load that had to be begun anew says little about the next. What is slow from now on is believed after a few. */
const widest = 4;
const leastDeviation = 0.02;

export function learned(before: Estimate | undefined, tookMs: Ms): Estimate {
  if (before === undefined)
    return { count: 1, meanMs: Math.round(tookMs), deviationMs: Math.round(tookMs / 4) };
  const { count, meanMs, deviationMs } = before;
  const reach = widest * Math.max(deviationMs, leastDeviation * meanMs, 1);
  const off = Math.min(reach, Math.max(-reach, tookMs - meanMs));
  const weight = Math.max(leastWeight, 1 / (count + 1));
  return {
    count: count + 1,
    meanMs: Math.round(meanMs + weight * off),
    deviationMs: Math.round(deviationMs + weight * (Math.abs(off) - deviationMs)),
  };
}

/** Several, one after the other, take no longer than this, but for one in fifty. */
export function highMs(estimates: readonly Estimate[]): Ms {
  const meanMs = estimates.reduce((sum, each) => sum + each.meanMs, 0);
  const squares = estimates.reduce((sum, { deviationMs }) => sum + deviationMs ** 2, 0);
  return Math.round(meanMs + 3 * Math.sqrt(squares));
}
