/**
 * The breaker of a power domain. A BMC that refuses the credential a few times locks the account: after that nobody tries
 * until the secret changes. A BMC that cannot be reached is left alone for a while, longer each time, and recovers by
 * itself; only a verified success ends that (field.md C15, C16; design §5).
 */
import type { Journal } from "./journal.ts";

export interface Breaker {
  /** Null: go on. Else why nobody may try, and what to do. */
  refusal(domain: string, secret: string): string | null;
  /** The domain is left alone until then; 0 when it is not. */
  restsUntil(domain: string): number;
  succeeded(domain: string, secret: string): Promise<void>;
  refused(domain: string, secret: string): Promise<void>;
  unreachable(domain: string): void;
  /** For the metrics. */
  counts(): { readonly open: number; readonly resting: number };
}

export const mostRefusals = 3;
const shortestRestMs = 1_000;
const longestRestMs = 60_000;

export interface BreakerSettings {
  readonly journal: Journal;
  readonly now: () => number;
  /** Between 0 and 1. */
  readonly random: () => number;
}

export function createBreaker({ journal, now, random }: BreakerSettings): Breaker {
  const rests = new Map<string, { failures: number; until: number }>();
  const { breakers } = journal.state;
  const refusalsOf = (domain: string, secret: string): number => {
    const known = breakers.get(domain);
    return known?.secret === secret ? known.refusals : 0;
  };
  return {
    refusal: (domain, secret) => {
      const refusals = refusalsOf(domain, secret);
      return refusals < mostRefusals
        ? null
        : `power domain ${domain} refused its credential ${refusals} times: nobody tries again until the secret on this controller changes`;
    },
    restsUntil: (domain) => rests.get(domain)?.until ?? 0,
    succeeded: async (domain, secret) => {
      rests.delete(domain);
      if (breakers.has(domain)) await journal.append({ t: "breaker", domain, secret, refusals: 0 });
    },
    refused: async (domain, secret) => {
      rests.delete(domain);
      await journal.append({ t: "breaker", domain, secret, refusals: refusalsOf(domain, secret) + 1 });
    },
    unreachable: (domain) => {
      const failures = (rests.get(domain)?.failures ?? 0) + 1;
      const rest = Math.min(longestRestMs, shortestRestMs * 2 ** (failures - 1));
      rests.set(domain, { failures, until: now() + rest * (0.5 + random() / 2) });
    },
    counts: () => ({
      open: [...breakers.values()].filter(({ refusals }) => refusals >= mostRefusals).length,
      resting: [...rests.values()].filter(({ until }) => until > now()).length,
    }),
  };
}
