/**
 * Children that may outlive us. A record on disk says who was started; after a kill -9 of the parent the next one
 * recognises what lives on by process id and start time (ids are used again, the pair is not), to kill or to keep it.
 */
import { readFileSync } from "node:fs";

export interface Living {
  readonly pid: number;
  /** In clock ticks since the machine's boot, from /proc; null where there is no /proc. */
  readonly start: string | null;
}

/** The start time of a process, or null if there is none; a zombie counts as dead. */
export function startOf(pid: number): string | null {
  try {
    // The name in parentheses may hold anything, so fields are counted from behind it.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
  } catch {
    // No such process, or no /proc: nobody to recognise.
    return null;
  }
}

export const isAlive = ({ pid, start }: Living): boolean => start !== null && startOf(pid) === start;

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
