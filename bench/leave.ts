/** How a bench leaves the stack that it has started: nothing of it runs on, and nothing is left on the disk. */
import { rmSync } from "node:fs";
import type { Stack } from "../lib/local/stack.ts";

/** Ends the stack and removes its folder, when it is called or when the bench is ended from outside. */
export function leaving(stack: Stack, dir: string): () => Promise<void> {
  const stop = async (): Promise<void> => {
    process.off("SIGTERM", ended);
    process.off("SIGINT", ended);
    await stack.stop();
    rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  // Its processes live in groups of their own: whoever ends the bench ends them, too.
  const ended = (): void => {
    void stop().then(() => process.exit(1));
  };
  process.once("SIGTERM", ended);
  process.once("SIGINT", ended);
  return stop;
}
