/** What people are told when they ask why. */
import { expect, test } from "vitest";
import { explainNode, explainReservation } from "../../lib/core/explain.ts";
import { configurationFault } from "../../lib/core/fault.ts";
import { instant } from "../../lib/core/time.ts";
import { aReservation, World } from "./world.ts";

const answers = (world: World) =>
  Object.fromEntries(
    explainNode(world.node, world.entries, world.now).map(({ question, answer }) => [question, answer]),
  );

test("a node that is loaded says what it awaits and for how long; one that was repaired, why", () => {
  const world = new World().makeAvailable().claimFor();
  world.look();
  world.write().pass(10).beacon("kernel");
  expect(answers(world)["what is it doing?"]).toContain(
    "wait-for-os (attempt 1) awaits the operating system's word",
  );
  expect(answers(world)["what is it doing?"]).toContain("for 10 min more at most");
  world.waitUntilDue();
  world.answer();
  expect(answers(world)["why was it corrected last?"]).toMatch(/^reset, .* ago: .*it hangs in kernel: reset/);
});

test("a node that is kept from people says by whom and why", () => {
  const world = new World();
  world.look();
  world.withDeadBmc();
  expect(answers(world)["why does nobody get it?"]).toContain(
    "it is quarantined: no answer from https://bmc",
  );
  world.tell({ kind: "offline", reason: "smoke", actor: { kind: "operator", name: "ada" } });
  expect(answers(world)["why does nobody touch it?"]).toMatch(/^operator ada took it offline .* ago: smoke$/);
});

test("a reservation says what it waits for, then that it is ready, then how it ended and whose fault that was", () => {
  const world = new World().makeAvailable();
  const now = instant(world.now);
  const waits = aReservation(now, {
    state: "new",
    nodes: [],
    placed: [world.node.id],
    start: instant(now + 3_600_000),
  });
  const first = (...given: Parameters<typeof explainReservation>): string =>
    explainReservation(...given)[0]?.answer ?? "";
  expect(first(waits, [], [], now)).toBe("no: node-01 is promised to it, in 60 min");
  expect(first({ ...waits, placed: [] }, [], [], now)).toBe("no: it has 0 of 1 nodes of class standard");
  world.claimFor();
  world.look();
  expect(first(aReservation(now), [world.node], world.entries, now)).toContain(
    "no: node-01 awaits the agent's word",
  );
  const ready = aReservation(now, { state: "reserved", readyAt: now, end: instant(now + 60_000) });
  expect(first(ready, [world.node], [], now)).toBe("yes, since 0 ms; it ends in 60 s");
  const cause = configurationFault("no-capacity", "nothing is free");
  expect(first(aReservation(now, { state: "failed", outcome: "failed", cause }), [], [], now)).toBe(
    "failed: nothing is free (what was asked for cannot be)",
  );
});
