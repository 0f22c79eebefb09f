/** What processes have taken, by the kernel's own account (proc(5), /proc/PID/stat). */
import { readFileSync } from "node:fs";

const ticksPerSecond = 100;
const pageBytes = 4096;

export interface Usage {
  /** Its own, and that of its children that have ended. */
  readonly cpuSeconds: number;
  readonly residentMib: number;
}

export function usageOf(pid: number): Usage {
  // The name in parentheses may hold anything, so fields are counted from behind it.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  const ticks = [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field] ?? 0), 0);
  return {
    cpuSeconds: ticks / ticksPerSecond,
    residentMib: (Number(fields[21] ?? 0) * pageBytes) / 1024 ** 2,
  };
}
