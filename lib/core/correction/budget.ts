/**
 * A lab's correction budget: a token bucket. A corrective reboot takes a token in the very transaction that decides it,
 * so that a switch that fails cannot become a reboot storm (design §6).
 */
import type { LabId } from "../ids.ts";
import { type Instant, instant, type Ms } from "../time.ts";

export interface Budget {
  readonly lab: LabId;
  readonly version: number;
  /** Tokens at `at`; may be fractional. */
  readonly tokens: number;
  readonly at: Instant;
}

export interface BudgetPolicy {
  readonly capacity: number;
  /** One token returns in this time. */
  readonly refillMs: Ms;
}

export const fullBudget = (lab: LabId, policy: BudgetPolicy, now: Instant): Budget => ({
  lab,
  version: 1,
  tokens: policy.capacity,
  at: now,
});

export type Taking =
  | { readonly taken: true; readonly budget: Budget }
  | { readonly taken: false; readonly retryAt: Instant };

/** Takes one token, or says when there will be one. */
export function takeToken(budget: Budget, policy: BudgetPolicy, now: Instant): Taking {
  const elapsed = Math.max(0, now - budget.at);
  const tokens = Math.min(policy.capacity, budget.tokens + elapsed / policy.refillMs);
  if (tokens >= 1) {
    return { taken: true, budget: { ...budget, version: budget.version + 1, tokens: tokens - 1, at: now } };
  }
  return { taken: false, retryAt: instant(Math.ceil(now + (1 - tokens) * policy.refillMs)) };
}
