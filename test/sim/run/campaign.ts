/** Many histories on all cores. What comes of them does not depend on how many threads there are. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Defect } from "../defect.ts";
import type { FaultLevel } from "../faults.ts";
import { add, nothing, type Sum } from "./batch.ts";

export interface Campaign {
  readonly from: number;
  readonly runs: number;
  readonly faults: FaultLevel | "mixed";
  readonly defect: Defect;
  readonly workers: number;
  /** Ends soon after the first broken promise. */
  readonly stops: boolean;
  readonly batch?: number;
  readonly told?: (sum: Sum) => void;
}

export async function campaign({
  from,
  runs,
  faults,
  defect,
  workers,
  stops,
  batch = 100,
  told = () => {},
}: Campaign): Promise<Sum> {
  const total = nothing();
  const end = from + runs;
  let next = from;
  const crew = Array.from({ length: Math.min(workers, Math.ceil(runs / batch)) }, async () => {
    const worker = new Worker(new URL("worker.ts", import.meta.url), {
      // A history is many small things that die young: a tenth of the time is saved by letting them die in one go.
      resourceLimits: { maxYoungGenerationSizeMb: 192 },
    });
    try {
      while (next < end && !(stops && total.violations.length > 0)) {
        const begin = next;
        next += batch;
        const count = Math.min(batch, end - begin);
        worker.postMessage({ from: begin, count, faults, defect, stops });
        const sum: Sum = (await once(worker, "message"))[0];
        add(total, sum);
        told(total);
      }
    } finally {
      await worker.terminate();
    }
  });
  await Promise.all(crew);
  total.violations.sort((a, b) => a.seed - b.seed);
  return total;
}
