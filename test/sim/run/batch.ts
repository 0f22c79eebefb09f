/** Some histories one after the other, added up. */
import type { Defect } from "../defect.ts";
import type { FaultKind, FaultLevel } from "../faults.ts";
import { runHistory } from "../history.ts";
import type { Found } from "../world.ts";

export interface Batch {
  readonly from: number;
  readonly count: number;
  readonly faults: FaultLevel | "mixed";
  readonly defect: Defect;
  /** Ends with the first broken promise. */
  readonly stops: boolean;
}

export interface Violation {
  readonly seed: number;
  readonly level: FaultLevel;
  readonly found: Found;
}

export interface Sum {
  runs: number;
  events: number;
  transitions: number;
  /** By kind. */
  faults: Partial<Record<FaultKind, number>>;
  /** By invariant of design §7: how often it was looked at. */
  checks: number[];
  violations: Violation[];
  /** Of all that was committed; the same for the same histories, whoever ran them. */
  hash: number;
  /** Processor time of one thread. */
  seconds: number;
}

export const nothing = (): Sum => ({
  runs: 0,
  events: 0,
  transitions: 0,
  faults: {},
  checks: [],
  violations: [],
  hash: 0,
  seconds: 0,
});

export function add(to: Sum, sum: Sum): void {
  to.runs += sum.runs;
  to.events += sum.events;
  to.transitions += sum.transitions;
  for (const [kind, count] of Object.entries(sum.faults) as [FaultKind, number][])
    to.faults[kind] = (to.faults[kind] ?? 0) + count;
  for (const [index, count] of sum.checks.entries()) to.checks[index] = (to.checks[index] ?? 0) + count;
  to.violations.push(...sum.violations);
  to.hash = (to.hash + sum.hash) % 4_294_967_296;
  to.seconds += sum.seconds;
}

const levels = ["none", "low", "medium", "high"] as const;

/** A history's own level depends on its seed alone, so that it is the same wherever it is run. */
export const levelOf = (seed: number, faults: FaultLevel | "mixed"): FaultLevel =>
  faults === "mixed" ? (levels[seed % levels.length] ?? "high") : faults;

/** Not to be called within a promise (schedule.ts). */
export function runBatch({ from, count, faults, defect, stops }: Batch): Sum {
  Error.stackTraceLimit = 0;
  const sum = nothing();
  const begin = cpuSeconds();
  for (let seed = from; seed < from + count; seed += 1) {
    const level = levelOf(seed, faults);
    const history = runHistory({ seed, level, defect });
    add(sum, {
      runs: 1,
      events: history.events,
      transitions: history.transitions,
      faults: history.faults,
      checks: [...history.checks],
      violations: history.found === null ? [] : [{ seed, level, found: history.found }],
      hash: history.hash,
      seconds: 0,
    });
    if (stops && history.found !== null) break;
  }
  sum.seconds = cpuSeconds() - begin;
  return sum;
}

/** Of this thread, so that others on the machine do not make the simulation look slow. */
function cpuSeconds(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1e6;
}
