/** Ready on time, from the use-cases: what loads teach, what idle nodes are loaded with, what people see of it. */
import { describe, expect, test } from "vitest";
import { advanceNode } from "../../lib/app/advance-node.ts";
import { preload } from "../../lib/app/preload.ts";
import { viewReadiness } from "../../lib/app/readiness.ts";
import { watchLabs } from "../../lib/app/watch.ts";
import { defaultPolicy } from "../../lib/core/correction/policy.ts";
import { branded, isJobId } from "../../lib/core/ids.ts";
import { running } from "../../lib/core/prediction/preload.ts";
import { controller, MemoryLab } from "./lab.ts";

const minute = 60_000;

/** Reserved, handed over, ended, free again. */
async function served(lab: MemoryLab, id: string, count: number): Promise<number> {
  await lab.reserve(id, count);
  const waitedMs = await lab.until(lab.isIn(id, "reserved"));
  await lab.job({ kind: "end", id: `end-${id}`, reservation: id, reason: "enough" });
  await lab.until(lab.isIn(id, "complete"));
  return waitedMs;
}

const isFreeAgain = (lab: MemoryLab) => async (): Promise<boolean> =>
  (await lab.nodes()).every(({ provision }) => provision.state === "available");

async function haveItRunning(lab: MemoryLab): Promise<number> {
  return (await lab.nodes()).filter((node) => running(node) !== null).length;
}

async function begun(lab: MemoryLab): Promise<number> {
  const { begun: count } = await preload(lab.app);
  await lab.app.outbox.flush();
  return count;
}

describe("being ready on time is learned", () => {
  test("each stage's time is kept by class and image, and a node that had the image running counts as a hit", async () => {
    const lab = await new MemoryLab().open(2);
    await served(lab, "first", 1);
    await served(lab, "second", 1);
    const view = await viewReadiness(lab.store, "standard");
    expect(view).toMatchObject({ class: "standard", handedOver: 2, withoutLoad: 1, share: 0.5 });
    const stages = view.images[0]?.stages;
    expect(stages?.load?.count).toBe(1);
    expect(stages?.load?.meanMs).toBeGreaterThan(minute);
    expect(stages?.load?.meanMs).toBeLessThan(5 * minute);
    expect(stages?.check?.meanMs).toBeLessThan(minute);
    expect(view.images[0]?.readyWithinMs).toBeNull();
  });

  test("a booking's lead is what loads took, as soon as there were some; before that it is the policy's", async () => {
    const lab = await new MemoryLab().open(6);
    const leadOf = async (id: string) => {
      const start = lab.now + 20 * 60 * minute;
      await lab.job({ kind: "reserve", id, owner: "ada", image: "demo", minutes: 60, start });
      return (await lab.reservation(id)).leadMs;
    };
    expect(await leadOf("before")).toBe(defaultPolicy.reservation.leadMs);
    await served(lab, "many", 5);
    const lead = await leadOf("after");
    expect(lead).toBeLessThan(10 * minute);
    expect(lead).toBeGreaterThan(2 * minute);
    await lab.until(lab.isIn("after", "reserved"));
    const { readyAt, start } = await lab.reservation("after");
    expect(readyAt).not.toBeNull();
    expect(readyAt).toBeLessThanOrEqual(start);
    expect(readyAt).toBeGreaterThan(start - lead);
  });
});

describe("idle nodes are preloaded", () => {
  test("with what people wanted at this hour, and whoever comes next has it within a minute", async () => {
    const lab = await new MemoryLab().open(8);
    expect(await begun(lab)).toBe(0);
    await served(lab, "course", 4);
    const before = await haveItRunning(lab);
    expect(await begun(lab)).toBeGreaterThan(0);
    await lab.until(isFreeAgain(lab));
    expect(await haveItRunning(lab)).toBeGreaterThan(before);
    await begun(lab);
    await lab.until(isFreeAgain(lab));
    await lab.reserve("next", before + 1);
    expect(await lab.until(lab.isIn("next", "reserved"))).toBeLessThanOrEqual(minute);
    const stock = await lab.store.read("stock", "standard");
    expect(Object.values(stock?.ready ?? {}).flat().length).toBeGreaterThan(before);
  });

  test("some idle nodes are always left alone, and it comes to rest", async () => {
    const lab = await new MemoryLab().open(8);
    await served(lab, "course", 6);
    let rounds = 0;
    for (; rounds < 10 && (await begun(lab)) > 0; rounds += 1) {
      const loading = (await lab.nodes()).filter(({ provision }) => provision.state !== "available").length;
      expect(loading).toBeLessThanOrEqual(defaultPolicy.readiness.atOnce);
      expect(loading).toBeLessThan(7);
      await lab.until(isFreeAgain(lab));
    }
    expect(rounds).toBeLessThan(10);
  });

  test("a node that somebody got first is not loaded away from under him, nor after him", async () => {
    const lab = await new MemoryLab().open(1);
    await served(lab, "first", 1);
    await lab.reserve("second", 1);
    const [node] = await lab.nodes();
    const target = { image: lab.image, revision: node?.disk.revision ?? null };
    if (node === undefined || target.revision === null) throw new Error("it has no image");
    const actor = { kind: "watchdog", name: "preload" } as const;
    const id = branded(isJobId, "too-late");
    const wanted = { image: target.image, revision: target.revision };
    const request = {
      id,
      program: "reload",
      target: wanted,
      requestedBy: actor,
      requestedAt: lab.now,
    } as const;
    await advanceNode(lab.app, node.id, { kind: "job", request, actor });
    expect((await lab.nodes()).map(({ waiting }) => waiting)).toEqual([[]]);
    await lab.until(lab.isIn("second", "reserved"));
  });

  test("a silent lab is given nothing to load", async () => {
    const lab = await new MemoryLab().open(4);
    await served(lab, "course", 3);
    lab.hands.away.add(controller);
    await watchLabs(lab.app);
    expect(await begun(lab)).toBe(0);
    lab.hands.away.delete(controller);
    await watchLabs(lab.app);
    expect(await begun(lab)).toBeGreaterThan(0);
  });
});
