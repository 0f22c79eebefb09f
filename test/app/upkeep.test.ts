/** Maintenance of many nodes, over the use-cases and the watchdogs. */
import { describe, expect, test } from "vitest";
import { upkeep } from "../../lib/app/upkeep.ts";
import { type UpkeepBody, upkeepBody } from "../../lib/contracts/upkeep.ts";
import { minutes } from "../../lib/core/time.ts";
import { MemoryLab } from "./lab.ts";

const ada = { kind: "operator", name: "ada" } as const;

async function ask(lab: MemoryLab, body: object) {
  const parsed: UpkeepBody = upkeepBody.parse({ reason: "new fans", ...body });
  const done = await upkeep(lab.app, parsed, ada);
  await lab.app.outbox.flush();
  return done;
}
const states = async (lab: MemoryLab) => (await lab.nodes()).map(({ provision }) => provision.state);

describe("a group of nodes", () => {
  test("field.md 54: is drained in one call that names each; reservations wait for those that are left, and for their return", async () => {
    const lab = await new MemoryLab().open(3);
    await lab.reserve("r", 1);
    await lab.until(lab.isIn("r", "reserved"));
    const until = lab.now + minutes(60);
    const done = await ask(lab, { action: "drain", of: { lab: "blue" }, until });
    if (!done.ok) throw new Error(done.fault.message);
    expect(done.view.nodes.map(({ outcome }) => outcome)).toEqual(["changed", "changed", "changed"]);
    expect(done.view.nodes.filter(({ reservation }) => reservation === "r")).toHaveLength(1);
    expect((await states(lab)).toSorted()).toEqual(["in-use", "maintenance", "maintenance"]);
    await lab.reserve("later", 2);
    lab.loseWakes = true;
    await lab.until(lab.isIn("later", "reserved"));
    expect(lab.now).toBeGreaterThanOrEqual(until);
  });

  test("field.md 54: does not take a node from whoever is just getting it, and waits for him", async () => {
    const lab = await new MemoryLab().open(2);
    await lab.reserve("r", 1);
    await lab.until(async () => (await states(lab)).includes("loading"));
    const [node] = (await lab.reservation("r")).nodes;
    await ask(lab, { action: "drain", of: { lab: "blue" }, until: lab.now + minutes(600) });
    await lab.until(lab.isIn("r", "reserved"));
    expect((await lab.reservation("r")).nodes).toEqual([node]);
    const from = lab.now;
    await lab.until(async () => lab.now - from > minutes(20));
    expect((await lab.reservation("r")).nodes).toEqual([node]);
    await lab.until(async () => (await states(lab)).every((state) => state === "maintenance"));
  });

  test("comes back in one call, and who is quarantined or retired in it does not", async () => {
    const lab = await new MemoryLab().open(3);
    await ask(lab, { action: "retire", of: { node: "node-03" } });
    await ask(lab, { action: "drain", of: { class: "standard" }, until: lab.now + minutes(60) });
    const done = await ask(lab, { action: "return", of: { lab: "blue" } });
    if (!done.ok) throw new Error(done.fault.message);
    expect(done.view.nodes.map(({ node }) => node)).toEqual(["node-01", "node-02"]);
    await lab.until(async () => (await states(lab)).filter((state) => state === "available").length === 2);
    expect(await states(lab)).toEqual(["available", "available", "retired"]);
  });

  test("of a power domain or a rack is named with its lab, and an end that lies in the past is refused", async () => {
    const lab = await new MemoryLab().open(2);
    expect(upkeepBody.safeParse({ action: "retire", reason: "old", of: { rack: "r1" } }).success).toBe(false);
    const of = { lab: "blue", powerDomain: "https://node-02" };
    const done = await ask(lab, { action: "drain", of, until: lab.now + minutes(5) });
    expect(done).toMatchObject({ ok: true, view: { nodes: [{ node: "node-02", state: "maintenance" }] } });
    expect(await ask(lab, { action: "drain", of, until: lab.now - 1 })).toMatchObject({
      ok: false,
      fault: { code: "already-over" },
    });
  });

  test("larger than a call can go through is gone through page by page, each node once", async () => {
    const lab = await new MemoryLab().open(130);
    const seen: string[] = [];
    let next: string | null = null;
    do {
      const done = await ask(lab, { action: "retire", of: { lab: "blue" }, next });
      if (!done.ok) throw new Error(done.fault.message);
      seen.push(...done.view.nodes.map(({ node }) => node));
      next = done.view.next;
    } while (next !== null);
    expect(new Set(seen).size).toBe(130);
    expect(seen).toHaveLength(130);
    expect(new Set(await states(lab))).toEqual(new Set(["retired"]));
  });
});
