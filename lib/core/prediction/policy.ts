/** What being ready on time may cost: how early, and how many idle nodes are loaded for people who have not asked yet. */
import { type Ms, minutes } from "../time.ts";

export interface ReadinessPolicy {
  /** Nodes are made ready for a fixed start at least and at most so long before it, whatever was learned. */
  readonly leadAtLeastMs: Ms;
  readonly leadAtMostMs: Ms;
  /** Beside what was learned. */
  readonly leadMarginMs: Ms;
  /** Preloading looks so far ahead: longer than a load, or it comes too late. */
  readonly horizonMs: Ms;
  /** A node that is booked sooner than this is of no use to people who come now. */
  readonly freeForMs: Ms;
  /** So many nodes of a class are preloaded at once. */
  readonly atOnce: number;
  /** Preloading leaves this share of a class's idle nodes alone: somebody may want any image now. */
  readonly spareShare: number;
  /** A node is loaded anew only if so many more people, of one, are expected to find their image. */
  readonly gain: number;
}

export const defaultReadiness: ReadinessPolicy = {
  leadAtLeastMs: minutes(2),
  leadAtMostMs: minutes(60),
  leadMarginMs: minutes(1),
  horizonMs: minutes(60),
  freeForMs: minutes(120),
  atOnce: 4,
  spareShare: 0.2,
  gain: 0.05,
};
