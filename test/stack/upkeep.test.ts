/** Keeping machines up, on a living stack: a real agent, switch driver and BMC, and machines that boot. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ReservationView } from "../../lib/contracts/reservation-views.ts";
import type { NodeView } from "../../lib/contracts/views.ts";
import type { JobRecord } from "../../lib/core/job-record.ts";
import type { HardwareIssue, TimelineEntry } from "../../lib/core/timeline.ts";
import { rackFile } from "../../lib/local/rack/store.ts";
import { eventually } from "../support/stack.ts";
import { Place } from "./main-job.ts";

const here = new Place();
const patience = 120_000;
const root = join(import.meta.dirname, "../..");
const drivers = join(here.data, "switch-drivers");
const names = ["node-01", "node-02", "node-03"];

beforeAll(async () => {
  mkdirSync(drivers, { recursive: true });
  copyFileSync(join(root, "examples/network/vlan.mjs"), join(drivers, "vlan.mjs"));
  chmodSync(join(drivers, "vlan.mjs"), 0o755);
  const lab = join(here.data, "lab.json");
  writeFileSync(
    lab,
    JSON.stringify({
      schema: "rackwright.lab/1",
      lab: "blue",
      controllers: ["mi-0123456789abcdef0"],
      racks: { r1: {} },
      switches: {
        tor: { driver: "vlan.mjs", provisioning: { vlan: "20" }, reserved: { vlan: "30" } },
      },
      biosProfiles: { virtual: { attributes: { ProcVirtualization: "Enabled", NumaNodesPerSocket: 2 } } },
      nodes: names.map((id, index) => ({
        id,
        macs: [`52:54:00:b1:00:0${index + 1}`],
        bmc: { driver: "redfish", address: `https://10.20.0.${index + 11}`, credential: "bmc/blue" },
        rack: { name: "r1", unit: index + 1 },
        switchPort: { switch: "tor", port: `eth${index + 1}` },
        biosProfile: "virtual",
      })),
    }),
  );
  const run = await here.start("--lab", lab, "--count", "1");
  await run.until(({ event, to }) => event === "reservation" && to === "reserved");
}, patience);
afterAll(() => here.clean(), patience);

const node = (id: string) => here.get<NodeView>(`/v1/nodes/${id}`);
const reservation = (id: string) => here.get<ReservationView>(`/v1/reservations/${id}`);
const issues = async (id: string) =>
  (await here.get<{ issues: HardwareIssue[] }>(`/v1/nodes/${id}/issues`)).issues;

async function post<T>(path: string, body: object): Promise<T> {
  const answer = await here.ask(path, { method: "POST", body: JSON.stringify(body) });
  const text = await answer.text();
  expect(answer.status, text).toBeLessThan(300);
  return JSON.parse(text);
}

async function reserved(id: string, more: object = {}): Promise<string> {
  await post("/v1/reservations", { id, owner: "ada", image: "demo", ...more });
  await eventually(
    async () => (await reservation(id)).state === "reserved",
    `the hand-over of ${id}`,
    patience,
  );
  return (await reservation(id)).nodes[0]?.id ?? "";
}
async function ended(id: string): Promise<void> {
  await post(`/v1/reservations/${id}/end`, { reason: "done" });
  await eventually(async () => (await reservation(id)).state === "complete", `the end of ${id}`, patience);
}

/** What the switch says of the node's port. */
function portOf(id: string): unknown {
  const file = join(drivers, "switch-ports.json");
  if (!existsSync(file)) return null;
  const ports: Record<string, unknown> = JSON.parse(readFileSync(file, "utf8"));
  return ports[`tor eth${names.indexOf(id) + 1}`] ?? null;
}

async function free(): Promise<string> {
  let found: string | undefined;
  await eventually(
    async () => {
      const { nodes } = await here.get<{ nodes: NodeView[] }>("/v1/nodes");
      found = nodes.find(({ state }) => state === "available")?.id;
      return found !== undefined;
    },
    "a free node",
    patience,
  );
  return found ?? "";
}
const jobEnds = (id: string) =>
  eventually(
    async () => (await here.get<JobRecord>(`/v1/jobs/${id}`)).state === "done",
    `the end of job ${id}`,
    patience,
  );

test("R78, R87: a node's switch port is set as its user wishes before he gets it, and set back when he is done", {
  timeout: patience,
}, async () => {
  const id = await reserved("wishes", { network: { vlan: "42" } });
  expect(portOf(id)).toEqual({ vlan: "42" });
  const { entries } = await here.get<{ entries: TimelineEntry[] }>(`/v1/nodes/${id}/timeline`);
  expect(entries.some(({ why }) => why.includes("set-network"))).toBe(true);
  await ended("wishes");
  expect(portOf(id)).toEqual({ vlan: "20" });
});

test("R79: firmware that is not as its profile wants it is seen after the inspection, and set by a job; the machine's own BMC says so afterwards", {
  timeout: patience,
}, async () => {
  const id = await free();
  const before = await node(id);
  expect(before.bios?.drift.map(({ name }) => name)).toEqual(["NumaNodesPerSocket", "ProcVirtualization"]);
  expect((await issues(id)).map(({ fault, state }) => [fault.code, state])).toContainEqual([
    "bios-drift",
    "open",
  ]);
  const job = await post<JobRecord>(`/v1/nodes/${id}/bios`, {});
  await jobEnds(job.id);
  expect((await node(id)).bios?.drift).toEqual([]);
  expect((await issues(id)).filter(({ fault }) => fault.code === "bios-drift")).toMatchObject([
    { state: "closed" },
  ]);
  const rack = join(here.data, "rack", "nodes", `${id}.json`);
  expect(JSON.parse(readFileSync(rack, "utf8"))).toMatchObject({
    bios: { attributes: { ProcVirtualization: "Enabled", NumaNodesPerSocket: 2 }, pending: {} },
  });
});

test("a DIMM that was lost in somebody's hands is found by the check before the node returns, and keeps it out until it is back", {
  timeout: patience,
}, async () => {
  const id = await free();
  const { controlPort } = rackFile.parse(JSON.parse(readFileSync(join(here.data, "rack/rack.json"), "utf8")));
  const faults = async (change: object): Promise<void> => {
    const body = JSON.stringify(change);
    const { status } = await fetch(`http://127.0.0.1:${controlPort}/faults`, { method: "POST", body });
    expect(status).toBe(200);
  };
  const upkeep = (action: string) =>
    post("/v1/upkeep", {
      action,
      of: { node: id },
      reason: "more memory",
      ...(action === "drain" ? { until: Date.now() + 3_600_000 } : {}),
    });
  const isIn = (state: string) => eventually(async () => (await node(id)).state === state, state, patience);
  const lost = async () => (await issues(id)).filter(({ fault }) => fault.code === "memory-lost");
  const returned = async (): Promise<void> => {
    await upkeep("drain");
    await isIn("maintenance");
    await upkeep("return");
    await isIn("available");
  };
  await upkeep("drain");
  await isIn("maintenance");
  await faults({ add: [{ kind: "lost-memory", node: id, memoryMiB: 16_384 }] });
  await upkeep("return");
  await eventually(async () => (await lost()).length === 1, "the issue", patience);
  const message = expect.stringMatching(/16 GiB of memory, and had 32 GiB: a memory module \(DIMM\)/);
  expect(await lost()).toMatchObject([{ state: "open", blocking: true, fault: { message } }]);
  await isIn("available");
  expect((await node(id)).openIssues).not.toEqual([]);
  await faults({ clear: [{ node: id, kind: "lost-memory" }] });
  await returned();
  expect(await lost()).toMatchObject([{ state: "closed" }]);
});

test("field.md 54: a node in use is drained when its user is done, stays out of everybody's reach, and comes back by a check", {
  timeout: patience,
}, async () => {
  const id = await reserved("drained");
  const until = Date.now() + 3_600_000;
  const done = await post<{ nodes: { node: string; state: string; reservation: string | null }[] }>(
    "/v1/upkeep",
    { action: "drain", of: { lab: "blue", rack: "r1", node: id }, until, reason: "new fans" },
  );
  expect(done.nodes).toMatchObject([{ node: id, state: "in-use", reservation: "drained" }]);
  await ended("drained");
  await eventually(async () => (await node(id)).state === "maintenance", "the maintenance", patience);
  expect((await node(id)).upkeep).toMatchObject({ reason: "new fans", until });
  const other = await reserved("elsewhere", { prefer: [id] });
  expect(other).not.toBe(id);
  await ended("elsewhere");
  await post("/v1/upkeep", { action: "return", of: { node: id }, reason: "fans are in" });
  await eventually(async () => (await node(id)).state === "available", "its return", patience);
  const { entries } = await here.get<{ entries: TimelineEntry[] }>(`/v1/nodes/${id}/timeline`);
  expect(entries.map(({ from, to }) => `${from} ${to}`)).toContain("maintenance enrolled");
});

test("field.md 55: a rescue gives a shell in our ramdisk to a node that somebody has, who keeps it; ended, it boots its own disk", {
  timeout: patience,
}, async () => {
  const id = await reserved("rescued");
  const { installation } = JSON.parse(
    readFileSync(join(here.data, "rack", "nodes", `${id}.json`), "utf8"),
  ).disk;
  const refused = await here.ask(`/v1/nodes/${id}/rescue`, { method: "POST", body: "{}" });
  expect([refused.status, await refused.text()]).toEqual([409, expect.stringContaining("say why")]);
  const job = await post<JobRecord>(`/v1/nodes/${id}/rescue`, { minutes: 60, reason: "it does not boot" });
  await eventually(async () => (await node(id)).phase.name === "build", "the ramdisk", patience);
  expect(await node(id)).toMatchObject({ state: "in-use", reservation: "rescued" });
  await post(`/v1/nodes/${id}/rescue/end`, { reason: "repaired" });
  await jobEnds(job.id);
  await eventually(async () => (await node(id)).phase.name === "run", "its own system", patience);
  expect(await node(id)).toMatchObject({ state: "in-use", reservation: "rescued", job: null });
  const disk = JSON.parse(readFileSync(join(here.data, "rack", "nodes", `${id}.json`), "utf8")).disk;
  expect(disk.installation).toBe(installation);
  await ended("rescued");
});

test("field.md 56: a burn-in runs in our ramdisk, and what it found stands in the hardware log", {
  timeout: patience,
}, async () => {
  const id = await free();
  const job = await post<JobRecord>(`/v1/nodes/${id}/burn-in`, { minutes: 1 });
  await jobEnds(job.id);
  expect(await issues(id)).toContainEqual(
    expect.objectContaining({
      closedBecause: "passed",
      evidence: expect.arrayContaining(["test: memory, processors, disk: well"]),
    }),
  );
  expect((await node(id)).state).toBe("available");
});
