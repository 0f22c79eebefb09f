/** The embedded stack as `npm start` runs it, with an agent whose hardware answers at once. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labFile } from "../../lib/contracts/lab-file.ts";
import { type ApiClient, apiClient } from "../../lib/local/cli/api-client.ts";
import { importImage } from "../../lib/local/image-store.ts";
import { type Layout, layoutOf, settle } from "../../lib/local/layout.ts";
import { type RackKind, rackKindOf } from "../../lib/local/rack/kinds.ts";
import { pickPort } from "../../lib/local/rack/ports.ts";
import { type Stack, startStack } from "../../lib/local/stack.ts";

const here = import.meta.dirname;

const instant: RackKind = { ...rackKindOf.virtual, program: join(here, "rack.ts") };

export interface BenchStack {
  readonly stack: Stack;
  readonly layout: Layout;
  readonly api: ApiClient;
  stop(): Promise<void>;
}

export interface BenchStackSettings {
  readonly fleet: number;
  /** Whether a node's user logs in as soon as he may. */
  readonly login: boolean;
  readonly sendCommandsPerSecond: number | null;
}

const hex = (byte: number): string => byte.toString(16).padStart(2, "0");

/** Everything is up, the nodes are in and were inspected, and there is an image. */
export async function startBenchStack({
  fleet,
  login,
  sendCommandsPerSecond,
}: BenchStackSettings): Promise<BenchStack> {
  const dir = mkdtempSync(join(tmpdir(), "rackwright-bench-"));
  const layout = layoutOf(dir);
  process.env["BENCH_LOGIN"] = login ? "yes" : "no";
  const lab = labFile.parse({
    schema: "rackwright.lab/1",
    lab: "blue",
    controllers: ["mi-0123456789abcdef0"],
    nodes: Array.from({ length: fleet }, (_, index) => {
      const mac = ["52", "54", "00", hex(index >> 16), hex((index >> 8) & 255), hex(index & 255)];
      const bmc = { driver: "instant", address: mac.join("-"), credential: "bmc/bench" };
      return { id: `node-${String(index + 1).padStart(5, "0")}`, macs: [mac.join(":")], bmc };
    }),
  });
  const stack = await startStack({
    layout,
    settings: await settle(layout),
    lab,
    apiPort: await pickPort(new Set()),
    // As it is deployed.
    watchdogSeconds: 60,
    rackKind: instant,
    agentProgram: join(here, "agent.ts"),
    sendCommandsPerSecond,
  });
  const api = apiClient(stack.api, stack.token);
  const stop = async (): Promise<void> => {
    await stack.stop();
    if (process.env["BENCH_KEEP"] === undefined)
      rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    else process.stderr.write(`kept: ${dir}\n`);
  };
  try {
    const file = join(dir, "image");
    writeFileSync(file, "an image of one line, so that hardware that answers at once writes it at once\n");
    await api.registerImage({ id: "demo", ...(await importImage(file, layout.images)) });
    const { refused } = await api.importLab(lab);
    if (refused.length > 0) throw new Error(refused.join("; "));
    for (;;) {
      const nodes = await api.nodes();
      const waiting = nodes.filter(({ state }) => state !== "available").length;
      if (waiting === 0) break;
      await Promise.race([new Promise((resolve) => setTimeout(resolve, 1000)), stack.failed]);
    }
    return { stack, layout, api, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
