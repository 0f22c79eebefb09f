/** What counts as evidence of what a machine does, and how it is told. */
import { describe, expect, test } from "vitest";
import { defaultPolicy } from "../../lib/core/correction/policy.ts";
import { nodeFault } from "../../lib/core/fault.ts";
import { branded, isIssueId, isJobId, isNodeId } from "../../lib/core/ids.ts";
import { instant } from "../../lib/core/time.ts";
import type { HardwareIssue } from "../../lib/core/timeline.ts";
import { World } from "./world.ts";

const lastWhy = (world: World): string => world.entries.at(-1)?.why ?? "";
const operator = { kind: "operator", name: "ada" } as const;

const issue = (world: World, number: number, change: Partial<HardwareIssue> = {}): HardwareIssue => ({
  id: branded(isIssueId, `iss-${number}`),
  node: world.node.id,
  lab: world.node.lab,
  version: 1,
  state: "open",
  blocking: true,
  fault: nodeFault("loose-cable", "a loose cable"),
  evidence: [],
  openedAt: world.now,
  openedBy: operator,
  closedAt: null,
  closedBecause: null,
  ...change,
});

describe("R67, R69: the phase of a machine", () => {
  test("is told with the time since the phase before, once there was one", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    world.answer();
    const { boot } = world.job;
    world.pass(4_000).beacon("firmware", { boot });
    expect(lastWhy(world)).toContain("its firmware asks for the network boot");
    world.pass(7_000).beacon("build", { boot });
    expect(lastWhy(world)).toContain("in build, 7 s after firmware");
  });

  test("follows the power where nothing else tells: off is off, on after off is firmware, on while it runs is nothing new", () => {
    const world = new World().inUse();
    const inspect = (power: "on" | "off"): void => {
      const { command } = world.job;
      if (command === null) throw new Error("nothing was asked");
      world.answer("completed", {
        results: [{ verb: "power.status", outcome: "done", observed: { power } }],
      });
    };
    world.endReservation();
    while (world.state === "reclaiming") world.answer();
    const asks = (number: string) =>
      world.tell({
        kind: "job",
        request: {
          id: branded(isJobId, `look-${number}`),
          program: "inspect",
          target: null,
          requestedBy: operator,
          requestedAt: world.now,
        },
        actor: operator,
      });
    expect(world.node.operation.phase).toBe("run");
    world.pass(10);
    asks("1");
    inspect("on");
    expect(world.node.operation.phase).toBe("run");
    world.pass(10);
    asks("2");
    inspect("off");
    expect(world.node.operation.phase).toBe("off");
    world.pass(10);
    asks("3");
    inspect("on");
    expect(world.node.operation.phase).toBe("firmware");
  });

  test("a second boot of the same system is a sign of life of its own", () => {
    const world = new World().inUse();
    world.osBoot = "boot-2";
    world.pass(60_000);
    expect(world.beacon("run")).toBe(true);
    expect(world.node.operation).toMatchObject({ osBoot: "boot-2", since: world.now });
    expect(world.beacon("run")).toBe(false);
  });
});

describe("R30: the address that a user is given", () => {
  test("comes from the system that was proved, when it runs, and from nothing else", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    world.answer();
    const { boot } = world.job;
    world.beacon("firmware", { boot });
    world.beacon("run");
    expect(world.node.address).toBeNull();
    world.beacon("build", { boot });
    world.beacon("build", { boot, verified: { sha256: "ab".repeat(32) } });
    world.pass(1).beacon("init", { address: "10.9.9.9" });
    expect(world.node.address).toBeNull();
    world.pass(1).beacon("run");
    expect(world.node.address?.value).toBe("10.0.0.1");
    world.beacon("run", { address: "10.8.8.8", at: instant(5) });
    expect(world.node.address?.value).toBe("10.0.0.1");
  });
});

describe("the hardware log of a node", () => {
  test("a quarantined node comes back with its last blocking issue, through an inspection; a free one is inspected too", () => {
    const quarantined = new World();
    quarantined.look();
    quarantined.withDeadBmc();
    expect(quarantined.state).toBe("quarantined");
    for (const number of [1, 2])
      quarantined.tell({ kind: "issue", issue: issue(quarantined, number), actor: operator });
    const close = (world: World, id: string): void => {
      const closed = { state: "closed", closedAt: world.now, closedBecause: "plugged in" } as const;
      world.tell({
        kind: "issue",
        issue: { ...issue(world, 1), id: branded(isIssueId, id), ...closed },
        actor: operator,
      });
    };
    for (const id of [...quarantined.node.openIssues].slice(1)) close(quarantined, id);
    expect(quarantined.state).toBe("quarantined");
    for (const id of quarantined.node.openIssues) close(quarantined, id);
    expect(quarantined.state).toBe("enrolled");

    const well = new World().makeAvailable();
    well.tell({ kind: "issue", issue: issue(well, 1), actor: operator });
    close(well, "iss-1");
    expect(well.state).toBe("enrolled");
  });

  test("holds as many open issues as people can read", () => {
    const world = new World().makeAvailable();
    for (let number = 0; number < 40; number += 1)
      world.tell({ kind: "issue", issue: issue(world, number), actor: operator });
    expect(world.node.openIssues).toHaveLength(32);
  });
});

describe("a node that is late", () => {
  const late = (): World => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    world.write().pass(10).beacon("kernel");
    world.waitUntilDue();
    return world;
  };

  test("is counted once for its lab, however often it is looked at", () => {
    const world = late();
    const [first] = world.budget.late;
    world.answer("unknown", { results: [] });
    world.waitUntilDue();
    expect(world.budget.late).toEqual([first]);
  });

  test("whose BMC says nothing is given up after exactly so long, and says what it waits for meanwhile", () => {
    const world = late();
    const begun = world.now;
    world.answer("failed", { fault: nodeFault("bmc-unreachable", "no answer") });
    expect(lastWhy(world)).toContain("given up after 5 min");
    while (world.state !== "quarantined") {
      world.waitUntilDue();
      world.answer("failed", { fault: nodeFault("bmc-unreachable", "no answer") });
    }
    expect(world.now - begun).toBe(defaultPolicy.blind.giveUpMs);
  });

  test("whose lab is suspect is not given up, and says so", () => {
    const world = late();
    const { late: found } = world.budget;
    world.budget = {
      ...world.budget,
      suspect: { since: world.now, allowance: 1, used: 1, intervalAt: world.now, canaries: [] },
    };
    expect(found).toHaveLength(1);
    world.answer("failed", { fault: nodeFault("bmc-unreachable", "no answer") });
    expect(lastWhy(world)).toContain("its lab is suspect");
    world.waitUntilDue();
    world.pass(2 * defaultPolicy.blind.giveUpMs);
    if (world.job.command !== null)
      world.answer("failed", { fault: nodeFault("bmc-unreachable", "no answer") });
    expect(world.state).not.toBe("quarantined");
  });

  test("whose power domain does not answer another node either is not given up for that, but after a day it is", () => {
    const world = late();
    world.powerDomain = "pdu-1";
    const silent = () => world.answer("failed", { fault: nodeFault("bmc-unreachable", "no answer") });
    world.budget = {
      ...world.budget,
      blind: [{ node: branded(isNodeId, "node-02"), domain: "pdu-1", at: world.now }],
    };
    silent();
    const begun = world.now;
    expect(lastWhy(world)).toContain("power domain pdu-1 does not answer for several nodes: it is suspect");
    expect(world.budget.blind.map(({ node }) => node)).toEqual(["node-02", "node-01"]);
    while (world.state !== "quarantined") {
      world.waitUntilDue();
      // The other one goes on telling the same.
      world.budget = {
        ...world.budget,
        blind: world.budget.blind.map((each) =>
          each.node === "node-02" ? { ...each, at: world.now } : each,
        ),
      };
      silent();
    }
    expect(world.now - begun).toBe(defaultPolicy.blind.atMostMs);
    expect(world.node.correctiveReboots).toBe(0);
  });

  test("whose power domain answers again takes everybody's suspicion from it", () => {
    const world = late();
    world.powerDomain = "pdu-1";
    world.budget = {
      ...world.budget,
      blind: [{ node: branded(isNodeId, "node-02"), domain: "pdu-1", at: world.now }],
    };
    world.answer("failed", { fault: nodeFault("bmc-unreachable", "no answer") });
    world.powerDomain = null;
    world.waitUntilDue();
    world.answer();
    expect(world.budget.blind).toEqual([]);
    expect(world.job.blindSince).toBeNull();
  });

  test("for which the budget is spent makes its lab suspect, and says so", () => {
    const world = late();
    world.budget = { ...world.budget, tokens: 0, at: world.now };
    world.answer();
    expect(lastWhy(world)).toContain("the correction budget of lab blue is spent: the lab is suspect");
    expect(world.budget.suspect).not.toBeNull();
  });
});
