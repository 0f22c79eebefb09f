/** What Chiba City calls “set node”: an identified node is told what it is to be built as, and all that this takes. */
import { expect, test } from "vitest";
import { importLab } from "../../lib/app/import-lab.ts";
import { labFile } from "../../lib/contracts/lab-file.ts";
import { controller, MemoryLab } from "./lab.ts";

const operator = { kind: "operator", name: "ada" } as const;
const mac = "52:54:00:00:00:00";

/** The lab of one node, at a port of a switch that is driven. */
async function aWiredLab(): Promise<MemoryLab> {
  const lab = await new MemoryLab().open(1);
  const file = labFile.parse({
    schema: "rackwright.lab/1",
    lab: "blue",
    controllers: [controller],
    switches: { top: { driver: "vlan", address: "10.0.0.1", provisioning: { vlan: "20" } } },
    nodes: [
      {
        id: "node-01",
        macs: [mac],
        bmc: { driver: "redfish", address: "https://node-01", credential: "bmc/blue" },
        switchPort: { switch: "top", port: "7" },
      },
    ],
  });
  await importLab(lab.app, file, operator);
  await lab.app.outbox.flush();
  return lab;
}

const commandsOf = (lab: MemoryLab) => lab.hands.deliveries.flatMap(({ commands }) => commands);
const isLoaded = (lab: MemoryLab) => async () => {
  const [node] = await lab.nodes();
  return node?.provision.state === "available" && node.disk.revision !== null;
};

test("R71: what builds a node is told all that it takes: image, revision, interfaces, power, and its network", async () => {
  const lab = await aWiredLab();
  await lab.job({ kind: "reload", id: "set-1", node: "node-01", image: "demo" });
  await lab.until(isLoaded(lab));
  const commands = commandsOf(lab);
  const actions = commands.flatMap((each) => each.actions);
  const image = await lab.store.read("image", lab.image);
  expect(actions.find(({ verb }) => verb === "netboot.set")).toMatchObject({
    revision: image?.production,
    image: { sha256: "ab".repeat(32), sizeBytes: 1000 },
  });
  expect(actions.find(({ verb }) => verb === "network.apply")).toMatchObject({
    port: "7",
    purpose: "provisioning",
    wish: { vlan: "20" },
  });
  const power = { driver: "redfish", address: "https://node-01", credential: "bmc/blue" };
  expect(commands.at(-1)?.target).toMatchObject({ macs: [mac], power });
});

test("R72: a node is set once, however often it is said; set anew, it is built anew", async () => {
  const lab = await aWiredLab();
  const builds = () =>
    commandsOf(lab).flatMap(({ actions }) => actions.filter(({ verb }) => verb === "netboot.set")).length;
  const set = { kind: "reload", id: "set-1", node: "node-01", image: "demo" };
  for (let times = 0; times < 3; times += 1) await lab.job(set);
  await lab.until(isLoaded(lab));
  await lab.job(set);
  const from = lab.now;
  await lab.until(async () => lab.now - from > 600_000);
  expect(builds()).toBe(1);
  expect(await lab.store.read("job", "set-1")).toMatchObject({ state: "done" });
  await lab.job({ ...set, id: "set-2" });
  await lab.until(async () => (await lab.store.read("job", "set-2"))?.state === "done");
  expect(builds()).toBe(2);
});
