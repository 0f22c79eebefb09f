/**
 * The virtual rack: software machines that stand in for real ones, in a process of its own, so that they live on when
 * everything else dies. `node lib/local/rack/main.ts --config FILE`; SIGTERM freezes, starting again thaws.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { startOf } from "../../agent/living.ts";
import { explain } from "../../contracts/scalars.ts";
import type { NodeId } from "../../core/ids.ts";
import { type Bmc, startBmc } from "./bmc.ts";
import { selfSignedCertificate } from "./certificate.ts";
import { type RackConfig, rackConfig } from "./config.ts";
import { startControl } from "./control.ts";
import { createMachine, type Machine } from "./machine.ts";
import { newNodeState } from "./node-state.ts";
import { choosePort } from "./ports.ts";
import { type SerialPort, startSerialPort } from "./serial.ts";
import { RackStore } from "./store.ts";

async function main(config: RackConfig): Promise<void> {
  const store = new RackStore(config.dir);
  const before = store.readRackFile();
  const taken = new Set<number>();
  const certificate = selfSignedCertificate();
  const controlPort = await choosePort(config.controlPort, before?.controlPort, taken);
  const nodes: {
    id: NodeId;
    machine: Machine;
    bmc: Bmc;
    serial: SerialPort;
    bmcPort: number;
    sshPort: number;
    consolePort: number;
  }[] = [];
  for (const node of config.nodes) {
    const last = before?.nodes.find(({ id }) => id === node.id);
    const bmcPort = await choosePort(node.bmcPort, last?.bmcPort, taken);
    const sshPort = await choosePort(0, last?.sshPort, taken);
    const consolePort = await choosePort(node.consolePort, last?.consolePort, taken);
    const serial = await startSerialPort(consolePort);
    const state =
      store.readNode(node.id) ??
      newNodeState(
        node.id,
        config.faults.filter((fault) => fault.node === node.id),
      );
    const machine = createMachine({ node, config, store, sshPort, bmcPort, state, print: serial.print });
    const bmc = await startBmc({
      machine,
      port: bmcPort,
      credential: config.credential,
      quirks: node.quirks,
      certificate,
      store,
    });
    nodes.push({ id: node.id, machine, bmc, serial, bmcPort, sshPort, consolePort });
  }
  const stopControl = await startControl({
    port: controlPort,
    machines: new Map(nodes.map(({ id, machine }) => [id, machine])),
    ports: new Map(nodes.map(({ id, bmcPort, sshPort }) => [id, { bmcPort, sshPort }])),
    store,
    faultsChanged: async (id) => {
      const node = nodes.find((each) => each.id === id);
      await node?.bmc.setAlive(!node.machine.state().faults.some(({ kind }) => kind === "dead-bmc"));
    },
  });
  for (const { machine } of nodes) machine.thaw();
  const file = {
    pid: process.pid,
    processStart: startOf(process.pid),
    controlPort,
    nodes: nodes.map(({ id, bmcPort, sshPort, consolePort }) => ({ id, bmcPort, sshPort, consolePort })),
  };
  store.writeRackFile(file);
  process.stdout.write(`${JSON.stringify({ ready: true, ...file })}\n`);

  process.once("SIGTERM", () => {
    void Promise.all([
      stopControl(),
      ...nodes.flatMap(({ machine, bmc, serial }) => [machine.freeze(), bmc.stop(), serial.stop()]),
    ]).then(() => process.exit(0));
  });
}

const { values } = parseArgs({ options: { config: { type: "string" } } });
if (values.config === undefined) throw new Error("usage: rack/main.ts --config FILE");
const parsed = rackConfig.safeParse(JSON.parse(readFileSync(values.config, "utf8")));
if (!parsed.success) throw new Error(`${values.config}: ${explain(parsed.error)}`);
await main(parsed.data);
