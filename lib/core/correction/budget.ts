/**
 * A lab's correction budget, and when the lab is suspect instead of its nodes (design §6). A corrective reboot takes a
 * token in the very transaction that decides it. When too many nodes are late at once, or the tokens are spent, the lab
 * is suspect: one node at a time is corrected on probation; each that comes back doubles what may be tried, each that does
 * not halves it, never below one per interval. So a power blip that hangs everything is repaired, and a failed switch does
 * not become a storm of reboots. Pure.
 */
import type { LabId, NodeId } from "../ids.ts";
import { after, type Instant, instant, type Ms } from "../time.ts";

export interface Late {
  readonly node: NodeId;
  readonly at: Instant;
}

/** A node whose BMC or PDU did not answer, and the power domain that it hangs on. */
export interface Blind {
  readonly node: NodeId;
  readonly domain: string;
  readonly at: Instant;
}

export interface Suspicion {
  readonly since: Instant;
  /** So many nodes may be corrected in the interval that began at `intervalAt`. */
  readonly allowance: number;
  readonly used: number;
  readonly intervalAt: Instant;
  /** Corrected on probation: nobody knows yet what came of it. */
  readonly canaries: readonly NodeId[];
}

export interface Budget {
  readonly lab: LabId;
  readonly version: number;
  /** How many nodes the lab has. */
  readonly nodes: number;
  /** Tokens at `at`; may be fractional. */
  readonly tokens: number;
  readonly at: Instant;
  /** Nodes that were found late within the window, the latest last. */
  readonly late: readonly Late[];
  /** Nodes that nothing could be learnt of, by power domain, the latest last. */
  readonly blind: readonly Blind[];
  /** Null: nodes are late by themselves. */
  readonly suspect: Suspicion | null;
}

export interface BudgetPolicy {
  readonly capacity: number;
  /** One token returns in this time. */
  readonly refillMs: Ms;
  /** What happens to many nodes within this time has one cause. */
  readonly windowMs: Ms;
  /** The lab is suspect when this share of its nodes is late within the window, and at least so many. */
  readonly suspectShare: number;
  readonly suspectAtLeast: number;
  /** In a suspect lab at least one node is corrected in this time. */
  readonly intervalMs: Ms;
}

/** More than this are as good as all of them. */
const mostLate = 100;

export const fullBudget = (lab: LabId, policy: BudgetPolicy, now: Instant, nodes: number): Budget => ({
  lab,
  version: 1,
  nodes,
  tokens: policy.capacity,
  at: now,
  late: [],
  blind: [],
  suspect: null,
});

const isMany = ({ late, nodes }: Budget, { suspectShare, suspectAtLeast }: BudgetPolicy): boolean =>
  late.length >= Math.min(mostLate, Math.max(suspectAtLeast, Math.ceil(suspectShare * nodes)));

const without = (budget: Budget, { windowMs }: BudgetPolicy, node: NodeId | null, now: Instant): Budget => ({
  ...budget,
  late: budget.late.filter((each) => each.node !== node && each.at > now - windowMs),
});

const underSuspicion = (now: Instant): Suspicion => ({
  since: now,
  allowance: 1,
  used: 0,
  intervalAt: now,
  canaries: [],
});

/** A node was found late. */
export function foundLate(budget: Budget, policy: BudgetPolicy, node: NodeId, now: Instant): Budget {
  const others = without(budget, policy, node, now);
  const noted = { ...others, late: [...others.late, { node, at: now }].slice(-mostLate) };
  return noted.suspect === null && isMany(noted, policy) ? { ...noted, suspect: underSuspicion(now) } : noted;
}

export type Taking =
  | { readonly taken: true; readonly budget: Budget }
  | { readonly taken: false; readonly budget: Budget; readonly retryAt: Instant };

/**
 * Takes what one correction costs, or says when to ask again. `harder`: the next, harder reboot of a node that was just
 * rebooted to no effect. On probation that is the same try: only the node that no reboot brings back has failed.
 */
export function take(
  budget: Budget,
  policy: BudgetPolicy,
  node: NodeId,
  now: Instant,
  harder: boolean,
): Taking {
  if (budget.suspect !== null && harder && budget.suspect.canaries.includes(node))
    return { taken: true, budget };
  if (budget.suspect !== null) return takeOnProbation(budget, budget.suspect, policy, node, now);
  const elapsed = Math.max(0, now - budget.at);
  const tokens = Math.min(policy.capacity, budget.tokens + elapsed / policy.refillMs);
  if (tokens >= 1) return { taken: true, budget: { ...budget, tokens: tokens - 1, at: now } };
  return takeOnProbation(budget, underSuspicion(now), policy, node, now);
}

function takeOnProbation(
  budget: Budget,
  suspect: Suspicion,
  policy: BudgetPolicy,
  node: NodeId,
  now: Instant,
): Taking {
  // Nothing that was done to it has helped.
  const failed = suspect.canaries.includes(node);
  const allowance = failed ? Math.max(1, Math.floor(suspect.allowance / 2)) : suspect.allowance;
  const canaries = suspect.canaries.filter((each) => each !== node);
  const isOver = now >= after(suspect.intervalAt, policy.intervalMs);
  const interval = isOver
    ? { used: 0, intervalAt: now }
    : { used: suspect.used, intervalAt: suspect.intervalAt };
  if (interval.used < allowance) {
    const given = {
      ...suspect,
      ...interval,
      allowance,
      used: interval.used + 1,
      canaries: [...canaries, node],
    };
    return { taken: true, budget: { ...budget, suspect: given } };
  }
  const next = { ...suspect, ...interval, allowance, canaries };
  return {
    taken: false,
    budget: { ...budget, suspect: next },
    // Somebody else's success may make room long before the interval is over.
    retryAt: earlier(after(interval.intervalAt, policy.intervalMs), after(now, policy.refillMs)),
  };
}

const earlier = (a: Instant, b: Instant): Instant => instant(Math.min(a, b));

/** A node that was late has given a sign of life. */
export function recovered(budget: Budget, policy: BudgetPolicy, node: NodeId, now: Instant): Budget {
  const rest = without(budget, policy, node, now);
  const { suspect } = rest;
  if (suspect === null) return rest;
  const helped = suspect.canaries.includes(node);
  const allowance = helped ? Math.min(policy.capacity, 2 * suspect.allowance) : suspect.allowance;
  const canaries = suspect.canaries.filter((each) => each !== node);
  const isWell = allowance >= policy.capacity || (canaries.length === 0 && rest.late.length === 0);
  return { ...rest, suspect: isWell ? null : { ...suspect, allowance, canaries } };
}

/** So many nodes of one power domain that cannot be asked within the window: what they share does not answer, not they. */
const blindOfDomain = 2;

const blindOf = ({ blind }: Budget, { windowMs }: BudgetPolicy, domain: string, now: Instant) =>
  blind.filter((each) => each.domain === domain && each.at > now - windowMs);

/** A power domain that fails is treated as a lab that does: nothing that hangs on it is to blame. */
export const domainIsSuspect = (
  budget: Budget,
  policy: BudgetPolicy,
  domain: string,
  now: Instant,
): boolean => blindOf(budget, policy, domain, now).length >= blindOfDomain;

/** The power domains of which that is so. */
export const suspectDomains = (budget: Budget, policy: BudgetPolicy, now: Instant): readonly string[] =>
  [...new Set(budget.blind.map(({ domain }) => domain))].filter((domain) =>
    domainIsSuspect(budget, policy, domain, now),
  );

/** A node could not be asked. The same budget where that is known: it is written again only when half the window is over. */
export function foundBlind(
  budget: Budget,
  policy: BudgetPolicy,
  { node, domain }: Pick<Blind, "node" | "domain">,
  now: Instant,
): Budget {
  const known = blindOf(budget, policy, domain, now).find((each) => each.node === node);
  if (known !== undefined && known.at > now - policy.windowMs / 2) return budget;
  const others = budget.blind.filter((each) => each.node !== node && each.at > now - policy.windowMs);
  return { ...budget, blind: [...others, { node, domain, at: now }].slice(-mostLate) };
}

/** It could be asked again: so does its power domain answer. */
export function foundSeeing(budget: Budget, node: NodeId): Budget {
  const domain = budget.blind.find((each) => each.node === node)?.domain;
  if (domain === undefined) return budget;
  return { ...budget, blind: budget.blind.filter((each) => each.domain !== domain) };
}
