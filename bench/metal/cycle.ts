/** One full cycle on QEMU machines with IPMI: reserved, loaded, logged in to, given back, loaded anew, free again. */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type JournalRecord, record } from "../../lib/agent/state.ts";
import { ids } from "../../lib/aws/clock.ts";
import { labFile } from "../../lib/contracts/lab-file.ts";
import { type ApiClient, apiClient } from "../../lib/local/cli/api-client.ts";
import { importImage } from "../../lib/local/image-store.ts";
import { type Layout, layoutOf, settle, userKey } from "../../lib/local/layout.ts";
import { missingFor, rackKindOf } from "../../lib/local/rack/kinds.ts";
import { pickPort } from "../../lib/local/rack/ports.ts";
import { startStack } from "../../lib/local/stack.ts";
import { ssh } from "../../test/metal/support.ts";
import { leaving } from "../leave.ts";
import { loadsOf, poweredOnIn, type Work, workOf } from "./trace.ts";

export interface Cycle {
  readonly nodes: number;
  /** From the reservation's request until the user had logged in to all of them; and until all were free again. */
  readonly readyMs: number;
  readonly cycleMs: number;
  /** One for each load of a node: milliseconds, in the order of `parts`. */
  readonly loads: readonly (readonly number[])[];
  /** One for each node. */
  readonly work: readonly Work[];
}

const user = "student";
const lookEveryMs = 250;

export async function cycle(count: number): Promise<Cycle> {
  const missing = missingFor("qemu");
  if (missing.length > 0) throw new Error(`${missing.join(", ")} is not there: npm run build:metal`);
  const dir = mkdtempSync(join(tmpdir(), "rackwright-metal-"));
  const layout = layoutOf(dir);
  const example = labFile.parse(JSON.parse(readFileSync("examples/metal.json", "utf8")));
  const stack = await startStack({
    layout,
    settings: await settle(layout),
    lab: { ...example, nodes: example.nodes.slice(0, count) },
    apiPort: await pickPort(new Set()),
    // As it is deployed.
    watchdogSeconds: 60,
    rackKind: rackKindOf.qemu,
  });
  const stop = leaving(stack, dir);
  try {
    const api = apiClient(stack.api, stack.token);
    const content = await importImage(rackKindOf.qemu.image ?? "", layout.images);
    await api.registerImage({ id: "demo", ...content });
    const { refused } = await api.importLab(stack.lab);
    if (refused.length > 0) throw new Error(refused.join("; "));
    return await Promise.race([measured(api, layout, count), stack.failed]);
  } finally {
    await stop();
  }
}

async function measured(api: ApiClient, layout: Layout, count: number): Promise<Cycle> {
  await allFree(api);
  const key = userKey(layout);
  const id = ids.next("res");
  const reserved = { at: Date.now(), name: "the user's reservation" };
  await api.reserve({
    ...{ id, owner: "you", image: "demo", count, minutes: 60, user, publicKey: key.publicKey },
  });
  let view = await api.reservation(id);
  for (; view.state !== "reserved"; view = await api.reservation(id)) {
    if (["failed", "complete"].includes(view.state))
      throw new Error(`reservation ${id} is ${view.state}: ${view.cause?.message ?? "no reason given"}`);
    await pause(lookEveryMs);
  }
  for (const { address } of view.connections) await ssh(address, user, key.file, "hostname");
  const readyMs = Date.now() - reserved.at;
  const end = { at: Date.now(), name: "the user's end" };
  await api.end(id, "done");
  await allFree(api);
  const over = Date.now();
  const records = journalOf(layout);
  const names = view.nodes.map((node) => node.id);
  return {
    nodes: count,
    readyMs,
    cycleMs: over - reserved.at,
    loads: names.flatMap((node) => {
      const effects = readFileSync(join(layout.rack, "machines", node, "effects"), "utf8");
      return loadsOf(records, node, poweredOnIn(effects));
    }),
    work: names.map((node) => workOf(records, node, [reserved, end], over)),
  };
}

async function allFree(api: ApiClient): Promise<void> {
  for (;;) {
    const nodes = await api.nodes();
    const lost = nodes.find(({ state }) => state === "quarantined");
    if (lost !== undefined) throw new Error(`${lost.id} is quarantined`);
    if (nodes.length > 0 && nodes.every(({ state }) => state === "available")) return;
    await pause(lookEveryMs);
  }
}

const journalOf = ({ agent }: Layout): JournalRecord[] =>
  readFileSync(join(agent, "journal.jsonl"), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => record.parse(JSON.parse(line)));
