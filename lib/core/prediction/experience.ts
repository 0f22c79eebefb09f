/**
 * What was learned of an image on nodes of a class: how long each stage takes, how often it lay ready, when it is wanted.
 * One small record, brought up to date whenever a node was made ready. It is statistics: losing one lesson harms nobody.
 */
import type { JobRun, Stage } from "../node/node.ts";
import type { Instant, Ms } from "../time.ts";
import { type Demand, noDemand, wanted } from "./demand.ts";
import { type Estimate, highMs, learned } from "./estimate.ts";
import type { ReadinessPolicy } from "./policy.ts";

export type ByStage<T> = Readonly<Partial<Record<Stage, T>>>;

export interface Experience {
  /** Of the class and the image. */
  readonly id: string;
  readonly version: number;
  readonly stages: ByStage<Estimate>;
  /** Nodes that were handed over with it, and those among them on which it was ready without a load. */
  readonly handedOver: number;
  readonly withoutLoad: number;
  readonly demand: Demand;
}

/** What making one node ready has taught. */
export interface Lesson {
  readonly spent: ByStage<Ms>;
  /** Null: it was loaded for nobody in particular. */
  readonly handedOver: {
    readonly withoutLoad: boolean;
    /** Null: its user had booked it before. */
    readonly wantedAt: Instant | null;
  } | null;
}

export const noExperience = (id: string, now: Instant): Experience => ({
  id,
  version: 0,
  stages: {},
  handedOver: 0,
  withoutLoad: 0,
  demand: noDemand(now),
});

/** How long the stages of a job took by now, the current one with them. */
export const spentBy = ({ spent, stage, step, stepSince }: JobRun, now: Instant): ByStage<Ms> =>
  step === "" ? spent : { ...spent, [stage]: (spent[stage] ?? 0) + (now - stepSince) };

export function taught(before: Experience, { spent, handedOver }: Lesson): Experience {
  const { stages, demand } = before;
  const took = stagesOf(spent).map(([stage, ms]) => [stage, learned(stages[stage], ms)]);
  const wantedAt = handedOver?.wantedAt ?? null;
  return {
    ...before,
    version: before.version + 1,
    stages: { ...stages, ...Object.fromEntries(took) },
    handedOver: before.handedOver + (handedOver === null ? 0 : 1),
    withoutLoad: before.withoutLoad + (handedOver?.withoutLoad === true ? 1 : 0),
    demand: wantedAt === null ? demand : wanted(demand, wantedAt),
  };
}

const stagesOf = (spent: ByStage<Ms>): readonly (readonly [Stage, Ms])[] =>
  readyStages.flatMap((stage) => {
    const ms = spent[stage];
    return ms === undefined ? [] : [[stage, ms] as const];
  });

/** What lies between a node at rest and its hand-over. */
export const readyStages: readonly Stage[] = [
  "check",
  "load",
  "build-post-load",
  "post-load",
  "address",
  "reserve",
];
/** Fewer loads than this are no experience. */
export const fewest = 5;

/** Making a node ready, load and all, takes no longer than this, as a rule; null: nobody knows yet. */
export function readyMs({ stages }: Pick<Experience, "stages">): Ms | null {
  if ((stages.load?.count ?? 0) < fewest) return null;
  return highMs(readyStages.flatMap((stage) => stages[stage] ?? []));
}

/** So long before a fixed start its nodes are made ready; `usualMs` where nothing was learned yet. */
export function leadFor(experience: Experience | null, policy: ReadinessPolicy, usualMs: Ms): Ms {
  const known = experience === null ? null : readyMs(experience);
  if (known === null) return usualMs;
  return Math.min(policy.leadAtMostMs, Math.max(policy.leadAtLeastMs, known + policy.leadMarginMs));
}
