/** A thread in which one shipped file is another one: the simulation over a mutant. */
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import * as z from "zod";
import { noDefect } from "../defect.ts";

const { file, source, runs } = z
  .object({ file: z.string(), source: z.string(), runs: z.int() })
  .parse(workerData);
const url = pathToFileURL(file).href;
registerHooks({
  load: (asked, context, next) =>
    asked === url ? { format: "module", source, shortCircuit: true } : next(asked, context),
});
const { runBatch } = await import("./batch.ts");
setImmediate(() => {
  const sum = runBatch({ from: 1, count: runs, faults: "mixed", defect: noDefect, stops: true });
  parentPort?.postMessage(sum.violations[0] ?? null);
});
