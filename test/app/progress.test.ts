/** A reservation followed by long poll, as a portal does. */
import { describe, expect, test } from "vitest";
import { followProgress } from "../../lib/app/progress.ts";
import type { ProgressView } from "../../lib/contracts/reservation-views.ts";
import { jobOf } from "../../lib/core/node/node.ts";
import { after } from "../../lib/core/time.ts";
import { MemoryLab } from "./lab.ts";

/** Time passes in the lab while somebody waits. */
const ask = (lab: MemoryLab, id: string, seen: number, waitMs: number): Promise<ProgressView | null> =>
  followProgress(lab.app, id, {
    seen,
    waitMs,
    sleep: async (span) => {
      const until = after(lab.now, span);
      await lab.until(async () => lab.now >= until);
    },
  });

async function answer(...given: Parameters<typeof ask>): Promise<ProgressView> {
  const view = await ask(...given);
  if (view === null) throw new Error("there is no such reservation");
  return view;
}

const entriesOf = async (lab: MemoryLab, id: string): Promise<number> => {
  const entities = [
    { kind: "reservation", id } as const,
    ...(await lab.nodes()).map((node) => ({ kind: "node", id: node.id }) as const),
  ];
  const stories = await Promise.all(entities.map((each) => lab.store.timeline(each, 0, 1000)));
  return stories.flat().filter(({ reservation }) => reservation === id).length;
};

describe("who follows a reservation", () => {
  test("is answered at once at first, whatever he would wait", async () => {
    const lab = await new MemoryLab().open(1);
    await lab.reserve("r", 1);
    const from = lab.now;
    const view = await answer(lab, "r", 0, 20_000);
    expect(lab.now).toBe(from);
    expect(view).toMatchObject({ reservation: "r", state: "loading", nodes: [{ id: "node-01" }] });
    expect(await ask(lab, "none", 0, 20_000)).toBeNull();
  });

  test("is answered as soon as something happens, and misses no state of it to its end", async () => {
    const lab = await new MemoryLab().open(2);
    await lab.reserve("r", 2, 20);
    const states: string[] = [];
    const steps: (string | null)[] = [];
    for (let view = await answer(lab, "r", 0, 0); ; view = await answer(lab, "r", view.after, 20_000)) {
      if (view.state !== states.at(-1)) states.push(view.state);
      steps.push(...view.nodes.map(({ step }) => step));
      if (view.state === "complete") break;
    }
    expect(states).toEqual(["loading", "reserved", "reclaim", "complete"]);
    expect(steps).toContain("write-image");
    expect(steps).toContain("wait-for-os");
  });

  test("waits to the end of his time, and no longer, when nothing happens", async () => {
    const lab = await new MemoryLab().open(1);
    await lab.reserve("r", 1);
    await lab.until(lab.isIn("r", "reserved"));
    const { after: seen } = await answer(lab, "r", 0, 0);
    const from = lab.now;
    const before = await entriesOf(lab, "r");
    const view = await answer(lab, "r", seen, 20_000);
    expect(lab.now - from).toBe(20_000);
    expect(await entriesOf(lab, "r")).toBe(before);
    expect(view).toMatchObject({ state: "reserved", after: seen });
    expect(await answer(lab, "r", seen, 0)).toEqual(view);
  });

  test("is not answered because somebody looked and nothing came of it", async () => {
    const lab = await new MemoryLab().open(1);
    await lab.reserve("r", 3);
    const { after: seen } = await answer(lab, "r", 0, 0);
    const { version } = await lab.reservation("r");
    await lab.until(async () => (await lab.reservation("r")).version > version);
    const from = lab.now;
    const view = await answer(lab, "r", seen, 5_000);
    expect(lab.now - from).toBe(5_000);
    expect(view.state).toBe("new");
  });

  test("is told of every node until when its step may last", async () => {
    const lab = await new MemoryLab().open(1);
    await lab.reserve("r", 1);
    await lab.until(async () => (await lab.nodes()).every((node) => jobOf(node)?.step === "wait-for-os"));
    const view = await answer(lab, "r", 0, 0);
    const [node] = await lab.nodes();
    expect(view.nodes).toMatchObject([{ until: node?.due, awaits: expect.stringMatching(/./) }]);
  });
});
