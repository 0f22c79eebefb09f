/** What the console reads, and what comes of its buttons. */
import { describe, expect, test } from "vitest";
import { actByWidget } from "../../functions/runtime/widgets.ts";
import { readAttention, readLabs, readReservations, readStory } from "../../lib/app/console.ts";
import { memoryFleet } from "../../lib/local/memory/fleet.ts";
import { MemoryLab } from "./lab.ts";

const id = "node-01";
const open = () => new MemoryLab().open(2);

async function press(lab: MemoryLab, event: Readonly<Record<string, unknown>>, reason: string | null) {
  const forms = { all: reason === null ? {} : { reason } };
  const answer = await actByWidget(
    lab.app,
    { node: id, version: 2, ...event, widgetContext: { theme: "dark", forms } },
    { request: "7f3a", leftMs: () => 20_000 },
  );
  await lab.app.outbox.flush();
  return answer;
}

async function nodeOf(lab: MemoryLab) {
  const node = await lab.store.read("node", id);
  if (node === null) throw new Error("no node");
  return node;
}

describe("a button of the console", () => {
  test("R68: does what it says, and the timeline has its reason and its request", async () => {
    const lab = await open();
    expect(await press(lab, { action: "offline" }, "it smells of smoke")).toContain("Done");
    expect((await nodeOf(lab)).administrative).toMatchObject({
      state: "offline",
      reason: "it smells of smoke",
      actor: { kind: "operator", name: "console 7f3a" },
    });
    expect((await readStory(lab.store, id))?.entries.at(-1)?.why).toContain("offline: it smells of smoke");
  });

  test.each([
    ["no reason", { action: "offline" }, null, "Say why in the field Reason"],
    ["a reason of blanks", { action: "offline" }, "  ", "Say why in the field Reason"],
    ["what no button offers", { action: "drain" }, "why not", "action"],
    ["no node", { action: "offline", node: null }, "why not", "target"],
    ["a node that is not there", { action: "offline", node: "nobody" }, "why not", "there is no node nobody"],
  ])("with %s does nothing, and says so", async (_, event, reason, told) => {
    const lab = await open();
    const answer = await press(lab, event, reason);
    expect(answer).toContain("Nothing was done");
    expect(answer).toContain(told);
    expect((await nodeOf(lab)).administrative.state).toBe("online");
  });

  test("pressed twice, it is done once", async () => {
    const lab = await open();
    await press(lab, { action: "power-cycle" }, "it hangs");
    const { version } = await nodeOf(lab);
    await press(lab, { action: "power-cycle" }, "it hangs");
    expect((await nodeOf(lab)).version).toBe(version);
    expect((await nodeOf(lab)).waiting).toEqual([]);
  });
});

describe("the console reads", () => {
  test("R77: who needs attention, until it is released", async () => {
    const lab = await open();
    const attention = async () => (await readAttention(lab.store, memoryFleet(lab.store))).nodes;
    expect(await attention()).toEqual([]);
    await press(lab, { action: "quarantine" }, "a loud fan");
    expect((await attention()).map((node) => node.id)).toEqual([id]);
    await press(lab, { action: "release" }, "a new fan");
    expect(await attention()).toEqual([]);
    expect(await readStory(lab.store, "nobody")).toBeNull();
  });

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
