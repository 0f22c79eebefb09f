/** An unknown machine of real firmware and our real ramdisk: switched on by hand, found, identified by its DMI, loaded. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { MachineView } from "../../lib/contracts/identification.ts";
import type { NodeView } from "../../lib/contracts/views.ts";
import { isDriftCode } from "../../lib/core/identification/settings.ts";
import type { HardwareIssue } from "../../lib/core/timeline.ts";
import { Place } from "../stack/main-job.ts";
import { eventually } from "../support/stack.ts";
import { consoleOf, endMachines, requireBuilt } from "./support.ts";

requireBuilt();
const patienceMs = 540_000;
const place = new Place();
const uuid = "7a1d0c52-0000-4000-8000-0000000000d1";
const mac = "52:54:00:d1:00:01";

/** An emulated processor takes its time: the same clocks as in the lab of the other tests. */
const { correction } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../examples/metal.json"), "utf8"),
);

const lab = {
  schema: "rackwright.lab/1",
  lab: "found",
  controllers: ["mi-0123456789abcdef0"],
  correction,
  nodes: [{ id: "node-01", uuid, bmc: { driver: "ipmi", address: "10.30.0.1", credential: "bmc/found" } }],
};
const system = { manufacturer: "Acme", product: "R1", serial: "SN-0001", uuid };

const chassis = (...words: string[]): void => {
  const { status, stderr } = spawnSync(join(place.data, "rack/machines/node-01/chassis"), words, {
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
};

beforeAll(async () => {
  const files = { lab: join(place.data, "lab.json"), machines: join(place.data, "machines.json") };
  writeFileSync(files.lab, JSON.stringify(lab));
  writeFileSync(files.machines, JSON.stringify([{ id: "node-01", macs: [mac], hardware: { system } }]));
  const run = await place.start(
    ...["--rack", "qemu", "--lab", files.lab, "--machines", files.machines, "--count", "1"],
  );
  await run.until(({ text }) => text?.startsWith("Reservation res-") === true);
}, patienceMs);
afterEach(({ task }) => {
  if (task.result?.state === "fail") place.explain();
});
afterAll(async () => {
  endMachines(place.data);
  await place.clean();
}, 60_000);

test("a machine that nobody knows tells what it is made of, and becomes the node that has its UUID (R76, R81)", {
  timeout: patienceMs,
}, async () => {
  chassis("set", "boot", "pxe");
  chassis("set", "power", "1");
  const machines = async () =>
    (await place.get<{ machines: MachineView[] }>("/v1/labs/found/machines")).machines;
  await eventually(async () => (await machines()).length === 1, "a machine that tells", patienceMs);
  const [found] = await machines();
  expect(found).toMatchObject({ node: "node-01", why: `uuid: UUID ${uuid}`, mac });
  expect(found?.hardware).toMatchObject({
    cpus: 1,
    disks: [{ name: "vda", sizeBytes: 64 * 1024 * 1024 }],
    nics: [{ mac, link: "up" }],
    firmware: { vendor: "SeaBIOS" },
    system,
  });
  expect(found?.hardware.memoryMiB).toBeGreaterThan(64);
  expect(consoleOf(place.data, "node-01")).toContain("telling what this machine is");
});

test("and is loaded and handed over then (R83)", { timeout: patienceMs }, async () => {
  const node = () => place.get<NodeView>("/v1/nodes/node-01");
  await eventually(async () => (await node()).state === "in-use", "the hand-over", patienceMs);
  const { issues } = await place.get<{ issues: HardwareIssue[] }>("/v1/nodes/node-01/issues");
  expect(issues.filter(({ fault }) => isDriftCode(fault.code))).toEqual([]);
});
