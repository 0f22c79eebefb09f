/** The embedded stack as `npm start` runs it, with an agent whose hardware answers at once. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labFile } from "../../lib/contracts/lab-file.ts";
import { defaultPolicy } from "../../lib/core/correction/policy.ts";
import { type ApiClient, apiClient } from "../../lib/local/cli/api-client.ts";
import { importImage } from "../../lib/local/image-store.ts";
import { type Layout, layoutOf, settle } from "../../lib/local/layout.ts";
import { type RackKind, rackKindOf } from "../../lib/local/rack/kinds.ts";
import { pickPort } from "../../lib/local/rack/ports.ts";
import { type Stack, startStack } from "../../lib/local/stack.ts";
import { leaving } from "../leave.ts";
import { multiply, nodeName } from "./fleet.ts";

const here = import.meta.dirname;

const instant: RackKind = { ...rackKindOf.virtual, program: join(here, "rack.ts") };

export interface BenchStack {
  readonly stack: Stack;
  readonly layout: Layout;
  readonly api: ApiClient;
  /** What the functions have asked of AWS so far (calls.ts). */
  readonly callsFile: string;
  stop(): Promise<void>;
}

export interface BenchStackSettings {
  readonly fleet: number;
  /** Whether a node's user logs in as soon as he may. */
  readonly login: boolean;
  readonly sendCommandsPerSecond: number | null;
}

/** So many nodes are taken in and inspected like any other; the rest are made of what is stored of the first. */
const mostInspected = 48;
/** With that the nodes are in, on a machine that is not crowded, in a few seconds. */
const inspectionPatienceMs = 150_000;

/** Everything is up, the nodes are in and were inspected, and there is an image. */
export async function startBenchStack({
  fleet,
  login,
  sendCommandsPerSecond,
}: BenchStackSettings): Promise<BenchStack> {
  const dir = mkdtempSync(join(tmpdir(), "rackwright-bench-"));
  const layout = layoutOf(dir);
  process.env["BENCH_LOGIN"] = login ? "yes" : "no";
  const callsFile = join(dir, "calls.json");
  process.env["BENCH_CALLS"] = callsFile;
  const lab = labFile.parse({
    schema: "rackwright.lab/1",
    lab: "blue",
    controllers: ["mi-0123456789abcdef0"],
    nodes: Array.from({ length: Math.min(fleet, mostInspected) }, (_, index) => {
      const { id, mac } = nodeName(index);
      const bmc = { driver: "instant", address: mac.replaceAll(":", "-"), credential: "bmc/bench" };
      return { id, macs: [mac], bmc };
    }),
  });
  const settings = await settle(layout);
  const stack = await startStack({
    layout,
    settings,
    lab,
    apiPort: await pickPort(new Set()),
    // As it is deployed: the spans of the embedded stack are those of virtual machines that have the processor for themselves.
    watchdogSeconds: 60,
    policy: defaultPolicy,
    preload: join(here, "calls.ts"),
    rackKind: instant,
    agentProgram: join(here, "agent.ts"),
    sendCommandsPerSecond,
  });
  const api = apiClient(stack.api, stack.token);
  const stop = leaving(stack, dir);
  try {
    const file = join(dir, "image");
    writeFileSync(file, "an image of one line, so that hardware that answers at once writes it at once\n");
    await api.registerImage({ id: "demo", ...(await importImage(file, layout.images)) });
    const { refused } = await api.importLab(lab);
    if (refused.length > 0) throw new Error(refused.join("; "));
    for (const deadline = performance.now() + inspectionPatienceMs; ; ) {
      const nodes = await api.nodes();
      const waiting = nodes.filter(({ state }) => state !== "available").map(({ state }) => state);
      if (waiting.length === 0) break;
      if (performance.now() > deadline)
        throw new Error(
          `${waiting.length} nodes were not inspected in time: they are ${[...new Set(waiting)]}`,
        );
      await Promise.race([new Promise((resolve) => setTimeout(resolve, 500)), stack.failed]);
    }
    const more = Array.from({ length: fleet }, (_, index) => nodeName(index)).slice(lab.nodes.length);
    if (more.length > 0) await multiply(`http://127.0.0.1:${settings.ports.dynamodb}`, nodeName(0), more);
    return { stack, layout, api, callsFile, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
