/** A whole reservation whose user never comes, and one whose end is near, with every message lost. */
import { expect, test } from "vitest";
import { minutes } from "../../lib/core/time.ts";
import { MemoryLab } from "./lab.ts";

const notices = async (lab: MemoryLab, id: string) =>
  (await lab.store.timeline({ kind: "reservation", id }, 0, 100)).flatMap(({ notice }) => notice ?? []);

test("nodes of a user who never connects are free again, even if every wake and timer is lost", async () => {
  const lab = await new MemoryLab().open(2);
  await lab.reserve("absent", 2, 24 * 60);
  await lab.until(lab.isIn("absent", "reserved"));
  lab.loseWakes = true;
  const tookMs = await lab.until(lab.isIn("absent", "complete"));
  expect(tookMs).toBeGreaterThanOrEqual(minutes(120));
  expect(tookMs).toBeLessThan(minutes(150));
  expect((await lab.reservation("absent")).cause?.code).toBe("never-connected");
  expect((await lab.nodes()).map(({ provision }) => provision.state)).toEqual(["available", "available"]);
});

test("whoever logged in keeps the nodes to the end, and is warned once", async () => {
  const lab = await new MemoryLab().open(1);
  await lab.reserve("present", 1, 5 * 60);
  await lab.until(lab.isIn("present", "reserved"));
  for (const node of await lab.nodes()) lab.logIn(node);
  await lab.until(lab.isIn("present", "complete"));
  expect((await lab.reservation("present")).cause).toBeNull();
  expect(await notices(lab, "present")).toEqual(["ending-soon"]);
});
