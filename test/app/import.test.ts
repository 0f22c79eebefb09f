/** A lab that its people change: what moves, what stays, and what nobody may have twice. */
import { expect, test } from "vitest";
import { enrol, importLab, importPart } from "../../lib/app/import-lab.ts";
import { viewClaims, viewInventory } from "../../lib/app/inventory.ts";
import { type LabFile, labFile, labPart } from "../../lib/contracts/lab-file.ts";
import { branded, isLabId } from "../../lib/core/ids.ts";
import { callsOf, knownOf, planOf } from "../../lib/inventory/plan.ts";
import { MemoryLab } from "./lab.ts";

const actor = { kind: "operator", name: "grace" } as const;
const lab = branded(isLabId, "green");
const gib = 2 ** 30;

interface Sketch {
  readonly id: string;
  readonly macs: readonly string[];
  readonly [field: string]: unknown;
}

const fileOf = (nodes: readonly Sketch[], change: object = {}): LabFile =>
  labFile.parse({
    schema: "rackwright.lab/1",
    lab: "green",
    controllers: ["mi-0123456789abcdef0"],
    racks: { g1: {} },
    ...change,
    nodes: nodes.map((node) => ({
      bmc: { driver: "redfish", address: `https://${node.id}`, credential: "bmc/green" },
      ...node,
    })),
  });

const mac = (last: number) => `52:54:00:aa:00:0${last}`;
const a = { id: "a", macs: [mac(1)], rack: { name: "g1", unit: 1 }, serial: "S1" };
const b = { id: "b", macs: [mac(2)], rack: { name: "g1", unit: 2 }, serial: "S2" };

const { app } = new MemoryLab();
const known = async () => {
  const view = await viewInventory(app, "green", 1000, null);
  return view === null ? null : knownOf([view]);
};
const owner = async (claim: string) => (await viewClaims(app, [claim])).held[0]?.node ?? null;

/** What the command line does: ask, plan, and make the calls of the plan. */
async function bring(file: LabFile) {
  const before = await known();
  const plan = planOf(file, before, []);
  const { first, releases, nodes } = callsOf(file, plan, before);
  for (const part of [first, ...releases, ...nodes])
    expect(await importPart(app, lab, labPart.parse(part), actor)).toMatchObject({ refused: [] });
  return plan;
}

test("R76: what identifies a node is written with it, and found by whoever asks", async () => {
  await bring(fileOf([a, b]));
  expect((await viewClaims(app, [`mac#${mac(1)}`, "serial#S2", "node#b", "serial#S9"])).held).toEqual([
    { claim: `mac#${mac(1)}`, node: "a", lab: "green" },
    { claim: "serial#S2", node: "b", lab: "green" },
    { claim: "node#b", node: "b", lab: "green" },
  ]);
});

test("the same file again changes nothing, and writes nothing", async () => {
  const before = await app.store.read("node", "a");
  const plan = await bring(fileOf([a, b]));
  expect(plan).toMatchObject({ added: [], changed: [], unchanged: 2 });
  expect(await app.store.read("node", "a")).toEqual(before);
});

test("two nodes swap their MACs, their places and their serial numbers", async () => {
  await bring(
    fileOf([
      { ...b, id: "a" },
      { ...a, id: "b" },
    ]),
  );
  expect(await owner(`mac#${mac(1)}`)).toBe("b");
  expect(await owner(`mac#${mac(2)}`)).toBe("a");
  expect(await owner("serial#S1")).toBe("b");
  expect(await owner("rack#green#g1#1")).toBe("b");
  const timeline = await app.store.timeline({ kind: "node", id: "a" }, 0, 100);
  expect(timeline.map(({ why }) => why)).toContain("its settings were changed: macs, rack, serial");
});

test("an import that dies after the first of them is finished by the next one", async () => {
  const file = fileOf([a, b]);
  const before = await known();
  const { first, releases } = callsOf(file, planOf(file, before, []), before);
  for (const part of [first, ...releases]) await importPart(app, lab, labPart.parse(part), actor);
  expect(await owner(`mac#${mac(1)}`)).toBeNull();
  await bring(file);
  expect(await owner(`mac#${mac(1)}`)).toBe("a");
  expect(planOf(file, await known(), [])).toMatchObject({ added: [], changed: [], unchanged: 2 });
});

test("two nodes swap their BMCs", async () => {
  const bmc = (name: string) => ({ driver: "redfish", address: `https://${name}`, credential: "bmc/green" });
  await bring(
    fileOf([
      { ...a, bmc: bmc("b") },
      { ...b, bmc: bmc("a") },
    ]),
  );
  expect(await owner("bmc#green#https://b#")).toBe("a");
  expect((await app.store.read("node-spec", "b"))?.power.address).toBe("https://a");
  await bring(fileOf([a, b]));
});

test("a MAC that was taken out of the file can be another node's afterwards", async () => {
  await bring(fileOf([{ ...a, macs: [mac(1), mac(5)] }, b]));
  await bring(fileOf([a, b]));
  expect(await owner(`mac#${mac(5)}`)).toBeNull();
  await bring(fileOf([a, { ...b, macs: [mac(2), mac(5)] }]));
  expect(await owner(`mac#${mac(5)}`)).toBe("b");
});

test("what another lab's node has is refused, and nothing of the node is written", async () => {
  const other = labFile.parse({ ...fileOf([{ id: "z", macs: [mac(1)] }]), lab: "red" });
  expect((await importLab(app, other, actor)).refused).toEqual([
    `node z: MAC ${mac(1)} is already that of node a`,
  ]);
  expect(await app.store.read("node-spec", "z")).toBeNull();
});

test("the same BMC address in two labs is two BMCs", async () => {
  const bmc = { driver: "redfish", address: "https://a", credential: "bmc/red" };
  const other = labFile.parse({ ...fileOf([{ id: "y", macs: [mac(7)], bmc }]), lab: "red" });
  expect(await importLab(app, other, actor)).toMatchObject({ enrolled: ["y"], refused: [] });
});

test("a single node is enrolled only into a place that there is", async () => {
  const [node] = fileOf([{ id: "c", macs: [mac(8)] }]).nodes;
  if (node === undefined) throw new Error("there is one");
  expect(await enrol(app, { ...node, lab, rack: { name: "g9", unit: 1, height: 1 } }, actor)).toEqual({
    kind: "refused",
    why: "node c: rack: there is no rack g9: racks has g1",
  });
  expect(await enrol(app, { ...node, lab, rack: { name: "g1", unit: 1, height: 1 } }, actor)).toEqual({
    kind: "refused",
    why: "node c: unit 1 of rack g1 is already that of node a",
  });
});

test("a node carries what its hardware has to offer, and keeps what others have found out", async () => {
  const hardware = { cpus: 8, memoryMiB: 4096, disks: [{ name: "sda", sizeBytes: 10 * gib }] };
  await bring(fileOf([{ ...a, hardware }, b]));
  expect((await app.store.read("node", "a"))?.capacity).toEqual({
    cpus: 8,
    memoryMiB: 4096,
    diskGiB: 10,
    nics: 0,
    features: [],
  });
  await bring(fileOf([a, b]));
  expect((await app.store.read("node", "a"))?.capacity).toBeNull();
});

test("a part of a lab that nobody has imported is refused", async () => {
  const { nodes } = fileOf([a]);
  expect(await importPart(app, branded(isLabId, "none"), labPart.parse({ nodes }), actor)).toBeNull();
});

test("a node of another lab gives nothing up", async () => {
  const claim = `mac#${mac(1)}`;
  await importPart(app, branded(isLabId, "red"), labPart.parse({ release: [{ node: "a", claim }] }), actor);
  expect(await owner(claim)).toBe("a");
});
