/**
 * A day in a lab in memory, and of everything that it stored or sent as much as shows each shape once, a line of JSON each.
 * It is run within the tree of the commit that is recorded (test/upgrade/record.ts), so it uses what that tree has.
 */
import { advanceNode } from "../../lib/app/advance-node.ts";
import { makeBlock, watchBlocks } from "../../lib/app/blocks.ts";
import { collectImages } from "../../lib/app/collect.ts";
import { giveBack } from "../../lib/app/hardware-log.ts";
import { enrol, importLab } from "../../lib/app/import-lab.ts";
import { ingestReports } from "../../lib/app/ingest-reports.ts";
import { preload } from "../../lib/app/preload.ts";
import { changeImage, registerImage } from "../../lib/app/register-image.ts";
import { readConsole } from "../../lib/app/serial-console.ts";
import { setProject } from "../../lib/app/set-project.ts";
import { watchLabs, watchPower } from "../../lib/app/watch.ts";
import { blockBody } from "../../lib/contracts/block.ts";
import { labFile, labNode } from "../../lib/contracts/lab-file.ts";
import { reports } from "../../lib/contracts/report.ts";
import { codecs, type Kind } from "../../lib/contracts/stored.ts";
import { wakeSchema } from "../../lib/contracts/wake.ts";
import { branded, isBlockId, isImageId, isLabId, isProjectId } from "../../lib/core/ids.ts";
import { jobOf } from "../../lib/core/node/node.ts";
import { instant } from "../../lib/core/time.ts";
import { controller, MemoryLab } from "../app/lab.ts";

/** What a place in a value says of its shape: these words are kinds of things, any other text is a name. */
const telling =
  /^(state|last|kind|verb|program|stage|step|purpose|outcome|status|phase|rung|correction|how)$/;

function placesIn(value: unknown, path: string): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => placesIn(each, `${path}[]`));
  if (typeof value === "object" && value !== null)
    return Object.entries(value).flatMap(([key, each]) => placesIn(each, `${path}.${key}`));
  const word = path.slice(path.lastIndexOf(".") + 1);
  return [`${path}:${telling.test(word) ? String(value) : value === null ? "null" : typeof value}`];
}

const seen = new Set<string>();

/** Kept if it shows anything that nothing before it has shown. */
function record(what: string, value: unknown): void {
  const fresh = placesIn(value, what).filter((place) => !seen.has(place));
  if (fresh.length === 0) return;
  for (const place of fresh) seen.add(place);
  process.stdout.write(`${JSON.stringify({ what, value })}\n`);
}

const lab = new MemoryLab();
const { commit } = lab.store;
lab.store.commit = async (writes) => {
  for (const { kind, value } of writes) {
    const stored: Kind = kind;
    record(`stored ${kind}`, { schema: codecs[stored].schema, body: value });
  }
  return commit(writes);
};
const { wake } = lab.queue;
lab.queue.wake = async (wakes, now) => {
  // In which group it waits is the queue's business, and stands in no message.
  for (const { group: _, ...each } of wakes) record("wake", { schema: wakeSchema, ...each });
  return wake(wakes, now);
};
lab.loseReport = (report) => {
  const journal = "0123456789abcdef";
  record("reports", { schema: "rackwright.reports/1", controller, journal, reports: [report] });
  return false;
};
const { send } = lab.hands;
lab.hands.send = async (to, commands) => {
  for (const each of commands) record("delivery", { schema: "rackwright.delivery/1", commands: [each] });
  return send(to, commands);
};

async function job(message: Readonly<Record<string, unknown>>): Promise<void> {
  record("job", { schema: "rackwright.job/1", ...message });
  await lab.job(message);
}
const common = { owner: "ada", publicKey: `ssh-ed25519 ${"A".repeat(40)}`, minutes: 60 };
const isFree = async () => (await lab.nodes()).every(({ provision }) => provision.state === "available");
const operator = { kind: "operator", name: "ada" } as const;

/** As much as a BMC may tell; in the tree of a version that does not ask it, nobody does. */
Object.assign(lab, {
  bmcTells: () => ({ cpus: 8, memoryMiB: 1024, firmware: "1", uuid: "u-1", serial: "SN1" }),
});
await lab.open(4);
const quota = { nodesAtOnce: 10, hoursAhead: 100, longestMinutes: 600 };
const team = branded(isProjectId, "team");
await setProject(lab.app, { id: team, members: ["ada"], quota }, null);

// Served twice: the second time the image is on the node; its user logs in, so that it is loaded again.
for (const id of ["first", "second"]) {
  await job({ kind: "reserve", id, image: "demo", project: "team", ...common });
  await lab.until(lab.isIn(id, "reserved"));
  const node = (await lab.nodes()).find(({ provision }) => provision.state === "in-use");
  if (node === undefined) throw new Error("nobody is in use");
  await job({ kind: "extend", id: `longer-${id}`, reservation: id, end: lab.now + 7_200_000 });
  if (id === "second") lab.logIn(node);
  await job({ kind: "power", id: `cycle-${id}`, node: node.id, change: "cycle", reason: "it is stuck" });
  await lab.until(async () => (await lab.store.read("job", `cycle-${id}`))?.state === "done");
  await job({ kind: "end", id: `end-${id}`, reservation: id, reason: "enough" });
  await lab.until(lab.isIn(id, "complete"));
  await lab.until(isFree);
}

// A cluster, and a node that hangs for good: its hardware log, a budget that was spent, a node that is given back.
const sha256 = "cd".repeat(32);
const newer = { id: lab.image, buildSystem: "netboot-image", osModule: "linux", sha256, sizeBytes: 2000 };
await registerImage(lab.app, newer);
const roles = [{ name: "head", image: "demo", count: 1 }];
await job({ kind: "reserve", id: "cluster", roles, ...common, minutes: 24 * 60 });
await lab.until(async () => (await lab.nodes()).some((node) => jobOf(node)?.step === "wait-for-os"));
const sick = (await lab.nodes()).find((node) => jobOf(node)?.step === "wait-for-os")?.id ?? "";
const isQuarantined = async () => (await lab.store.read("node", sick))?.provision.state === "quarantined";
await lab.until(async () => {
  lab.hang(sick);
  return isQuarantined();
});
await giveBack(lab.app, sick, "looked at", operator);
await lab.until(lab.isIn("cluster", "reserved"));

// Everything else that an operator and the watchdogs do.
const [first] = await lab.nodes();
const other = (await lab.nodes()).find(({ provision }) => provision.state === "available") ?? first;
if (other === undefined) throw new Error("no node");
const loan = { to: "bob", until: null, reason: "a demo" };
await advanceNode(lab.app, other.id, { kind: "loan", loan, reason: "a demo", actor: operator });
await job({ kind: "reload", id: "again", node: other.id, image: "demo" });
await job({ kind: "inspect", id: "look", node: other.id });
await advanceNode(lab.app, other.id, { kind: "offline", reason: "a fan", actor: operator });
await lab.until(async () => (await lab.store.read("node", other.id))?.administrative.handsOffAt !== null);
await advanceNode(lab.app, other.id, { kind: "online", reason: "done", actor: operator });
await job({ kind: "reserve", id: "later", image: "demo", ...common, start: lab.now + 40 * 3_600_000 });
const {
  id: _,
  starts,
  ...request
} = blockBody.parse({
  id: "tuesdays",
  starts: [lab.now + 50 * 3_600_000],
  image: "demo",
});
const block = {
  id: branded(isBlockId, "tuesdays"),
  version: 1,
  owner: common.owner,
  bound: true,
  request,
  starts,
  made: 0,
  refused: [],
  ended: null,
};
await makeBlock(lab.app, block, operator);
await watchBlocks(lab.app);
await watchLabs(lab.app);
await watchPower(lab.app);
await preload(lab.app);
await lab.app.outbox.flush();
// An old revision that is collected, and removed by a node's agent.
const oldSha256 = "ef".repeat(32);
const course = { ...newer, id: branded(isImageId, "course") };
await registerImage(lab.app, { ...course, sha256: oldSha256 });
await registerImage(lab.app, course);
await changeImage(lab.app, "course", { keep: { revisions: 0, days: 1 } }, null);
const old = (await lab.store.revisions("course")).find(({ content }) => content?.sha256 === oldSha256);
if (old === undefined) throw new Error("no old revision");
const registeredAt = instant(lab.now - 3 * 24 * 3_600_000);
await lab.store.commit([{ kind: "revision", value: { ...old, registeredAt }, expect: "any" }]);
const isRemoved = async () =>
  (await lab.store.read("revision", old.revision))?.collected?.removedFrom.length === 1;
await lab.until(async () => {
  await collectImages(lab.app);
  return isRemoved();
});
const installation = (await lab.store.read("node", other.id))?.disk.installation;
await lab.store.commit([
  {
    kind: "progress",
    value: {
      node: other.id,
      installation: installation ?? "none",
      boot: "boot-1",
      doneBytes: 1,
      totalBytes: 2,
      at: lab.now,
    },
    expect: "any",
  },
]);
// Another lab, as its people describe it, and machines there that tell of themselves.
const uuid = "7a1d0c52-0000-4000-8000-000000000001";
const greenController = "mi-0123456789abcdef1";
const bmc = (address: string) => ({ driver: "redfish", address, credential: "bmc/green" });
const green = labFile.parse({
  schema: "rackwright.lab/1",
  lab: "green",
  controllers: [greenController],
  racks: { r1: { units: 42, location: "cellar" } },
  powerDomains: { pdu1: { address: "pdu1", outlets: 24, rack: "r1" } },
  switches: { sw1: {} },
  nodes: [
    {
      id: "green-01",
      bmc: bmc("https://bmc-1"),
      uuid,
      rack: { name: "r1", unit: 3 },
      outlets: [{ domain: "pdu1", outlet: "5" }],
    },
    {
      id: "green-02",
      bmc: bmc("https://bmc-2"),
      switchPort: { switch: "sw1", port: "Eth1/5" },
      serial: "SN2",
      assetTag: "inv-2",
    },
  ],
});
await importLab(lab.app, green, operator);
for (const [number, system] of [
  [1, { uuid, manufacturer: "Acme", product: "R1" }],
  [2, { serial: "SN2" }],
  [3, {}],
] as const) {
  const mac = `52:54:00:c0:00:0${number}`;
  const hardware = {
    cpus: 16,
    memoryMiB: 65_536,
    disks: [{ name: "sda", sizeBytes: 480_000_000_000, serial: `disk-${number}` }],
    nics: [{ mac, name: "eth0", link: "up", speedMbps: 10_000 }],
    lldp: [{ mac, chassis: "00:11:22:33:44:55", systemName: "sw1", port: "eth1/7" }],
    firmware: { vendor: "Acme", version: "1.2" },
    system,
  };
  const found = { lab: "green", mac, node: null, at: lab.now, hardware };
  const told = {
    schema: "rackwright.reports/1",
    controller: greenController,
    journal: "0123456789abcdef",
    reports: [{ kind: "found", found }],
  };
  record("reports", told);
  const { refused } = await ingestReports(lab.app, reports.parse(told), `AROALAB:${greenController}`);
  if (refused.length > 0) throw new Error(refused.join());
}

// Somebody reads the console of a node.
const withConsole = labNode.parse({
  id: "node-01",
  macs: ["52:54:00:00:00:00"],
  bmc: { driver: "redfish", address: "https://node-01", credential: "bmc/blue" },
  console: { driver: "ipmi-sol", address: "10.0.0.1", credential: "bmc/blue" },
});
await enrol(lab.app, { ...withConsole, lab: branded(isLabId, "blue") }, operator);
await readConsole(lab.app, "node-01", {
  seen: 0,
  waitMs: 0,
  sleep: async () => {},
  from: async () => lab.now,
});
record("receipt", {
  schema: "rackwright.receipt/1",
  journal: "0123456789abcdef",
  commands: [
    { verdict: "accepted", id: "a.1" },
    { verdict: "known", id: "a.2", status: "running", result: null },
    { verdict: "refused", id: "a.3", reason: "expired" },
  ],
});
