/** Stands where a rack would: the machines live in the agent's process (hardware.ts). Tells that it is there, and waits. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as z from "zod";
import { startOf } from "../../lib/agent/living.ts";

const { values } = parseArgs({ options: { config: { type: "string" } } });
const { dir } = z
  .looseObject({ dir: z.string() })
  .parse(JSON.parse(readFileSync(values.config ?? "", "utf8")));
const file = { pid: process.pid, processStart: startOf(process.pid), controlPort: 1, nodes: [] };
writeFileSync(join(dir, "rack.json"), JSON.stringify(file));
const waiting = setInterval(() => {}, 60_000);
process.once("SIGTERM", () => clearInterval(waiting));
