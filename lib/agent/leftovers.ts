/**
 * Tools that outlived an agent that was killed. They are found by the mark in their environment, and ended before anything
 * is observed or begun: a power command that is still under way would make any observation worthless.
 */
import { readdirSync, readFileSync } from "node:fs";
import { killGroup, markVariable } from "../drivers/tool.ts";

/** Ends every process group that carries the mark; tells how many there were. */
export function endLeftovers(mark: string): number {
  const groups = new Set<number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const group = groupOf(name, mark);
    if (group !== null) groups.add(group);
  }
  for (const group of groups) killGroup(group);
  return groups.size;
}

function groupOf(pid: string, mark: string): number | null {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    if (!environment.includes(`${markVariable}=${mark}`)) return null;
    // The name in parentheses may hold anything, so fields are counted from behind it.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return Number(fields[2]);
  } catch {
    // It has ended meanwhile, or it is somebody else's.
    return null;
  }
}
