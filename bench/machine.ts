/** On what, and of what, something was measured. */
import { execFileSync } from "node:child_process";
import { cpus, totalmem } from "node:os";

export interface Place {
  readonly machine: string;
  readonly node: string;
  readonly commit: string;
  readonly at: string;
}

export function placeOf(): Place {
  const [first] = cpus();
  const commit = execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim();
  return {
    machine: `${cpus().length} × ${first?.model ?? "unknown"}, ${Math.round(totalmem() / 1024 ** 3)} GiB`,
    node: process.version,
    commit,
    at: new Date().toISOString().slice(0, 10),
  };
}
