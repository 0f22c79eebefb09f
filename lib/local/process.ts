/** Ends children that an earlier run has left behind; who lives is told by lib/agent/living.ts. */
import { isAlive, type Living } from "../agent/living.ts";

/** Ends a process and whatever it started, by force if it does not go by itself. */
export async function end(living: Living, signal: NodeJS.Signals, patienceMs: number): Promise<void> {
  if (!isAlive(living)) return;
  send(living.pid, signal);
  for (let waited = 0; waited < patienceMs && isAlive(living); waited += 25) {
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  if (isAlive(living)) send(living.pid, "SIGKILL");
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It ended between the look and the signal.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
