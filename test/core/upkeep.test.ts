/** Maintenance of one node, decision by decision. */
import { describe, expect, test } from "vitest";
import { nodeFault } from "../../lib/core/fault.ts";
import { branded, isIssueId } from "../../lib/core/ids.ts";
import type { Upkeep } from "../../lib/core/node/node.ts";
import { isFree } from "../../lib/core/scheduling/allocate.ts";
import { after as later } from "../../lib/core/time.ts";
import type { HardwareIssue } from "../../lib/core/timeline.ts";
import { World } from "./world.ts";

const ada = { kind: "operator", name: "ada" } as const;
const dayMs = 24 * 3_600_000;

const plan = (world: World, change: Partial<Upkeep> = {}) =>
  world.tell({
    kind: "upkeep",
    upkeep: {
      to: "maintenance",
      reason: "new fans",
      until: later(world.now, dayMs),
      atEnd: "return",
      ...change,
    },
    actor: ada,
  });

const issueOf = (world: World, state: "open" | "closed"): HardwareIssue => ({
  id: branded(isIssueId, "iss-1"),
  node: world.node.id,
  lab: world.node.lab,
  version: 1,
  state,
  blocking: true,
  fault: nodeFault("fan-loud", "the fan is loud"),
  evidence: [],
  openedAt: world.now,
  openedBy: ada,
  closedAt: null,
  closedBecause: state === "closed" ? "replaced" : null,
});

describe("a node that is drained", () => {
  test("field.md 54: is kept out at once if nobody has it, with its reason and its end on record", () => {
    const world = new World().makeAvailable();
    plan(world);
    expect(world.node.provision).toEqual({ state: "maintenance", reason: "new fans" });
    expect(world.node.due).toBe(world.node.upkeep?.until);
    expect(isFree(world.node)).toBe(false);
  });

  test("field.md 54: keeps whoever has it to his end, and is kept out when it was taken back", () => {
    const world = new World().inUse();
    plan(world);
    expect(world.state).toBe("in-use");
    world.beacon("run", { login: { user: "student" } });
    world.endReservation();
    world.write().bootDisk();
    while (world.state === "configuring") world.pass(5).answer();
    expect(world.state).toBe("maintenance");
    expect(world.node.disk.taint).toBeNull();
  });

  test("comes back by way of a check when its time is over, even if nobody says a word", () => {
    const world = new World().makeAvailable();
    plan(world);
    world.waitUntilDue();
    expect(world.state).toBe("enrolled");
    expect(world.node.upkeep).toBeNull();
    world.answer();
    expect(isFree(world.node)).toBe(true);
  });

  test("stays where it is where a person only wants to be reminded, and its hardware log says so once", () => {
    const world = new World().makeAvailable();
    plan(world, { atEnd: "remind" });
    world.waitUntilDue();
    expect(world.state).toBe("maintenance");
    expect(world.issues.map(({ fault, blocking }) => [fault.code, blocking])).toEqual([
      ["maintenance-overdue", false],
    ]);
    expect(world.node.due).toBeNull();
    expect(world.look()).toBe(false);
  });

  test("is not kept out any more where its time is over before it was free", () => {
    const world = new World().inUse();
    plan(world);
    world.pass(2 * dayMs).endReservation();
    while (world.state === "reclaiming") world.pass(5).answer();
    expect(world.node.upkeep).toBeNull();
  });

  test("is handed out again where it is called off before it was free", () => {
    const world = new World().inUse();
    plan(world);
    world.tell({ kind: "give-back", reason: "not today", actor: ada });
    expect(world.state).toBe("in-use");
    expect(world.node.upkeep).toBeNull();
  });

  test("asked for again as it is changes nothing; asked for otherwise, the newer word holds", () => {
    const world = new World().makeAvailable();
    const until = later(world.now, dayMs);
    plan(world, { until });
    expect(plan(world, { until })).toBe(false);
    plan(world, { until: later(until, dayMs), reason: "and a new board" });
    expect(world.node.provision).toMatchObject({ reason: "and a new board" });
    expect(world.node.due).toBe(later(until, dayMs));
  });

  test("is brought back by a person at any time, by way of a check", () => {
    const world = new World().makeAvailable();
    plan(world);
    world.tell({ kind: "give-back", reason: "done early", actor: ada });
    expect(world.state).toBe("enrolled");
    world.answer();
    expect(isFree(world.node)).toBe(true);
  });
});

describe("a node that is retired", () => {
  test("stays so, whatever time passes, and comes back by a check if a person wants it", () => {
    const world = new World().makeAvailable();
    plan(world, { to: "retired", until: null });
    expect(world.state).toBe("retired");
    expect(world.node.due).toBeNull();
    plan(world);
    expect(world.state).toBe("retired");
    world.tell({ kind: "give-back", reason: "we need it after all", actor: ada });
    expect(world.state).toBe("enrolled");
    world.answer();
    expect(isFree(world.node)).toBe(true);
  });

  test("is waited for while somebody has it, and may come from maintenance", () => {
    const world = new World().inUse();
    plan(world, { to: "retired", until: null });
    expect(world.state).toBe("in-use");
    const other = new World().makeAvailable();
    plan(other);
    plan(other, { to: "retired", until: null });
    expect(other.state).toBe("retired");
  });
});

describe("an issue that is closed", () => {
  test("R77: has a free node checked before anybody gets it", () => {
    const world = new World().makeAvailable();
    world.tell({ kind: "issue", issue: issueOf(world, "open"), actor: ada });
    expect(isFree(world.node)).toBe(false);
    world.tell({ kind: "issue", issue: issueOf(world, "closed"), actor: ada });
    expect(world.state).toBe("enrolled");
    world.answer();
    expect(isFree(world.node)).toBe(true);
  });

  test("does not bring back a node that an operator has", () => {
    const world = new World().makeAvailable();
    world.tell({ kind: "issue", issue: issueOf(world, "open"), actor: ada });
    plan(world);
    world.tell({ kind: "issue", issue: issueOf(world, "closed"), actor: ada });
    expect(world.state).toBe("maintenance");
  });
});
