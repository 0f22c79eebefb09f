import { expect, test } from "vitest";
import { many, serving } from "../../bench/agent/agent.ts";

test("of 96 slow power commands at once none is lost, no more tools run than are allowed, and files do not pile up", async () => {
  const { lost, mostTools, mostFiles } = await many(96, 0.2);
  expect(lost).toBe(0);
  expect(mostTools).toBeLessThanOrEqual(24);
  expect(mostFiles).toBeLessThan(200);
}, 120_000);

test("eight nodes that read one image at once are each given all of it", async () => {
  const { readers, imageMib } = await serving(8, 4);
  expect([readers, imageMib]).toEqual([8, 4]);
}, 120_000);
