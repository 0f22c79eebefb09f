/** An empty lab, machines that nobody knows, and their power buttons: on a living stack, from the button to a login. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { MachineView } from "../../lib/contracts/identification.ts";
import type { ReservationView } from "../../lib/contracts/reservation-views.ts";
import type { NodeView } from "../../lib/contracts/views.ts";
import { isDriftCode } from "../../lib/core/identification/settings.ts";
import type { HardwareIssue, TimelineEntry } from "../../lib/core/timeline.ts";
import { rackFile } from "../../lib/local/rack/store.ts";
import { eventually } from "../support/stack.ts";
import { Place, type Run } from "./main-job.ts";

const here = new Place();
const patience = 180_000;
const ids = ["node-01", "node-02", "node-03", "node-04", "node-05"] as const;
const uuid = (last: number) => `7a1d0c52-0000-4000-8000-00000000000${last}`;

/** What people know of the nodes: no MAC of any. */
const known: Readonly<Record<string, object>> = {
  "node-01": { uuid: uuid(1), assetTag: "INV-0001" },
  "node-02": { serial: "SN-0002" },
  "node-05": { uuid: uuid(5) },
};
/** What stands in the rack. Somebody has put the sticker of the first machine on the last. */
const system = { manufacturer: "Acme", product: "R1" };
const differs: Readonly<Record<string, object>> = {
  "node-01": { hardware: { system: { ...system, uuid: uuid(1) } } },
  "node-02": { hardware: { system: { ...system, serial: "SN-0002" } } },
  "node-03": { tellsBmcAddress: true, hardware: { system } },
  "node-04": { hardware: { system } },
  "node-05": { hardware: { system: { ...system, uuid: uuid(5), assetTag: "INV-0001" } } },
};

const lab = {
  schema: "rackwright.lab/1",
  lab: "empty",
  controllers: ["mi-0123456789abcdef0"],
  identification: { order: ["node-04"] },
  nodes: ids.map((id, index) => ({
    id,
    ...known[id],
    bmc: { driver: "redfish", address: `https://10.20.0.${index + 1}`, credential: "bmc/empty" },
  })),
};
const machines = ids.map((id, index) => ({ id, macs: [`52:54:00:d0:00:0${index + 1}`], ...differs[id] }));

let run: Run;
let reservation: string;

const found = async (): Promise<MachineView[]> =>
  (await here.get<{ machines: MachineView[] }>("/v1/labs/empty/machines")).machines;
const node = (id: string) => here.get<NodeView>(`/v1/nodes/${id}`);
const entries = async (id: string) =>
  (await here.get<{ entries: TimelineEntry[] }>(`/v1/nodes/${id}/timeline`)).entries;
const press = async (id: string): Promise<void> => {
  const { controlPort } = rackFile.parse(JSON.parse(readFileSync(join(here.data, "rack/rack.json"), "utf8")));
  const body = JSON.stringify({ node: id, change: "on" });
  const { status } = await fetch(`http://127.0.0.1:${controlPort}/power`, { method: "POST", body });
  expect(status).toBe(200);
};

beforeAll(async () => {
  const files = { lab: join(here.data, "lab.json"), machines: join(here.data, "machines.json") };
  writeFileSync(files.lab, JSON.stringify(lab));
  writeFileSync(files.machines, JSON.stringify(machines));
  run = await here.start("--lab", files.lab, "--machines", files.machines, "--count", String(ids.length));
  const said = await run.until(({ text }) => text?.startsWith("Reservation res-") === true);
  reservation = /Reservation (res-\w+)/.exec(said.text ?? "")?.[1] ?? "";
}, patience);
afterEach(({ task }) => {
  if (task.result?.state === "fail") here.explain();
});
afterAll(() => here.clean(), patience);

test("in a lab without a machine every node is unidentified, and nothing can be done to it (R73)", async () => {
  for (const id of ids) expect((await node(id)).state).toBe("unidentified");
  const body = JSON.stringify({ image: "demo" });
  expect((await here.ask("/v1/nodes/node-01/reload", { method: "POST", body })).status).toBe(409);
});

test("five machines are switched on: four become nodes, each by another strategy, and one is held because it contradicts itself (R81)", {
  timeout: patience,
}, async () => {
  await Promise.all(ids.map(press));
  await eventually(async () => (await found()).length === ids.length, "five machines that tell", patience);
  const by = Object.fromEntries((await found()).map((each) => [each.node ?? "held", each.why.split(":")[0]]));
  expect(by).toMatchObject({
    "node-01": "uuid",
    "node-02": "serial",
    "node-03": "bmc-address",
    "node-04": "order",
  });
  const [held, ...others] = (await found()).filter(({ state }) => state === "held");
  expect(others).toEqual([]);
  expect(held).toMatchObject({
    reason: "ambiguous",
    candidates: ["node-05", "node-01"],
    mac: machines[4]?.macs[0],
  });
  expect(held?.why).toContain("its asset tag inv-0001 is that of node-01");
  expect((await node("node-05")).state).toBe("unidentified");
});

test("a person claims the one that is held; then all five are inspected, loaded and handed over (R82, R83)", {
  timeout: patience,
}, async () => {
  const [held] = (await found()).filter(({ state }) => state === "held");
  const claim = await here.ask(`/v1/labs/empty/machines/${held?.id}/claim`, {
    method: "POST",
    body: JSON.stringify({ node: "node-05" }),
  });
  expect(claim.status, await claim.text()).toBe(200);
  const state = async () => (await here.get<ReservationView>(`/v1/reservations/${reservation}`)).state;
  await eventually(async () => (await state()) === "reserved", "the hand-over of all five", patience);
  const { connections } = await here.get<ReservationView>(`/v1/reservations/${reservation}`);
  expect(connections.map((each) => each.node).toSorted()).toEqual([...ids]);
  for (const id of ids) {
    const story = await entries(id);
    expect(story.filter(({ from, to }) => from === "unidentified" && to === "enrolled")).toHaveLength(1);
    expect(story.map(({ to }) => to)).toContain("in-use");
  }
});

test("each machine was asked once: what its ramdisk told during the load was no drift", async () => {
  for (const id of ids) {
    const { issues } = await here.get<{ issues: HardwareIssue[] }>(`/v1/nodes/${id}/issues`);
    expect(issues.filter(({ fault }) => isDriftCode(fault.code))).toEqual([]);
  }
  const log = await here.rackLog();
  for (const { log: happened } of log)
    expect(happened.filter(({ kind }) => kind === "discovery")).toHaveLength(1);
});
