/**
 * Whether this controller's clock can be trusted: commands say by when they must have ended, so nothing is switched by a
 * clock that is wrong or that nobody has compared lately. The Date header of any answer from AWS is what it is compared
 * with (design §5, “Clocks”).
 */
import { realTimers, type Timers } from "./timers.ts";

export interface CloudClock {
  /** An answer came from AWS; `sentAt` and now are on the local clock. A header that cannot be read tells nothing. */
  heard(dateHeader: string | null, sentAt: number): void;
  /** Null: it can be trusted. Else why not, and what to do. */
  distrust(): string | null;
  /** Resolves when it is known, or after that time. */
  known(patienceMs: number): Promise<void>;
  /** How much the local clock is ahead of AWS; null while nothing is known. */
  offsetMs(): number | null;
}

export const mostOffsetMs = 5_000;
export const mostAgeMs = 10 * 60_000;
/** The header counts whole seconds: on average it is half a second behind. */
const halfTickMs = 500;

/** `monotonic`: a clock that is never set, so that setting the other one is noticed. */
export function cloudClock(
  now: () => number,
  monotonic: () => number,
  timers: Timers = realTimers,
): CloudClock {
  let offset: { readonly ms: number; readonly at: number; readonly wall: number } | null = null;
  let waiting: (() => void)[] = [];
  return {
    heard: (dateHeader, sentAt) => {
      const told = Date.parse(dateHeader ?? "");
      if (Number.isNaN(told)) return;
      const middle = (sentAt + now()) / 2;
      offset = { ms: middle - (told + halfTickMs), at: monotonic(), wall: now() };
      for (const each of waiting.splice(0)) each();
    },
    distrust: () => {
      if (offset === null) return "nobody has told this controller the time yet: is AWS reachable from it?";
      const ageMs = monotonic() - offset.at;
      if (ageMs > mostAgeMs) {
        return `this controller has not heard from AWS for ${Math.round(ageMs / 60_000)} min and does not know how wrong its clock is`;
      }
      // Somebody who sets the clock in the meantime makes it run apart from the one that cannot be set.
      const steppedMs = now() - offset.wall - ageMs;
      const off = offset.ms + steppedMs;
      if (Math.abs(off) <= mostOffsetMs) return null;
      return `the clock of this controller is ${Math.abs(off / 1000).toFixed(1)} s ${off > 0 ? "ahead" : "behind"}: set it right (timedatectl set-ntp true)`;
    },
    known: async (patienceMs) => {
      if (offset !== null) return;
      await new Promise<void>((resolve) => {
        const done = () => {
          forget();
          waiting = waiting.filter((each) => each !== done);
          resolve();
        };
        const forget = timers.after(patienceMs, done);
        waiting.push(done);
      });
    },
    offsetMs: () => offset?.ms ?? null,
  };
}
