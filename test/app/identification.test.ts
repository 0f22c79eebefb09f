/** Machines that tell of themselves become nodes, or are held with a reason; what has changed in them is found and named. */
import { beforeEach, describe, expect, test } from "vitest";
import { acceptJob } from "../../lib/app/accept-job.ts";
import { closeIssue } from "../../lib/app/hardware-log.ts";
import { importLab } from "../../lib/app/import-lab.ts";
import { ingestReports } from "../../lib/app/ingest-reports.ts";
import { claimMachine, forgetMachine, viewMachines } from "../../lib/app/machines.ts";
import { eventOf } from "../../lib/app/publish.ts";
import { claimBody } from "../../lib/contracts/identification.ts";
import { jobMessage } from "../../lib/contracts/job.ts";
import { labFile } from "../../lib/contracts/lab-file.ts";
import { reports } from "../../lib/contracts/report.ts";
import type { Hardware } from "../../lib/core/node/hardware.ts";
import type { NodeState } from "../../lib/core/node/node.ts";
import { after } from "../../lib/core/time.ts";
import type { HardwareIssue } from "../../lib/core/timeline.ts";
import { controller, MemoryLab } from "./lab.ts";

const operator = { kind: "operator", name: "ada" } as const;
const uuid = (last: number) => `7a1d0c52-0000-4000-8000-${String(last).padStart(12, "0")}`;
const mac = (last: number) => `52:54:00:c0:00:${String(last).padStart(2, "0")}`;

/** A machine of the same making, told apart by its number. */
const machine = (number: number, change: Partial<Hardware> = {}): Hardware => ({
  cpus: 16,
  memoryMiB: 65_536,
  disks: [{ name: "sda", sizeBytes: 480e9, serial: `disk-${number}` }],
  nics: [{ mac: mac(number), name: "eth0", link: "up", speedMbps: 10_000 }],
  firmware: { vendor: "Acme", version: "1.2" },
  system: { manufacturer: "Acme", product: "R1", uuid: uuid(number), serial: `SN${number}` },
  ...change,
});
const at = (port: string, number: number): Pick<Hardware, "lldp"> => ({
  lldp: [{ mac: mac(number), chassis: "00:11:22:33:44:55", systemName: "sw1", port }],
});

let lab: MemoryLab;
beforeEach(() => {
  lab = new MemoryLab();
});

const node = (id: string, more: object = {}) => ({
  id,
  bmc: { driver: "redfish", address: `https://bmc-${id}`, credential: "bmc/blue" },
  ...more,
});

const open = (nodes: object[], more: object = {}, name = "blue") =>
  importLab(
    lab.app,
    labFile.parse({
      schema: "rackwright.lab/1",
      lab: name,
      controllers: [controller],
      switches: { sw1: {} },
      nodes,
      ...more,
    }),
    operator,
  );

/** What the agent tells of a machine, each time a little later. */
async function sees(hardware: Hardware, more: object = {}): Promise<readonly string[]> {
  lab.now = after(lab.now, 60_000);
  const found = { lab: "blue", mac: hardware.nics[0]?.mac, node: null, at: lab.now, hardware, ...more };
  const message = { schema: "rackwright.reports/1", controller, journal: "0123456789abcdef" };
  const body = reports.parse({ ...message, reports: [{ kind: "found", found }] });
  const { refused } = await ingestReports(lab.app, body, `AROALAB:${controller}`);
  // The same message comes twice: that is the queue's right.
  await ingestReports(lab.app, body, `AROALAB:${controller}`);
  return refused;
}

const machines = async () => (await viewMachines(lab.store, "blue", 100, null)).machines;
const held = async () => (await machines()).filter(({ state }) => state === "held");
const stateOf = async (id: string): Promise<NodeState> => {
  const state = await lab.store.read("node", id);
  if (state === null) throw new Error(`no node ${id}`);
  return state;
};
const openIssues = async (id: string): Promise<HardwareIssue[]> =>
  (await lab.store.issues(id)).filter(({ state }) => state === "open");
const claim = (id: string, body: object) =>
  claimMachine(lab.app, "blue", id, claimBody.parse(body), operator);
const entries = (id: string) => lab.store.timeline({ kind: "node", id }, 0, 100);

describe("a node whose interfaces nobody knows", () => {
  test("is unidentified: nothing can be built on it (R73)", async () => {
    await open([node("node-01")]);
    expect((await stateOf("node-01")).provision).toEqual({ state: "unidentified" });
    const job = jobMessage.parse({
      schema: "rackwright.job/1",
      kind: "inspect",
      id: "too-early",
      node: "node-01",
    });
    expect(await acceptJob(lab.app, job, operator)).toMatchObject({
      ok: false,
      fault: { code: "node-unidentified" },
    });
  });

  test("gets the machine that a strategy of the chain names: UUID, serial number, BMC, switch port, order of appearance (R76, R78, R81)", async () => {
    await open(
      [
        node("by-uuid", { uuid: uuid(1) }),
        node("by-serial", { serial: "sn2" }),
        node("by-asset", { assetTag: "inv-0003" }),
        node("by-bmc"),
        node("by-port", { switchPort: { switch: "sw1", port: "Eth1/5" } }),
        node("first"),
        node("second"),
      ],
      { identification: { order: ["first", "second"] } },
    );
    await sees(machine(1));
    await sees(machine(2));
    await sees(machine(3, { system: { assetTag: "INV-0003", serial: "To Be Filled By O.E.M." } }));
    await sees(machine(4), { bmcAddress: "bmc-by-bmc" });
    await sees(machine(5, at("eth1/5", 5)));
    await sees(machine(6));
    await sees(machine(7));
    const known = Object.fromEntries((await machines()).map((each) => [each.node, each.why]));
    expect(known).toMatchObject({
      "by-uuid": `uuid: UUID ${uuid(1)}`,
      "by-serial": "serial: serial number sn2",
      "by-asset": "asset-tag: asset tag inv-0003",
      "by-bmc": "bmc-address: BMC bmc-by-bmc",
      "by-port": "switch-port: switch port sw1/eth1/5",
      first: expect.stringContaining("order: "),
      second: expect.stringContaining("order: "),
    });
    for (const id of Object.keys(known)) expect((await stateOf(id)).provision.state, id).toBe("enrolled");
    expect((await lab.store.read("node-spec", "first"))?.macs).toEqual([mac(6)]);
  });

  test("is told of once when its machine is found, and is inspected then (R82, R83)", async () => {
    await open([node("node-01", { uuid: uuid(1) })]);
    await sees(machine(1));
    await sees(machine(1));
    await sees(machine(1));
    const types = (await entries("node-01")).map(
      (value) => eventOf({ kind: "timeline", value }, "blue").type,
    );
    expect(types).toEqual(["node.unidentified", "node.identified"]);
    expect((await stateOf("node-01")).provision).toMatchObject({ job: { program: "inspect" } });
    expect(await machines()).toMatchObject([{ node: "node-01", boots: 3 }]);
  });

  test("is tested before anybody gets it, where its lab wants that", async () => {
    const burnIn = { minutes: 30 };
    await open([node("node-01", { uuid: uuid(1) })], { identification: { burnIn } });
    await sees(machine(1));
    const waiting = (await stateOf("node-01")).waiting;
    expect(waiting).toMatchObject([{ program: "burn-in", order: { minutes: 30, test: null } }]);
  });

  test("keeps what its machine has told when the lab file comes again", async () => {
    const file = [node("node-01", { uuid: uuid(1) })];
    await open(file);
    await sees(machine(1));
    await open(file);
    expect((await lab.store.read("node-spec", "node-01"))?.macs).toEqual([mac(1)]);
  });

  test("is found by the UUID that old firmware writes the other way round", async () => {
    await open([node("node-01", { uuid: "33221100-5544-7766-8899-aabbccddeeff" })]);
    await sees(machine(1, { system: { uuid: "00112233-4455-6677-8899-AABBCCDDEEFF" } }));
    expect(await machines()).toMatchObject([{ node: "node-01" }]);
  });
});

describe("a machine that cannot be told for sure is held, and nothing is built on it", () => {
  test("one that nobody knows: with its facts, until somebody forgets or claims it", async () => {
    await open([node("node-01")]);
    await sees(machine(9));
    const [found] = await held();
    expect(found).toMatchObject({ reason: "unknown", hardware: { memoryMiB: 65_536 }, boots: 1 });
    expect(found?.why).toContain("Claim it by hand");
    await forgetMachine(lab.app, "blue", found?.id ?? "");
    expect(await machines()).toEqual([]);
    await sees(machine(9));
    expect(await held()).toMatchObject([{ reason: "unknown", boots: 1 }]);
  });

  test("one whose words contradict each other: claimed by hand it becomes the node that a person says, and stays it", async () => {
    await open([node("node-01", { uuid: uuid(1) }), node("node-02", { serial: "SN1" })]);
    await sees(machine(1));
    const [found] = await held();
    expect(found).toMatchObject({ reason: "ambiguous", candidates: ["node-01", "node-02"] });
    expect(found?.why).toContain(
      `its UUID ${uuid(1)} is that of node-01, its serial number sn1 is that of node-02`,
    );
    expect(await claim(found?.id ?? "", { node: "node-01" })).toMatchObject({ ok: true });
    expect(await claim(found?.id ?? "", { node: "node-01" })).toMatchObject({ ok: true });
    expect((await stateOf("node-01")).provision.state).toBe("enrolled");
    await sees(machine(1));
    expect(await machines()).toMatchObject([
      { state: "identified", node: "node-01", why: expect.stringContaining("ada") },
    ]);
    expect((await stateOf("node-02")).provision.state).toBe("unidentified");
  });

  test("one can be claimed as a new node, with its class and its BMC", async () => {
    await open([node("node-01")]);
    await sees(machine(9));
    const [found] = await held();
    const bmc = { driver: "redfish", address: "https://10.0.0.9", credential: "bmc/blue" };
    expect(await claim(found?.id ?? "", { node: "node-99" })).toMatchObject({
      fault: { code: "node-unknown" },
    });
    expect(await claim(found?.id ?? "", { node: "node-99", class: "gpu", bmc })).toMatchObject({ ok: true });
    expect(await stateOf("node-99")).toMatchObject({ class: "gpu", provision: { state: "enrolled" } });
    expect((await lab.store.read("node-spec", "node-99"))?.macs).toEqual([mac(9)]);
  });

  test("one that a rule of the lab fits becomes a node of the rule's class, by its hardware", async () => {
    const rule = {
      name: "large",
      minimum: { memoryMiB: 60_000 },
      manufacturer: "acme",
      class: "large",
      nodeName: "large-{serial}",
      power: { driver: "redfish", address: "https://{bmc}", credential: "bmc/blue" },
    };
    await open([node("node-01")], { identification: { rules: [rule] } });
    await sees(machine(7, { memoryMiB: 1024 }));
    await sees(machine(8));
    await sees(machine(9), { bmcAddress: "10.0.0.9" });
    expect((await held()).map(({ why }) => why)).toEqual([
      expect.not.stringContaining("rule"),
      expect.stringContaining("rule large fits, but wants its BMC's address"),
    ]);
    expect(await stateOf("large-sn9")).toMatchObject({ class: "large", provision: { state: "enrolled" } });
    expect((await lab.store.read("node-spec", "large-sn9"))?.power.address).toBe("https://10.0.0.9");
  });

  test("no more are taken down than a person can look at: the rest is refused with a reason", async () => {
    await open([node("node-01")]);
    const some = (number: number) =>
      machine(1, {
        system: {},
        nics: [{ mac: `52:54:00:c1:${Math.floor(number / 100)}0:${String(number % 100).padStart(2, "0")}` }],
      });
    for (let number = 0; number < 200; number += 1) expect(await sees(some(number))).toEqual([]);
    expect(await sees(some(200))).toEqual([expect.stringContaining("claim or forget some")]);
    expect(await sees(some(7))).toEqual([]);
  });

  test("a controller is believed only about its own lab", async () => {
    await open([node("node-01")]);
    expect(await sees(machine(1), { lab: "red" })).toEqual([
      expect.stringContaining("is not a controller of lab red"),
    ]);
  });
});

describe("what the allocator knows of a machine", () => {
  const capacity = async () => (await stateOf("node-01")).capacity;

  test("comes from the machine, where its people do not say: when it is found, and when it is only loaded", async () => {
    await open([node("node-01", { macs: [mac(1)] })]);
    expect(await capacity()).toBeNull();
    await sees(machine(1), { node: "node-01" });
    expect(await capacity()).toMatchObject({ cpus: 16, memoryMiB: 65_536, diskGiB: 447 });
    expect((await stateOf("node-01")).provision.state).toBe("enrolled");
    await sees(machine(1, { memoryMiB: 32_768 }));
    expect(await capacity()).toMatchObject({ memoryMiB: 32_768 });
  });

  test("comes from its people, where they say it", async () => {
    const hardware = { cpus: 4, memoryMiB: 1024 };
    await open([node("node-01", { uuid: uuid(1), hardware })]);
    await sees(machine(1));
    expect(await capacity()).toMatchObject(hardware);
  });
});

describe("what has changed in a machine is found and named in plain words", () => {
  const sighted = async (): Promise<void> => {
    await open([
      node("node-01", { uuid: uuid(1), switchPort: { switch: "sw1", port: "1" } }),
      node("node-02", { uuid: uuid(2), switchPort: { switch: "sw1", port: "2" } }),
    ]);
    await sees(machine(1, at("1", 1)));
    await sees(machine(2, at("2", 2)));
    expect(await openIssues("node-01")).toEqual([]);
  };
  const issuesNow = async (id = "node-01") =>
    (await openIssues(id)).map(({ fault, blocking }) => [fault.code, fault.message, blocking]);

  test("a lost DIMM blocks the node; with the memory back the issue is closed by itself", async () => {
    await sighted();
    await sees(machine(1, { ...at("1", 1), memoryMiB: 32_768 }));
    expect(await issuesNow()).toEqual([
      [
        "memory-lost",
        expect.stringContaining("it has 32 GiB of memory, and had 64 GiB: a memory module (DIMM) is lost"),
        true,
      ],
    ]);
    expect((await stateOf("node-01")).openIssues).toHaveLength(1);
    await sees(machine(1, { ...at("1", 1), memoryMiB: 32_768, cpus: 16 }));
    expect(await issuesNow()).toHaveLength(1);
    await sees(machine(1, at("1", 1)));
    expect(await issuesNow()).toEqual([]);
  });

  test("a person who closes such an issue takes the machine as it is", async () => {
    await sighted();
    const less = machine(1, { ...at("1", 1), memoryMiB: 32_768 });
    await sees(less);
    const [issue] = await openIssues("node-01");
    await closeIssue(lab.app, "node-01", issue?.id ?? "", "it was taken out on purpose", operator);
    await sees(less);
    expect(await issuesNow()).toEqual([]);
  });

  test("a smaller disk, an interface without link, another firmware: each by its name, and blocking as the lab says", async () => {
    await sighted();
    await sees(
      machine(1, {
        ...at("1", 1),
        disks: [{ name: "sda", sizeBytes: 240e9, serial: "disk-1" }],
        nics: [{ mac: mac(1), name: "eth0", link: "down" }],
        firmware: { vendor: "Acme", version: "1.3" },
      }),
    );
    expect(await issuesNow()).toEqual([
      ["disk-smaller", "disk disk-1 has 240 GB, and had 480 GB", true],
      ["nic-down", expect.stringContaining("eth0 (52:54:00:c0:00:01) has no link"), false],
      ["firmware-changed", "its firmware is Acme 1.3, and was Acme 1.2", false],
    ]);
  });

  test("a lab can have a drift ignored", async () => {
    await sighted();
    await open(
      [
        node("node-01", { uuid: uuid(1), switchPort: { switch: "sw1", port: "1" } }),
        node("node-02", { uuid: uuid(2), switchPort: { switch: "sw1", port: "2" } }),
      ],
      { identification: { drift: { "firmware-changed": "ignore" } } },
    );
    await sees(machine(1, { ...at("1", 1), firmware: { vendor: "Acme", version: "2" } }));
    expect(await issuesNow()).toEqual([]);
  });

  test("a swapped mainboard: the same disk at the same port with another UUID, serial number and MAC is still the node", async () => {
    await sighted();
    const disks = machine(1).disks;
    await sees(machine(31, { ...at("1", 31), disks }));
    expect((await issuesNow()).find(([code]) => code === "mainboard-changed")).toEqual([
      "mainboard-changed",
      `its mainboard was swapped: it has UUID ${uuid(31)} (it was ${uuid(1)}) and serial number sn31 (it was sn1), but still disk disk-1`,
      true,
    ]);
    expect(await held()).toEqual([]);
  });

  test("a moved machine: known by its UUID, at the place of another node", async () => {
    await sighted();
    await sees(machine(1, at("2", 1)));
    expect(await issuesNow()).toEqual([
      [
        "machine-moved",
        "it was moved, or its cable was: it is at switch port sw1/2, the place of node node-02; it belongs to switch port sw1/1",
        true,
      ],
    ]);
  });

  test("a machine that was moved to another lab is held there, and says where it comes from", async () => {
    await sighted();
    await open([node("red-01")], {}, "red");
    await sees(machine(1), { lab: "red" });
    const { machines: inRed } = await viewMachines(lab.store, "red", 10, null);
    expect(inRed).toMatchObject([
      { reason: "moved", why: expect.stringContaining("is that of node node-01 of lab blue") },
    ]);
  });

  test("a duplicate MAC: another machine with the MAC of a node is held, and the node is kept out until a person has looked", async () => {
    await sighted();
    await sees(machine(41, { nics: [{ mac: mac(1), link: "up" }] }));
    const [other] = await held();
    expect(other).toMatchObject({ reason: "duplicate", candidates: ["node-01"] });
    expect(other?.why).toContain(`two machines have the MAC ${mac(1)} of node node-01`);
    expect(await issuesNow()).toEqual([["identity-duplicate", other?.why, true]]);
  });

  test("another machine at a node's place is held: it can be claimed as the one that replaces it", async () => {
    await sighted();
    await sees(machine(51, at("1", 51)));
    const [other] = await held();
    expect(other).toMatchObject({ reason: "replaced", candidates: ["node-01"] });
    expect(await claim(other?.id ?? "", { node: "node-01" })).toMatchObject({
      fault: { code: "node-in-use" },
    });
  });
});
