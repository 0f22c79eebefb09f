/**
 * The main job with nothing mocked: QEMU machines behind IPMI BMCs, an iPXE ROM, our ramdisk, a disk, a Linux with SSH.
 * One lab for all: what takes a machine minutes is begun before the first test, and each test waits for its own.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { ReservationView } from "../../lib/contracts/reservation-views.ts";
import type { NodeView } from "../../lib/contracts/views.ts";
import type { HardwareIssue, TimelineEntry } from "../../lib/core/timeline.ts";
import { Place, type Run } from "../stack/main-job.ts";
import { eventually } from "../support/stack.ts";
import {
  breakMachine,
  consoleOf,
  damageImage,
  diskOf,
  effectsOn,
  endMachines,
  kill,
  leaveOnDisk,
  requireBuilt,
  ssh,
  writeLab,
} from "./support.ts";

requireBuilt();
/** Ends what hangs; on two busy cores an emulated machine takes ten times its usual half minute. */
const patienceMs = 540_000;
const user = "student";
const image = "demo";
const secretOfSomebody = "what somebody has left where no image reaches";
/** The same bytes on a disk that was wiped, with a last partition as large as the disk allows. */
const roomy = "roomy";
const [hangs, frozen, locked] = ["node-03", "node-04", "node-05"] as const;
const [stopsInKernel, blank, dies] = ["node-06", "node-07", "node-08"] as const;

const place = new Place();
const key = join(place.data, "user-key");
let run: Run;
let first: string;
let dying: Promise<void>;

const node = (id: string): Promise<NodeView> => place.get(`/v1/nodes/${id}`);
const reservation = (id: string): Promise<ReservationView> => place.get(`/v1/reservations/${id}`);
const timeline = async (id: string): Promise<TimelineEntry[]> =>
  (await place.get<{ entries: TimelineEntry[] }>(`/v1/nodes/${id}/timeline?after=0`)).entries;
const issues = async (id: string): Promise<HardwareIssue[]> =>
  (await place.get<{ issues: HardwareIssue[] }>(`/v1/nodes/${id}/issues`)).issues;
const post = async (path: string, body: unknown): Promise<void> => {
  const response = await place.ask(path, { method: "POST", body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
};
const reaches = (id: string, ...states: readonly string[]): Promise<void> =>
  eventually(async () => states.includes((await node(id)).state), `${id} ${states.join()}`, patienceMs);

const has = (id: string, line: string): boolean => consoleOf(place.data, id).includes(line);
const contentOf = async (id: string): Promise<{ sha256: string; sizeBytes: number }> => {
  const { revisions } = await place.get<{ revisions: { content: { sha256: string; sizeBytes: number } }[] }>(
    `/v1/images/${id}`,
  );
  const [revision] = revisions;
  if (revision === undefined) throw new Error(`image ${id} has no revision`);
  return revision.content;
};
/** What was done about a node that was late, beside looking at it once more. */
const rungs = async (id: string): Promise<string[]> =>
  (await timeline(id)).flatMap(({ correction }) => correction ?? []).filter((rung) => rung !== "look-again");

const start = (count: number): Promise<Run> =>
  place.start("--rack", "qemu", "--lab", join(place.data, "lab.json"), "--count", String(count));

beforeAll(async () => {
  writeLab(join(place.data, "lab.json"), "bmc/locked");
  run = await start(2);
  const said = await run.until(({ text }) => text?.startsWith("Reservation res-") === true);
  first = /Reservation (res-\w+)/.exec(said.text ?? "")?.[1] ?? "";
  const secret = join(place.data, "agent-secrets/bmc/locked.json");
  writeFileSync(secret, JSON.stringify({ username: "rackwright", password: "not-this-one" }));
  await breakMachine(place.data, { kind: "dead-bmc", node: frozen });
  await breakMachine(place.data, { kind: "hang", node: hangs, phase: "build" });
  await breakMachine(place.data, { kind: "hang", node: stopsInKernel, phase: "kernel" });
  await breakMachine(place.data, { kind: "forgets-boot-device", node: blank });
  leaveOnDisk(place.data, stopsInKernel, secretOfSomebody);
  const settings = { grow: "last-partition", wipe: "whole-disk" };
  await post("/v1/images", { id: roomy, ...(await contentOf(image)), settings });
  for (const id of [frozen, locked, hangs, blank, dies]) await post(`/v1/nodes/${id}/reload`, { image });
  await post(`/v1/nodes/${stopsInKernel}/reload`, { image: roomy });
  const writing = () => has(dies, "written ");
  dying = eventually(writing, "the middle of an imaging", patienceMs).then(() => kill(place.data, dies));
}, patienceMs);

afterEach(({ task }) => {
  if (task.result?.state === "fail") place.explain();
});
afterAll(async () => {
  endMachines(place.data);
  await place.clean();
}, 60_000);

test("a BMC that refuses the password and one that is frozen are told apart, and each says what to do", {
  timeout: patienceMs,
}, async () => {
  await reaches(locked, "quarantined");
  await reaches(frozen, "quarantined");
  expect(await issues(locked)).toMatchObject([
    {
      state: "open",
      fault: { message: expect.stringContaining("correct the secret on the lab controller") },
    },
  ]);
  expect(await issues(frozen)).toMatchObject([
    {
      state: "open",
      fault: { code: "bmc-unreachable", message: expect.stringContaining("does not answer") },
    },
  ]);
});

test("two nodes go from a reservation to a login with the reservation's own key (R25, R26)", {
  timeout: patienceMs,
}, async () => {
  await run.until(({ event, to }) => event === "reservation" && to === "reserved");
  const { connections, nodes } = await reservation(first);
  expect(connections.map((each) => each.node)).toEqual(["node-01", "node-02"]);
  // Only the first is used: what it is left with differs from the second.
  const [used] = connections;
  const revision = nodes[0]?.revision ?? "";
  const command = "hostname; cat /etc/rackwright/revision; echo mine > left-behind; sync; ls";
  expect(await ssh(used?.address ?? "", user, key, command)).toBe(`node-01\n${revision}\nleft-behind\n`);
  expect(effectsOn(place.data, "node-01")).toEqual(["boot pxe", "power 1"]);
  expect(consoleOf(place.data, "node-01")).toContain("verified");
});

test("an image is made of the used node as its user has changed it, and he goes on working", {
  timeout: patienceMs,
}, async () => {
  const wish = { image: "changed", comment: "with a file", node: "node-01" };
  await post(`/v1/reservations/${first}/capture`, wish);
  const made = async () => (await place.ask("/v1/images/changed")).status === 200;
  await eventually(made, "the image", patienceMs);
  await reaches("node-01", "in-use");
  const { connections } = await reservation(first);
  const mine = connections.find((each) => each.node === "node-01");
  expect(await ssh(mine?.address ?? "", user, key, "ls")).toBe("left-behind\n");
  expect(consoleOf(place.data, "node-01")).toMatch(/captured, restarting into/);
  const { revisions } = await place.get<{ revisions: { revision: string }[] }>("/v1/images/changed");
  const revision = revisions[0]?.revision;
  await post("/v1/images/changed/production", { revision, untried: "the next test tries it" });
});

test("given back, the used node is loaded anew, and the one that nobody used is only sanitized", {
  timeout: patienceMs,
}, async () => {
  await post(`/v1/reservations/${first}/end`, { reason: "done" });
  await reaches("node-01", "available");
  await reaches("node-02", "available");
  const states = async (id: string) => (await timeline(id)).map(({ to }) => to);
  const loads = async (id: string) =>
    (await states(id)).filter((to, at, all) => to === "loading" && all[at - 1] !== to);
  expect(await loads("node-01")).toHaveLength(2);
  expect(await loads("node-02")).toHaveLength(1);
  expect((await timeline("node-02")).at(-1)?.why).toContain("nobody had logged in");
});

test("whoever has the used node next finds nothing of what was left on it (R40)", {
  timeout: patienceMs,
}, async () => {
  const id = "res-next-0000001";
  const publicKey = readFileSync(`${key}.pub`, "utf8").trim();
  await post("/v1/reservations", {
    ...{ id, image, count: 1, minutes: 30, prefer: ["node-01"] },
    ...{ user, publicKey },
  });
  await eventually(async () => (await reservation(id)).state === "reserved", `${id} reserved`, patienceMs);
  const { connections } = await reservation(id);
  expect(connections.map((each) => each.node)).toEqual(["node-01"]);
  expect(await ssh(connections[0]?.address ?? "", user, key, "ls; hostname")).toBe("node-01\n");
});

test("another node that is loaded with the image has the change, and is nobody's copy (R22)", {
  timeout: patienceMs,
}, async () => {
  const id = "res-changed-00001";
  const publicKey = readFileSync(`${key}.pub`, "utf8").trim();
  const wish = { id, image: "changed", count: 1, minutes: 30, prefer: ["node-02"], user, publicKey };
  await post("/v1/reservations", wish);
  await eventually(async () => (await reservation(id)).state === "reserved", `${id} reserved`, patienceMs);
  const { connections, nodes } = await reservation(id);
  expect(connections.map((each) => each.node)).toEqual(["node-02"]);
  const command = "hostname; cat /etc/rackwright/revision left-behind";
  const revision = nodes[0]?.revision ?? "";
  expect(await ssh(connections[0]?.address ?? "", user, key, command)).toBe(`node-02\n${revision}\nmine\n`);
});

test("R70: a node that hangs in the ramdisk, its processor busy, is found, power-cycled and loaded", {
  timeout: patienceMs,
}, async () => {
  await reaches(hangs, "available", "quarantined");
  const entries = await timeline(hangs);
  expect((await node(hangs)).state).toBe("available");
  expect(consoleOf(place.data, hangs)).toContain("hanging, as the machine was told to");
  expect(entries.flatMap(({ correction }) => correction ?? [])[0]).toBe("look-again");
  expect(effectsOn(place.data, hangs).filter((what) => what === "power 0").length).toBeGreaterThan(0);
  // What it said last, heard by Serial over LAN, is kept from before its power was cut.
  const evidence = (await issues(hangs)).flatMap((issue) => issue.evidence);
  expect(evidence.join("\n")).toMatch(/console: .*hanging, as the machine was told to/);
});

test("R70: a node whose guest has died in the middle of an imaging is found by its deadline, and loaded", {
  timeout: patienceMs,
}, async () => {
  await dying;
  await reaches(dies, "available", "quarantined");
  expect((await node(dies)).state).toBe("available");
  expect((await rungs(dies))[0]).toBe("power-cycle");
  // Nobody had to switch it off: it was found off.
  expect(effectsOn(place.data, dies)).toEqual(["boot pxe", "power 1", "boot pxe", "power 1"]);
});

test("R70: a node that sits in firmware before a blank disk, its power on, is found by its deadline, and loaded", {
  timeout: patienceMs,
}, async () => {
  await reaches(blank, "available", "quarantined");
  expect((await node(blank)).state).toBe("available");
  expect((await rungs(blank))[0]).toBe("power-cycle");
  expect(effectsOn(place.data, blank).slice(0, 3)).toEqual(["boot pxe", "power 1", "power 0"]);
  const faults = (await issues(blank)).map(({ fault }) => fault.code);
  expect(faults).toContain("late-in-firmware");
});

test("R70: a node that hangs in its own kernel is reset, which does not help it, then power-cycled, which does", {
  timeout: patienceMs,
}, async () => {
  await reaches(stopsInKernel, "available", "quarantined");
  expect((await node(stopsInKernel)).state).toBe("available");
  expect(consoleOf(place.data, stopsInKernel)).toContain("hanging in kernel, as the machine was told to");
  expect((await rungs(stopsInKernel)).slice(0, 2)).toEqual(["reset", "power-cycle"]);
  expect(effectsOn(place.data, stopsInKernel).filter((what) => !what.startsWith("boot"))).toEqual([
    ...["power 1", "reset", "power 0", "power 1"],
  ]);
  const codes = (await issues(stopsInKernel)).map(({ fault }) => fault.code);
  expect(codes).toContain("late-in-kernel");
});

test("R40: where the image asks for it, nothing is left behind its end of what somebody had on the disk", () => {
  expect(consoleOf(place.data, stopsInKernel)).toContain(`wiped ${64 * 1024 * 1024} bytes`);
  expect(diskOf(place.data, stopsInKernel).includes(secretOfSomebody)).toBe(false);
});

test("whoever asked for the room of the whole disk has it, from the first login on", {
  timeout: patienceMs,
}, async () => {
  const id = "res-roomy-000001";
  const publicKey = readFileSync(`${key}.pub`, "utf8").trim();
  const wish = { id, image: roomy, count: 1, minutes: 30, prefer: [stopsInKernel], user, publicKey };
  await post("/v1/reservations", wish);
  await eventually(async () => (await reservation(id)).state === "reserved", `${id} reserved`, patienceMs);
  const { connections } = await reservation(id);
  expect(connections.map((each) => each.node)).toEqual([stopsInKernel]);
  const room = await ssh(connections[0]?.address ?? "", user, key, "df -k / | tail -n 1");
  // The image's own file system has 8 MiB, the disk has 64.
  expect(Number(room.trim().split(/\s+/)[1])).toBeGreaterThan(40 * 1024);
});

test("kill -9 of everything but the machines in the middle of an imaging: the ramdisk waits, and the load is finished", {
  timeout: patienceMs,
}, async () => {
  const before = consoleOf(place.data, hangs).length;
  const since = (): string => consoleOf(place.data, hangs).slice(before);
  await post(`/v1/nodes/${hangs}/reload`, { image });
  await eventually(() => since().includes("written "), "the middle of the imaging", patienceMs);
  run.child.kill("SIGKILL");
  for (const [name, { pid }] of Object.entries(place.processes()))
    if (name !== "rack" && name !== "main") process.kill(pid, "SIGKILL");
  await run.ended;
  run = await start(1);
  await run.until(({ text }) => text?.startsWith("API") === true);
  const loaded = async () => (await timeline(hangs)).at(-1)?.why.includes("loaded anew and proved") === true;
  await eventually(loaded, `${hangs} loaded`, patienceMs);
  expect(since()).toContain("verified");
});

test("an image that was damaged on the lab controller is refused by the machine; the node is not blamed", {
  timeout: patienceMs,
}, async () => {
  // The run that was started again has a reservation of its own, which may have taken this very node.
  const own = await run.until(({ event, to }) => event === "reservation" && to === "reserved");
  await post(`/v1/reservations/${own.reservation ?? ""}/end`, { reason: "not wanted" });
  damageImage(place.data);
  await post(`/v1/nodes/${hangs}/reload`, { image });
  const refused = async () =>
    (await timeline(hangs)).some(({ why }) => why.includes("the copy on the lab controller is damaged"));
  await eventually(refused, "a refusal of the damaged image", patienceMs);
  await reaches(hangs, "available");
  expect(await node(hangs)).toMatchObject({ revision: null, openIssues: [] });
});
