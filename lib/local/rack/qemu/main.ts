/**
 * The QEMU rack: real machines in software, with real BMCs. `node lib/local/rack/qemu/main.ts --config FILE`, told and
 * telling as the virtual rack does. Killed, it leaves its machines running and finds them again; SIGTERM pulls every plug,
 * and the disks keep what is on them.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startOf } from "../../../agent/living.ts";
import { explain } from "../../../contracts/scalars.ts";
import type { NodeId } from "../../../core/ids.ts";
import { type RackConfig, rackConfig } from "../config.ts";
import { choosePort } from "../ports.ts";
import { RackStore } from "../store.ts";
import { startControl } from "./control.ts";
import { createMachine, type QemuMachine } from "./machine.ts";
import { openNetwork } from "./network.ts";
import { startWire } from "./serial.ts";

async function main(config: RackConfig): Promise<void> {
  const store = new RackStore(config.dir);
  const before = store.readRackFile();
  const network =
    config.network === undefined ? null : openNetwork(config.network, config.bootServer, config.dir);
  const taken = new Set<number>();
  const controlPort = await choosePort(config.controlPort, before?.controlPort, taken);
  const machines = new Map<string, QemuMachine>();
  const nodes: { id: NodeId; bmcPort: number; sshPort: number; consolePort: number }[] = [];
  for (const [index, node] of config.nodes.entries()) {
    const last = before?.nodes.find(({ id }) => id === node.id);
    const bmcPort = last?.bmcPort ?? (await choosePort(node.bmcPort, undefined, taken));
    // A machine that still runs has its port already, so it does not look free.
    const sshPort = last?.sshPort ?? (await choosePort(0, undefined, taken));
    const consolePort = await choosePort(node.consolePort, last?.consolePort, taken);
    taken.add(bmcPort).add(sshPort);
    nodes.push({ id: node.id, bmcPort, sshPort, consolePort });
    const dir = join(config.dir, "machines", node.id);
    await startWire(join(dir, "console.log"), consolePort);
    const tap = network?.tap(index) ?? null;
    machines.set(node.id, createMachine({ node, config, dir, bmcPort, sshPort, consolePort, tap }));
  }
  const stopControl = await startControl(controlPort, machines);
  const file = { pid: process.pid, processStart: startOf(process.pid), controlPort, nodes };
  store.writeRackFile(file);
  process.stdout.write(`${JSON.stringify({ ready: true, ...file })}\n`);

  process.once("SIGTERM", () => {
    for (const machine of machines.values()) machine.stop();
    network?.close();
    void stopControl().then(() => process.exit(0));
  });
}

const { values } = parseArgs({ options: { config: { type: "string" } } });
if (values.config === undefined) throw new Error("usage: rack/qemu/main.ts --config FILE");
const parsed = rackConfig.safeParse(JSON.parse(readFileSync(values.config, "utf8")));
if (!parsed.success) throw new Error(`${values.config}: ${explain(parsed.error)}`);
await main(parsed.data);
