/** An empty lab of real firmware and our real ramdisk: five machines are switched on by hand, found, told apart, loaded. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { MachineView } from "../../lib/contracts/identification.ts";
import type { ReservationView } from "../../lib/contracts/reservation-views.ts";
import type { NodeView } from "../../lib/contracts/views.ts";
import { isDriftCode } from "../../lib/core/identification/settings.ts";
import type { HardwareIssue } from "../../lib/core/timeline.ts";
import { consoleOf, endMachines, requireBuilt } from "../metal/support.ts";
import { Place } from "../stack/main-job.ts";
import { eventually } from "../support/stack.ts";

requireBuilt();
/** Five emulated processors share what there is. */
const patienceMs = 1_200_000;
const place = new Place();
const ids = ["node-01", "node-02", "node-03", "node-04", "node-05"] as const;
const uuid = (last: number) => `7a1d0c52-0000-4000-8000-0000000000d${last}`;
const macOf = (index: number) => `52:54:00:d1:00:0${index + 1}`;
const reach = { switch: "sw-d1", port: "Ethernet1/3" };

/** What people know of the nodes: no MAC of any. Of the fourth they know nothing but that it comes next. */
const known: Readonly<Record<string, object>> = {
  "node-01": { uuid: uuid(1), serial: "SN-0001" },
  "node-02": { serial: "SN-0002" },
  "node-03": { switchPort: reach },
  "node-05": { uuid: uuid(5) },
};
/** What stands in the rack. The board with the serial number of the first machine is in the last. */
const system = { manufacturer: "Acme", product: "R1" };
const heard = { mac: macOf(2), chassis: "chassis 7", systemName: reach.switch, port: reach.port };
const hardware: Readonly<Record<string, object>> = {
  "node-01": { system: { ...system, uuid: uuid(1) } },
  "node-02": { system: { ...system, serial: "SN-0002" } },
  "node-03": { system, lldp: [heard] },
  "node-04": { system },
  "node-05": { system: { ...system, uuid: uuid(5), serial: "SN-0001" } },
};

/** An emulated processor takes its time: the clocks of the lab of the other tests, some more for five at once. */
const { correction } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../examples/metal.json"), "utf8"),
);
const slow = 900_000;
const { policy } = correction;
const patient = {
  ...correction,
  policy: {
    ...policy,
    build: { firmwareMs: slow, noProgressMs: slow, overallMs: 2 * slow, diskBootMs: slow },
    os: { linux: { firmware: [slow], kernel: [slow], init: [slow] } },
    osOverallMs: 2 * slow,
  },
};

const lab = {
  schema: "rackwright.lab/1",
  lab: "found",
  controllers: ["mi-0123456789abcdef0"],
  correction: patient,
  identification: { order: ["node-04"] },
  switches: { [reach.switch]: {} },
  nodes: ids.map((id, index) => ({
    id,
    ...known[id],
    bmc: { driver: "ipmi", address: `10.30.0.${index + 1}`, credential: "bmc/found" },
  })),
};
const machines = ids.map((id, index) => ({ id, macs: [macOf(index)], hardware: hardware[id] }));

const chassis = (node: string, ...words: string[]): void => {
  const { status, stderr } = spawnSync(join(place.data, "rack/machines", node, "chassis"), words, {
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
};
const found = async () => (await place.get<{ machines: MachineView[] }>("/v1/labs/found/machines")).machines;
const node = (id: string) => place.get<NodeView>(`/v1/nodes/${id}`);
let reservation = "";

beforeAll(async () => {
  const files = { lab: join(place.data, "lab.json"), machines: join(place.data, "machines.json") };
  writeFileSync(files.lab, JSON.stringify(lab));
  writeFileSync(files.machines, JSON.stringify(machines));
  const run = await place.start(
    ...["--rack", "qemu", "--lab", files.lab, "--machines", files.machines, "--count", `${ids.length}`],
  );
  const said = await run.until(({ text }) => text?.startsWith("Reservation res-") === true);
  reservation = /Reservation (res-\w+)/.exec(said.text ?? "")?.[1] ?? "";
}, patienceMs);
afterEach(({ task }) => {
  if (task.result?.state === "fail") place.explain();
});
afterAll(async () => {
  endMachines(place.data);
  await place.clean();
}, 60_000);

test("five machines that nobody knows tell what they are made of: four become nodes, each by another strategy, one is held (R76, R78, R81)", {
  timeout: patienceMs,
}, async () => {
  for (const id of ids) {
    expect((await node(id)).state).toBe("unidentified");
    chassis(id, "set", "boot", "pxe");
    chassis(id, "set", "power", "1");
  }
  await eventually(async () => (await found()).length === ids.length, "five machines that tell", patienceMs);
  const all = await found();
  expect(Object.fromEntries(all.map((each) => [each.node ?? "held", each.why]))).toMatchObject({
    "node-01": `uuid: UUID ${uuid(1)}`,
    "node-02": "serial: serial number sn-0002",
    "node-03": "switch-port: switch port sw-d1/ethernet1/3",
    "node-04": expect.stringMatching(/^order: /),
  });
  expect(all.filter(({ state }) => state === "held")).toMatchObject([
    { reason: "ambiguous", candidates: ["node-05", "node-01"], mac: macOf(4) },
  ]);
  const [first, third] = ["node-01", "node-03"].map((id) => all.find((each) => each.node === id));
  expect(first?.hardware).toMatchObject({
    cpus: 1,
    disks: [{ name: "vda", sizeBytes: 64 * 1024 * 1024 }],
    nics: [{ mac: macOf(0), link: "up" }],
    firmware: { vendor: "SeaBIOS" },
    system: { ...system, uuid: uuid(1) },
  });
  expect(first?.hardware.memoryMiB).toBeGreaterThan(64);
  expect(first?.hardware.lldp).toBeUndefined();
  expect(third?.hardware.lldp).toEqual([heard]);
  expect(consoleOf(place.data, "node-05")).toContain("telling what this machine is");
  expect((await node("node-05")).state).toBe("unidentified");
});

test("the one that is held is claimed by hand; then all five are loaded and handed over (R82, R83)", {
  timeout: patienceMs,
}, async () => {
  const [held] = (await found()).filter(({ state }) => state === "held");
  const body = JSON.stringify({ node: "node-05" });
  const claim = await place.ask(`/v1/labs/found/machines/${held?.id}/claim`, { method: "POST", body });
  expect(claim.status, await claim.text()).toBe(200);
  const view = () => place.get<ReservationView>(`/v1/reservations/${reservation}`);
  await eventually(async () => (await view()).state === "reserved", "the hand-over of all five", patienceMs);
  expect((await view()).connections.map((each) => each.node).toSorted()).toEqual([...ids]);
  for (const id of ids) {
    const { issues } = await place.get<{ issues: HardwareIssue[] }>(`/v1/nodes/${id}/issues`);
    expect(issues.filter(({ fault }) => isDriftCode(fault.code))).toEqual([]);
  }
});
