/** Many nodes in trouble at once: what is the lab's is not taken for theirs, and what hangs is repaired within bounds. */
import { describe, expect, test } from "vitest";
import { advanceNode } from "../../lib/app/advance-node.ts";
import { suspectDomains } from "../../lib/core/correction/budget.ts";
import { defaultPolicy } from "../../lib/core/correction/policy.ts";
import { nodeFault } from "../../lib/core/fault.ts";
import { jobOf, type NodeState } from "../../lib/core/node/node.ts";
import { minutes } from "../../lib/core/time.ts";
import { MemoryLab } from "./lab.ts";

const { capacity } = defaultPolicy.budget;
const reboots = (nodes: readonly NodeState[]): number =>
  nodes.reduce((sum, { correctiveReboots }) => sum + correctiveReboots, 0);
const isReady = (node: NodeState): boolean => node.provision.state === "in-use";
const isBooting = (node: NodeState): boolean => jobOf(node)?.step === "wait-for-os";

/** A lab whose nodes are all wanted; they are being made ready. */
async function wanted(nodes: number, outlets = 0): Promise<MemoryLab> {
  const lab = await new MemoryLab().open(nodes, outlets);
  for (let from = 0; from < nodes; from += 32)
    await lab.reserve(`r-${from}`, Math.min(32, nodes - from), 24 * 60);
  return lab;
}
const allReady = (lab: MemoryLab) => async (): Promise<boolean> => (await lab.nodes()).every(isReady);

describe("a power blip that hangs 40 of 64 nodes of a lab", () => {
  test("is repaired: all run again, on probation, and no node is given up", async () => {
    const lab = await wanted(64);
    await lab.until(async () => (await lab.nodes()).every(isBooting));
    const from = lab.now;
    for (const { id } of (await lab.nodes()).slice(0, 40)) lab.hang(id);
    await lab.until(allReady(lab));
    const nodes = await lab.nodes();
    expect(nodes.every(isReady)).toBe(true);
    expect(reboots(nodes)).toBe(40);
    const tookMinutes = Math.round((lab.now - from) / minutes(1));
    const stories = await Promise.all(
      nodes.map(({ id }) => lab.store.timeline({ kind: "node", id }, 0, 1000)),
    );
    const said = stories.flat().map(({ why }) => why);
    expect(said.filter((why) => why.includes("the lab is suspect, not they"))).toHaveLength(1);
    console.log(
      `40 of 64 nodes hung: ${reboots(nodes)} reboots, all ready ${tookMinutes} min after the blip`,
    );
    expect(tookMinutes).toBeLessThan(90);
  });
});

describe("a lab whose whole network is dead for ten minutes", () => {
  test("costs no corrective reboot and no attempt, and every job completes after it", async () => {
    const lab = await wanted(24);
    await lab.until(async () => (await lab.nodes()).some(isBooting));
    lab.cutOff = true;
    const from = lab.now;
    await lab.until(async () => lab.now - from >= minutes(10));
    lab.cutOff = false;
    await lab.until(allReady(lab));
    const nodes = await lab.nodes();
    expect(nodes.every(isReady)).toBe(true);
    expect(reboots(nodes)).toBe(0);
    const stories = await Promise.all(
      nodes.map(({ id }) => lab.store.timeline({ kind: "node", id }, 0, 1000)),
    );
    expect(Math.max(...stories.flat().map(({ attempt }) => attempt ?? 1))).toBe(1);
  });
});

describe("40 of 200 nodes that hang one after the other", () => {
  test("are all repaired as they come, the lab is not suspect, and corrections stay within its budget", async () => {
    const lab = await wanted(200);
    let hung = 0;
    await lab.until(async () => {
      const booting = (await lab.nodes()).filter(isBooting);
      const [next] = booting.filter(({ correctiveReboots }) => correctiveReboots === 0);
      if (next !== undefined && hung < 40 && next.operation.phase === "kernel") {
        lab.hang(next.id);
        hung += 1;
      }
      return allReady(lab)();
    });
    const nodes = await lab.nodes();
    expect(nodes.every(isReady)).toBe(true);
    expect(hung).toBeGreaterThan(0);
    expect(reboots(nodes)).toBeLessThanOrEqual(2 * hung);
    expect(hung).toBeLessThanOrEqual(2 * capacity);
  });
});

describe("a power domain that fails: 4 of 16 nodes hang on a PDU that answers nobody", () => {
  const noAnswer = nodeFault("bmc-unreachable", "PDU pdu-1 does not answer: no route");
  const outlets = ["node-01", "node-02", "node-03", "node-04"];
  const isPower = (verb: string): boolean => verb.startsWith("power.");

  test("for half an hour: it is suspect, not its nodes; none is rebooted or given up, and all are ready after it", async () => {
    const lab = await wanted(16, outlets.length);
    lab.fails = (verb, node) => (isPower(verb) && outlets.includes(node) ? noAnswer : null);
    const from = lab.now;
    await lab.until(async () => lab.now - from >= minutes(30));
    const others = (await lab.nodes()).filter(({ id }) => !outlets.includes(id));
    expect(others.every(isReady)).toBe(true);
    const budget = await lab.store.read("budget", "blue");
    expect(budget?.suspect).toBeNull();
    expect(budget === null ? [] : suspectDomains(budget, defaultPolicy.budget, lab.now)).toEqual(["pdu-1"]);
    lab.fails = () => null;
    await lab.until(allReady(lab), minutes(60));
    const nodes = await lab.nodes();
    expect(nodes.map(({ provision }) => provision.state)).toEqual(nodes.map(() => "in-use"));
    expect(reboots(nodes)).toBe(0);
    const stories = await Promise.all(outlets.map((id) => lab.store.timeline({ kind: "node", id }, 0, 1000)));
    const said = stories.flat().map(({ why }) => why);
    expect(said.filter((why) => why.includes("it is suspect, not they"))).toHaveLength(1);
    expect((await lab.store.read("budget", "blue"))?.blind).toEqual([]);
  });

  test("one BMC alone that answers nobody is its node's own: it is given up after its time, and another takes its place", async () => {
    const lab = await wanted(2);
    lab.fails = (verb, node) => (isPower(verb) && node === "node-01" ? noAnswer : null);
    const took = await lab.until(
      async () => (await lab.nodes())[0]?.provision.state === "quarantined",
      minutes(30),
    );
    expect(took).toBeGreaterThanOrEqual(defaultPolicy.blind.giveUpMs);
  });
});

describe("at the worst moment", () => {
  test("invariant 7: a node in use that goes silent is not touched", async () => {
    const lab = await wanted(2);
    await lab.until(allReady(lab));
    for (const node of await lab.nodes()) lab.logIn(node);
    await lab.until(lab.isIn("r-0", "in-use"));
    for (const { id } of await lab.nodes()) lab.hang(id);
    const before = lab.hands.deliveries.length;
    const from = lab.now;
    await lab.until(async () => lab.now - from > minutes(12 * 60));
    expect(lab.hands.deliveries.length).toBe(before);
    expect(reboots(await lab.nodes())).toBe(0);
  });

  test("an operator's offline in the middle of an install stops everything on that node and loses nothing", async () => {
    const lab = await wanted(2);
    await lab.until(async () => (await lab.nodes()).some((node) => jobOf(node)?.step === "network-boot"));
    const actor = { kind: "operator", name: "ada" } as const;
    await advanceNode(lab.app, "node-01", { kind: "offline", reason: "smoke", actor });
    await lab.app.outbox.flush();
    await lab.until(async () => (await lab.nodes())[0]?.administrative.handsOffAt !== null);
    const sent = () =>
      lab.hands.deliveries.flatMap(({ commands }) => commands).filter(({ node }) => node === "node-01")
        .length;
    const before = sent();
    const from = lab.now;
    await lab.until(async () => lab.now - from > minutes(60));
    expect(sent()).toBe(before);
    await advanceNode(lab.app, "node-01", { kind: "online", reason: "it was the toaster", actor });
    await lab.app.outbox.flush();
    await lab.until(allReady(lab));
    expect((await lab.nodes()).every(isReady)).toBe(true);
  });
});
