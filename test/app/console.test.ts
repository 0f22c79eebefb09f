/** What operators do to a node from the console, and what the console reads of it. */
import { describe, expect, test } from "vitest";
import { readAttention, readLabs, readReservations, readStory } from "../../lib/app/console.ts";
import { isNodeRequest, operateOnNode } from "../../lib/app/console-act.ts";
import { type Operated, operateRequest } from "../../lib/contracts/operate.ts";
import { isFree } from "../../lib/core/scheduling/allocate.ts";
import { memoryFleet } from "../../lib/local/memory/fleet.ts";
import { MemoryLab } from "./lab.ts";

const id = "node-01";
const open = () => new MemoryLab().open(2);

async function operate(lab: MemoryLab, action: string, press: string | null = null): Promise<Operated> {
  const reason = "it smells of smoke";
  const request = operateRequest.parse({ action, target: id, reason, actor: "console 7f3a", request: press });
  if (!isNodeRequest(request)) throw new Error(`${action} has no button`);
  const operated = await operateOnNode(lab.app, request);
  await lab.app.outbox.flush();
  return operated;
}

async function nodeOf(lab: MemoryLab) {
  const node = await lab.store.read("node", id);
  if (node === null) throw new Error("no node");
  return node;
}

const isAvailable = (lab: MemoryLab) => async () => (await nodeOf(lab)).provision.state === "available";

describe("a button of the console", () => {
  test("R68: takes a node offline and releases it, with who and why in the timeline", async () => {
    const lab = await open();
    expect(await operate(lab, "offline")).toMatchObject({ done: true });
    expect((await nodeOf(lab)).administrative).toMatchObject({
      state: "offline",
      reason: "it smells of smoke",
      actor: { kind: "operator", name: "console 7f3a" },
    });
    const told = (await readStory(lab.store, id))?.entries.at(-1);
    expect(told).toMatchObject({
      actor: { name: "console 7f3a" },
      why: "offline: it smells of smoke; no hand is on it",
    });
    expect(await operate(lab, "release")).toEqual({ done: true, text: "node-01 is online again" });
    expect((await nodeOf(lab)).administrative.state).toBe("online");
  });

  test("R77: quarantine keeps the node from everybody until it is released", async () => {
    const lab = await open();
    await operate(lab, "quarantine");
    expect(isFree(await nodeOf(lab))).toBe(false);
    expect((await operate(lab, "quarantine")).text).toContain("did before");
    expect((await readAttention(lab.store, memoryFleet(lab.store))).nodes.map((node) => node.id)).toEqual([
      id,
    ]);
    expect(await operate(lab, "release")).toMatchObject({ done: true });
    expect(isFree(await nodeOf(lab))).toBe(true);
    expect((await readAttention(lab.store, memoryFleet(lab.store))).count).toBe(0);
  });

  test("pressed twice, it is done once", async () => {
    const lab = await open();
    await operate(lab, "look-again");
    await operate(lab, "power-cycle", "node-01.v2.power-cycle");
    await operate(lab, "power-cycle", "node-01.v2.power-cycle");
    expect((await nodeOf(lab)).waiting.map((each) => each.id)).toEqual(["node-01.v2.power-cycle"]);
    await lab.until(isAvailable(lab));
    await operate(lab, "power-cycle", "node-01.v2.power-cycle");
    expect((await nodeOf(lab)).provision.state).toBe("available");
  });

  test("looks at a node at rest by reading its power, and at a busy one by what it waits for", async () => {
    const lab = await open();
    expect((await operate(lab, "look-again")).text).toBe("node-01 is inspected now");
    expect((await nodeOf(lab)).provision.state).toBe("enrolled");
    expect((await operate(lab, "look-again")).text).toContain("node-01 was looked at");
    await lab.until(isAvailable(lab));
  });

  test("reloads a node with what it had, and says so where nobody knows what that was", async () => {
    const lab = await open();
    expect(await operate(lab, "reload")).toMatchObject({
      done: false,
      text: expect.stringMatching(/nobody knows what node-01 had/),
    });
    await lab.job({ kind: "reload", id: "first", node: id, image: "demo" });
    await lab.until(isAvailable(lab));
    expect((await operate(lab, "reload")).text).toBe("node-01 is loaded with demo now");
    expect((await nodeOf(lab)).provision.state).toBe("loading");
  });

  test("says so when there is nothing to release, and when there is no such node", async () => {
    const lab = await open();
    expect(await operate(lab, "release")).toMatchObject({
      done: false,
      text: expect.stringMatching(/nothing keeps node-01 out/),
    });
    expect(await readStory(lab.store, "nobody")).toBeNull();
  });
});

describe("the console reads", () => {
  test("who has nodes and who waits for them, those who are served no more left out", async () => {
    const lab = await open();
    await lab.reserve("over", 1, 30);
    await lab.until(lab.isIn("over", "reserved"));
    await lab.job({ kind: "end", id: "end", reservation: "over" });
    await lab.until(lab.isIn("over", "complete"));
    await lab.reserve("all", 2);
    await lab.until(lab.isIn("all", "reserved"));
    await lab.reserve("waits", 1);
    const { live, places, more } = await readReservations(lab.store);
    expect(live.map((each) => each.id).toSorted()).toEqual(["all", "waits"]);
    expect([...places]).toEqual([["waits", 1]]);
    expect(more).toBe(false);
  });

  test("labs, with what correction may still spend", async () => {
    const lab = await open();
    expect(await readLabs(lab.store)).toMatchObject([
      { id: "blue", nodes: 2, tokens: lab.app.policy.budget.capacity, suspect: null },
    ]);
  });
});
