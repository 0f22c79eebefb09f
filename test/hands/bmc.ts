/** What a driver is given, with the real tools. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BmcAccess } from "../../lib/drivers/power/driver.ts";
import { toolRoom } from "../../lib/drivers/tool.ts";
import { bmcPassword } from "./farm.ts";

export interface Calls {
  /** Every tool that was started, with its arguments. */
  readonly tools: string[];
  readonly notes: string[];
}

const helpers = mkdtempSync(join(tmpdir(), "rackwright-test-"));
const room = toolRoom({ atOnce: 8, mark: "tests" });

export function bmc(
  address: string,
  options: Readonly<Record<string, string>> = {},
  change: Partial<BmcAccess> = {},
): BmcAccess & { readonly calls: Calls } {
  const calls: Calls = { tools: [], notes: [] };
  return {
    address,
    options,
    credential: { username: "admin", password: bmcPassword },
    signal: AbortSignal.timeout(100_000),
    guard: () => {},
    tool: (program, args, input, signal) => {
      calls.tools.push([program, ...args].join(" "));
      return room.run(program, args, input, signal);
    },
    note: (line) => calls.notes.push(line),
    helpersDir: helpers,
    who: "rackwright-agent/mi-0123456789abcdef0",
    scriptsDir: "",
    calls,
    ...change,
  };
}
