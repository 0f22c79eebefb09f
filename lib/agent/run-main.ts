/**
 * `rackwright-agent run DELIVERY` as a program of its own, a few kilobytes: SSM starts a process for every delivery, and
 * loading all of the agent would cost more than handing the delivery over. It reads of the configuration only where the
 * daemon is; the daemon has checked the rest.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { run } from "./run.ts";

/** As lib/agent/main.ts says it. */
const usageError = 2;

function stateDirIn(file: string): string {
  const value: unknown = JSON.parse(readFileSync(file, "utf8"));
  if (
    typeof value === "object" &&
    value !== null &&
    "stateDir" in value &&
    typeof value.stateDir === "string"
  ) {
    return value.stateDir;
  }
  throw new Error("it names no stateDir");
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { config: { type: "string" } },
  });
  const [, payload] = positionals;
  const file = values.config ?? process.env["RACKWRIGHT_AGENT_CONFIG"] ?? "/etc/rackwright/agent.json";
  if (payload === undefined) throw new Error("run: a DELIVERY is wanted (see rackwright-agent help)");
  let stateDir: string;
  try {
    stateDir = stateDirIn(file);
  } catch (error) {
    throw new Error(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return run(stateDir, payload, (line) => process.stdout.write(`${line}\n`));
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`rackwright-agent: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = usageError;
}
