/** For what takes longer than a call may: it is run beside the calls, and asked after by its name. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ToolFailed } from "./answer.mjs";

const folder = join(import.meta.dirname, ".running");
const script = 'log="$1"; shift; "$@" >"$log" 2>&1 </dev/null; echo "exit $?" >>"$log"';

/** Runs a program once for `name`. Returns its last line while it runs, null when it has ended well. */
export function begin(name, program, ...args) {
  const log = join(folder, `${name}.log`);
  if (!existsSync(log)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    spawn("sh", ["-c", script, "sh", log, program, ...args], { detached: true, stdio: "ignore" }).unref();
    return "begun";
  }
  const lines = readFileSync(log, "utf8").trim().split("\n");
  const last = lines.at(-1) || "begun";
  const [, code] = /^exit (\d+)$/.exec(last) ?? [];
  if (code === undefined) return last;
  if (code === "0") return null;
  throw new ToolFailed(`${program} ${args[0]}: ${lines.slice(-4, -1).join(" ") || `exit code ${code}`}`);
}
