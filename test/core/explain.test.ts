/** What people are told when they ask why. */
import { expect, test } from "vitest";
import { evidenceOf } from "../../lib/core/correction/sighting.ts";
import { explainNode, explainReboots, explainReservation } from "../../lib/core/explain.ts";
import { configurationFault } from "../../lib/core/fault.ts";
import { branded, isReservationId } from "../../lib/core/ids.ts";
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
  expect(answers(world)["who had it switched or rebooted last?"]).toBeUndefined();
});

test("of a node that was rebooted for it a reservation says when, which rung that was, and on what evidence", () => {
  const world = new World().makeAvailable().claimFor();
  const id = aReservation(world.now).id;
  world.look();
  world.write().pass(10).beacon("kernel");
  world.waitUntilDue();
  world.answer();
  world.pass(3000);
  const [answer, ...others] = explainReboots(world.node.id, id, world.entries, world.now);
  expect(others).toEqual([]);
  expect(answer?.question).toBe("why was node-01 rebooted?");
  expect(answer?.answer).toMatch(/^reset, 3 s ago: .*it hangs in kernel: reset/);
  const evidence = world.entries.find(({ correction }) => correction === "reset")?.evidence;
  expect(evidence).toBeTruthy();
  expect(answer?.evidence).toBe(evidence);
  const heard = world.entries.map((each) => ({ ...each, evidence: evidenceOf({ line: "hunter2" }) }));
  expect(JSON.stringify(explainReboots(world.node.id, id, heard, world.now))).not.toContain("hunter2");
  const another = branded(isReservationId, "another");
  expect(explainReboots(world.node.id, another, world.entries, world.now)).toEqual([]);
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
