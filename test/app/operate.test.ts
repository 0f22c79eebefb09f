/** What operators do by hand, from an Automation or the console. */
import { describe, expect, test } from "vitest";
import { flightRecord, shortened } from "../../lib/app/flight-record.ts";
import { operate } from "../../lib/app/operate.ts";
import { type OperateRequest, operateRequest, operationNames } from "../../lib/contracts/operate.ts";
import { MemoryLab } from "./lab.ts";

const forEver = () => 1_000_000;
const arn = "arn:aws:sts::123456789012:assumed-role/Operators/ada";

const request = (action: string, target = "node-01", more: object = {}): OperateRequest =>
  operateRequest.parse({ action, target, reason: "it smells", actor: arn, ...more });

const ask = async (lab: MemoryLab, ...given: Parameters<typeof request>) => {
  const operated = await operate(lab.app, request(...given), forEver);
  await lab.app.outbox.flush();
  return operated;
};
const first = async (lab: MemoryLab) => {
  const [node] = await lab.nodes();
  if (node === undefined) throw new Error("no node");
  return node;
};
const aLab = (nodes = 2) => new MemoryLab().open(nodes);

describe("what an operator asks for", () => {
  test("stands in the timeline with who asked and why (R34)", async () => {
    const lab = await aLab();
    for (const action of ["offline", "release", "quarantine", "release", "power-cycle"] as const) {
      const { version } = await first(lab);
      expect(await ask(lab, action)).toMatchObject({ done: true });
      const [entry] = await lab.store.timeline({ kind: "node", id: "node-01" }, version, 1);
      expect(entry?.actor).toMatchObject({ kind: "operator", name: expect.stringContaining(arn) });
      expect(`${entry?.why} ${entry?.actor.name}`).toContain("it smells");
    }
  });

  test("asked for twice is done once: an Automation that is repeated changes nothing", async () => {
    const lab = await aLab();
    const once = { request: "7b5f6a1e-0000-4000-8000-000000000001" };
    for (let times = 0; times < 3; times += 1)
      await ask(lab, "reload", "node-01", { ...once, image: "demo" });
    await lab.until(async () => (await lab.store.read("job", once.request))?.state === "done");
    await ask(lab, "reload", "node-01", { ...once, image: "demo" });
    const entries = await lab.store.timeline({ kind: "node", id: "node-01" }, 0, 1000);
    expect(entries.filter(({ why }) => why.includes("reload begins"))).toHaveLength(1);
  });

  test("of a node or a lab that is not there is refused, and says so", async () => {
    const lab = await aLab();
    for (const action of operationNames) {
      const operated = await ask(lab, action, "nowhere");
      expect(operated).toMatchObject({
        done: false,
        text: expect.stringMatching(/^there is no (node|lab) nowhere$/),
      });
    }
  });

  test("without a reason, or with one that would move a terminal's cursor, is not read", () => {
    expect(operateRequest.safeParse({ action: "offline", target: "node-01", actor: arn }).success).toBe(
      false,
    );
    const moving = { action: "offline", target: "node-01", actor: arn, reason: "\u001b[2J" };
    expect(operateRequest.safeParse(moving).success).toBe(false);
  });
});

describe("node by node", () => {
  test("an offline node is touched by nobody until it is released", async () => {
    const lab = await aLab(1);
    await ask(lab, "offline");
    await lab.reserve("r", 1, 600);
    const sent = lab.hands.deliveries.length;
    const from = lab.now;
    await lab.until(async () => lab.now - from > 600_000);
    expect(lab.hands.deliveries).toHaveLength(sent);
    await ask(lab, "release");
    await lab.until(lab.isIn("r", "reserved"));
  });

  test("a node that was set aside is nobody's until it is released", async () => {
    const lab = await aLab(1);
    await ask(lab, "quarantine");
    expect((await lab.store.issues("node-01"))[0]).toMatchObject({ state: "open", blocking: true });
    await lab.reserve("r", 1, 600);
    const from = lab.now;
    await lab.until(async () => lab.now - from > 600_000);
    expect((await lab.reservation("r")).state).toBe("new");
    await ask(lab, "release");
    await lab.until(lab.isIn("r", "reserved"));
    expect((await lab.store.issues("node-01"))[0]).toMatchObject({
      state: "closed",
      closedBecause: "it smells",
    });
  });

  test("a load without an image is one with what is on the disk, and refused where that is not known", async () => {
    const lab = await aLab(1);
    expect(await ask(lab, "reload")).toMatchObject({
      done: false,
      text: "it is not known what is on node node-01: say which image (image)",
    });
    await ask(lab, "reload", "node-01", { image: "demo", request: "one" });
    await lab.until(async () => (await lab.store.read("job", "one"))?.state === "done");
    expect(await ask(lab, "reload", "node-01", { image: "", request: "two" })).toMatchObject({ done: true });
  });

  test("an inspection reads the power of a node", async () => {
    const lab = await aLab(1);
    await ask(lab, "inspect", "node-01", { request: "look" });
    await lab.until(async () => (await lab.store.read("job", "look"))?.state === "done");
    expect(await ask(lab, "look-again")).toMatchObject({
      text: "node node-01 was looked at: nothing is due",
    });
  });
});

describe("a whole lab", () => {
  test("is drained and resumed: each node once, whoever uses one keeps it", async () => {
    const lab = await aLab(5);
    await lab.reserve("r", 1, 600);
    await lab.until(lab.isIn("r", "reserved"));
    expect(await ask(lab, "drain", "blue")).toEqual({
      done: true,
      text: "lab blue: 5 of 5 nodes are drained now",
    });
    const states = async () => (await lab.nodes()).map(({ provision }) => provision.state).toSorted();
    expect(await states()).toEqual(["in-use", ...Array.from({ length: 4 }, () => "maintenance")]);
    expect((await lab.reservation("r")).state).toBe("reserved");
    expect(await ask(lab, "drain", "blue")).toMatchObject({ text: "lab blue: 0 of 5 nodes are drained now" });
    expect(await ask(lab, "resume", "blue")).toMatchObject({ text: "lab blue: 5 of 5 nodes are back now" });
    await lab.until(async () => (await states()).join() === "available,available,available,available,in-use");
    expect((await lab.nodes()).every(({ upkeep }) => upkeep === null)).toBe(true);
  });

  test("that is too large for one run says how many are left, and the next run does those", async () => {
    const lab = await aLab(20);
    let calls = 0;
    const shortTime = () => (++calls > 2 ? 0 : 1_000_000);
    const operated = await operate(lab.app, request("drain", "blue"), shortTime);
    expect(operated).toEqual({
      done: false,
      text: "lab blue: 16 of 20 nodes are drained now, 4 are left: run it again",
    });
    expect(await ask(lab, "drain", "blue")).toMatchObject({
      done: true,
      text: "lab blue: 4 of 20 nodes are drained now",
    });
  });

  test("that was restored from a backup is taken offline once for each restore", async () => {
    const lab = await aLab(3);
    expect(await ask(lab, "restored", "blue")).toMatchObject({
      text: "lab blue: 3 of 3 nodes are offline now",
    });
    const versions = (await lab.nodes()).map(({ version }) => version);
    expect(await ask(lab, "restored", "blue")).toMatchObject({
      text: "lab blue: 0 of 3 nodes are offline now",
    });
    expect((await lab.nodes()).map(({ version }) => version)).toEqual(versions);
    await ask(lab, "restored", "blue", { reason: "another backup" });
    expect((await lab.nodes()).every(({ version }, at) => version > (versions[at] ?? 0))).toBe(true);
  });
});

describe("the flight recorder", () => {
  test("holds everything that is known of a node: its state, its story, its jobs, its log, its lab, its hands", async () => {
    const lab = await aLab(1);
    await lab.reserve("r", 1, 600);
    await lab.until(lab.isIn("r", "reserved"));
    await ask(lab, "power-cycle", "node-01", { request: "cycle" });
    await lab.until(async () => (await lab.store.read("job", "cycle"))?.state === "done");
    await ask(lab, "quarantine");
    const { record } = await ask(lab, "record");
    expect(record).toMatchObject({
      schema: "rackwright.record/1",
      node: { id: "node-01" },
      spec: { power: { credential: "bmc/blue" } },
      reservation: { id: "r" },
      issues: [{ fault: { message: "it smells" } }],
      calendar: { bookings: [{ reservation: "r" }] },
      jobs: expect.arrayContaining([expect.objectContaining({ id: "cycle", state: "done" })]),
      lab: { id: "blue" },
      controllers: [{ reachable: true }],
      lease: { lab: "blue" },
      earlierEntries: 0,
    });
    expect(record?.timeline.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: record?.node.version ?? 0 }, (_, index) => index + 1),
    );
  });

  test("that is too long loses the oldest of its story, and says how much", async () => {
    const lab = await aLab(1);
    for (let times = 0; times < 40; times += 1) await ask(lab, times % 2 === 0 ? "offline" : "release");
    const record = await flightRecord(lab.app, "node-01");
    if (record === null) throw new Error("no record");
    const short = shortened(record, 8_000);
    expect(JSON.stringify(short).length).toBeLessThanOrEqual(8_000);
    expect(short.timeline.at(-1)).toEqual(record.timeline.at(-1));
    expect(short.earlierEntries + short.timeline.length).toBe(record.timeline.length);
  });
});
