/** The hardware log: what people and correction write in it, and what that means for who gets the node. */
import { describe, expect, test } from "vitest";
import { closeIssue, giveBack, openIssue } from "../../lib/app/hardware-log.ts";
import { jobOf } from "../../lib/core/node/node.ts";
import { isFree } from "../../lib/core/scheduling/allocate.ts";
import { minutes } from "../../lib/core/time.ts";
import { MemoryLab } from "./lab.ts";

const ada = { kind: "operator", name: "ada" } as const;
const fan = {
  code: "fan-loud",
  message: "the left fan screams",
  blocking: true,
  evidence: ["heard it myself"],
};

async function aLab(nodes = 1): Promise<MemoryLab> {
  return new MemoryLab().open(nodes);
}
const first = async (lab: MemoryLab) => {
  const [node] = await lab.nodes();
  if (node === undefined) throw new Error("no node");
  return node;
};

describe("what a person reports", () => {
  test("R77: keeps the node from everybody while it blocks, and is given back with a reason", async () => {
    const lab = await aLab();
    const opened = await openIssue(lab.app, "node-01", fan, ada);
    if (opened === null) throw new Error("not opened");
    expect(isFree(await first(lab))).toBe(false);
    await lab.reserve("r", 1);
    const from = lab.now;
    await lab.until(async () => lab.now - from > minutes(30));
    expect((await lab.reservation("r")).state).toBe("new");
    await closeIssue(lab.app, "node-01", opened.issue.id, "fan replaced", ada);
    await lab.app.outbox.flush();
    await lab.until(lab.isIn("r", "reserved"));
    expect((await lab.store.issues("node-01"))[0]).toMatchObject({
      state: "closed",
      closedBecause: "fan replaced",
    });
  });

  test("the same trouble reported twice is one issue; after it was closed it is a new one", async () => {
    const lab = await aLab();
    const [one, two] = [
      await openIssue(lab.app, "node-01", fan, ada),
      await openIssue(lab.app, "node-01", { ...fan, message: "still loud" }, ada),
    ];
    expect(two).toMatchObject({ known: true, issue: { id: one?.issue.id } });
    await closeIssue(lab.app, "node-01", one?.issue.id ?? "", "replaced", ada);
    const three = await openIssue(lab.app, "node-01", fan, ada);
    expect(three?.known).toBe(false);
    expect(await lab.store.issues("node-01")).toHaveLength(2);
  });

  test("one that does not block is kept, and the node goes on", async () => {
    const lab = await aLab();
    await openIssue(lab.app, "node-01", { ...fan, blocking: false }, ada);
    expect(isFree(await first(lab))).toBe(true);
    expect(await lab.store.issues("node-01")).toHaveLength(1);
  });

  test("a node and an issue that are not there are told apart from those that are", async () => {
    const lab = await aLab();
    expect(await openIssue(lab.app, "node-99", fan, ada)).toBeNull();
    expect(await closeIssue(lab.app, "node-01", "nothing", "x", ada)).toBeNull();
  });
});

describe("what correction writes", () => {
  async function quarantined(): Promise<MemoryLab> {
    const lab = await aLab(2);
    await lab.reserve("r", 1, 24 * 60);
    await lab.until(async () => (await lab.nodes()).some((node) => jobOf(node)?.step === "wait-for-os"));
    const sick = (await lab.nodes()).find((node) => jobOf(node) !== null)?.id ?? "";
    await lab.until(async () => {
      lab.hang(sick);
      return (await lab.nodes()).some(({ provision }) => provision.state === "quarantined");
    });
    return lab;
  }
  const out = async (lab: MemoryLab) => {
    const node = (await lab.nodes()).find(({ openIssues }) => openIssues.length > 0);
    if (node === undefined) throw new Error("no node is out");
    return node;
  };

  test("its issue blocks the node; closing it has the node checked before anybody gets it", async () => {
    const lab = await quarantined();
    const node = await out(lab);
    const [issue] = node.openIssues;
    await closeIssue(lab.app, node.id, issue ?? "", "mainboard replaced", ada);
    await lab.app.outbox.flush();
    expect((await lab.store.read("node", node.id))?.provision.state).toBe("enrolled");
    await lab.until(async () => (await lab.store.read("node", node.id))?.provision.state === "available");
  });

  test("giving the node back settles all that was open against it", async () => {
    const lab = await quarantined();
    const node = await out(lab);
    await openIssue(lab.app, node.id, fan, ada);
    await giveBack(lab.app, node.id, "checked by hand", ada);
    await lab.app.outbox.flush();
    const issues = await lab.store.issues(node.id);
    expect(issues.filter(({ state }) => state === "open")).toEqual([]);
    await lab.until(async () => (await lab.store.read("node", node.id))?.provision.state === "available");
    const free = await lab.store.read("node", node.id);
    expect(free !== null && isFree(free)).toBe(true);
  });
});

describe("what correction keeps before it touches a node (design §6: evidence first)", () => {
  test("is written before the reset: the power, the console's last lines, and the last commands with their ends", async () => {
    const lab = await aLab();
    await lab.reserve("r", 1, 24 * 60);
    await lab.until(async () => jobOf(await first(lab))?.step === "wait-for-os");
    lab.hang("node-01");
    await lab.until(async () => (await first(lab)).correctiveReboots === 1);
    const [kept] = await lab.store.issues("node-01");
    const evidence = kept?.evidence ?? [];
    expect(evidence.filter((line) => line.startsWith("asked again at"))).toHaveLength(1);
    const commands = evidence.filter((line) => line.startsWith("command "));
    expect(commands.length).toBeGreaterThan(1);
    expect(commands.length).toBeLessThanOrEqual(8);
    expect(commands.at(-1)).toMatch(/^command r[.]\S+, answered at \d+: .*power[.]on.*: completed$/);
  });
});
