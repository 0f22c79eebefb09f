/** A scheduled function: it reports success only if its sweep finished; failing loudly is its job. */
import middy from "@middy/core";
import type { App } from "../../lib/app/app.ts";
import { composer } from "./compose.ts";
import { log } from "./log.ts";

export function watchdog(name: string, sweep: (app: App) => Promise<Readonly<Record<string, number>>>) {
  const makeApp = composer();
  return middy().handler(async () => {
    const app = makeApp();
    try {
      const seen = await sweep(app);
      log.info(`watchdog ${name}`, seen);
      return seen;
    } finally {
      await app.outbox.flush();
    }
  });
}
