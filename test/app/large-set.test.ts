/** A large set is held some nodes at a time, and is had whole or not at all. */
import { describe, expect, test } from "vitest";
import { reservationOf } from "../../lib/core/node/node.ts";
import { MemoryLab } from "./lab.ts";

const hours = (count: number): number => count * 60;

describe("309 nodes", () => {
  test("are all handed over, though no transaction can hold them", { timeout: 300_000 }, async () => {
    const lab = await new MemoryLab().open(309);
    await lab.reserve("all", 309, hours(3));
    await lab.until(lab.isIn("all", "reserved"));
    const { nodes, placed } = await lab.reservation("all");
    expect([new Set(nodes).size, new Set(placed).size]).toEqual([309, 309]);
    const held = (await lab.nodes()).filter((node) => reservationOf(node) === "all");
    expect(held.map(({ provision }) => provision.state)).toEqual(held.map(() => "in-use"));
  });
});

describe("a large set of which one node is another's", () => {
  test("waits until all can be had, and claims none before that", { timeout: 300_000 }, async () => {
    const lab = await new MemoryLab().open(120);
    await lab.reserve("one", 1, hours(2));
    await lab.until(lab.isIn("one", "reserved"));
    await lab.reserve("all", 120, hours(1));
    const { end } = await lab.reservation("one");
    await lab.until(async () => lab.now > end - hours(0.5) * 60_000);
    expect(await lab.reservation("all")).toMatchObject({ state: "new", nodes: [], placed: { length: 120 } });
    await lab.until(lab.isIn("all", "reserved"));
    expect(lab.now).toBeGreaterThan(end);
  });

  test("two that want the same are served one after the other", { timeout: 300_000 }, async () => {
    const lab = await new MemoryLab().open(120);
    await Promise.all([lab.reserve("a", 100, hours(1)), lab.reserve("b", 100, hours(1))]);
    await lab.until(async () => (await lab.isIn("a", "complete")()) && (await lab.isIn("b", "complete")()));
  });
});
