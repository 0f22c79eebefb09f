/** A scheduled function: it reports success only if its sweep finished; failing loudly is its job. */
import middy from "@middy/core";
import type { App } from "../../lib/app/app.ts";
import { functionEnvironment, readEnvironment } from "../../lib/contracts/environment.ts";
import type { Measured } from "../../lib/contracts/metrics.ts";
import { composer } from "./compose.ts";
import { log } from "./log.ts";
import { emit } from "./metrics.ts";

export function watchdog<Seen extends Readonly<Record<string, number>>>(
  name: string,
  sweep: (app: App) => Promise<Seen>,
  measure: (seen: Seen) => readonly Measured[] = () => [],
) {
  const makeApp = composer();
  const { METRICS_NAMESPACE } = readEnvironment(functionEnvironment, process.env);
  return middy().handler(async () => {
    const app = makeApp();
    try {
      const seen = await sweep(app);
      log.info(`watchdog ${name}`, seen);
      emit(METRICS_NAMESPACE, measure(seen));
      return seen;
    } finally {
      await app.outbox.flush();
    }
  });
}
