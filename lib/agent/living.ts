/**
 * Recognises a process by its id and its start time together: ids are used again, the pair is not. So a lock or a record
 * that a killed process has left behind is told from one whose owner lives.
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
