/** Metrics go out as lines of the log, beside the logger: what Lambda finds to be JSON already it leaves as it is. */
import { emfLines, type Measured } from "../../lib/contracts/metrics.ts";

/** Without a namespace nobody reads metrics out of the log, and nothing is written. */
export function emit(namespace: string | undefined, measured: readonly Measured[]): void {
  if (namespace === undefined) return;
  for (const line of emfLines(namespace, Date.now(), measured)) process.stdout.write(`${line}\n`);
}
