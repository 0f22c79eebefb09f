/** Every known defect, planted: the simulation is worth something only if it catches them. */
import { type Defect, defects } from "../defect.ts";
import type { Violation } from "./batch.ts";
import { campaign } from "./campaign.ts";

/** A defect that is not caught within so many histories counts as missed. */
export const mostRuns = 2000;

export interface Caught {
  readonly defect: string;
  /** How many histories it took, from seed 1 on; null: it was not caught. */
  readonly runs: number | null;
  readonly violation: Violation | null;
}

export async function selfTest(workers: number, told: (caught: Caught) => void): Promise<readonly Caught[]> {
  const all: Caught[] = [];
  for (const defect of defects) {
    const caught = await catches(defect, workers);
    all.push(caught);
    told(caught);
  }
  return all;
}

async function catches(defect: Defect, workers: number): Promise<Caught> {
  const sum = await campaign({
    from: 1,
    runs: mostRuns,
    faults: "mixed",
    defect,
    workers,
    stops: true,
    batch: 20,
  });
  const violation = sum.violations[0] ?? null;
  return { defect: defect.name, runs: violation?.seed ?? null, violation };
}
