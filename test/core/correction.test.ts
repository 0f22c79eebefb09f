import { describe, expect, test } from "vitest";
import type { CommandResult } from "../../lib/core/command.ts";
import { type Budget, foundLate, fullBudget, recovered, take } from "../../lib/core/correction/budget.ts";
import { defaultPolicy, overridden } from "../../lib/core/correction/policy.ts";
import { proposalsOf } from "../../lib/core/correction/report.ts";
import { nodeFault } from "../../lib/core/fault.ts";
import { branded, isNodeId, type NodeId } from "../../lib/core/ids.ts";
import { type Instant, instant, after as later, minutes } from "../../lib/core/time.ts";
import { agent, spec, World } from "./world.ts";

/** A node that was written, boots its disk, and says nothing more once it is in the kernel. */
function hungInKernel(): World {
  const world = new World().makeAvailable().claimFor();
  world.look();
  world.write().pass(10).beacon("kernel");
  return world;
}

const lastPurpose = (world: World) => world.sent.at(-1)?.purpose;

describe("R70: a node that stays too long in a phase is repaired, one rung at a time", () => {
  test("R70: ten minutes in kernel: first a look, then exactly one reset, then a power cycle, then another load", () => {
    const world = hungInKernel();
    const reached = world.now;
    world.waitUntilDue();
    expect(world.now - reached).toBe(600_000);
    expect(lastPurpose(world)).toBe("look");
    world.answer();
    expect(lastPurpose(world)).toBe("reset");
    world.answer();
    expect(world.node.operation.phase).toBe("firmware");
    world.waitUntilDue();
    expect(lastPurpose(world)).toBe("look");
    world.answer();
    expect(lastPurpose(world)).toBe("power-cycle");
    world.answer();
    world.waitUntilDue();
    world.answer();
    expect(world.job).toMatchObject({ attempt: 2, stage: "load", step: "network-boot" });
    expect(world.node.correctiveReboots).toBe(3);
    expect(world.entries.flatMap(({ correction }) => correction ?? [])).toEqual([
      "look-again",
      "reset",
      "look-again",
      "power-cycle",
      "look-again",
      "load-again",
    ]);
  });

  test("a sign of life after the look ends the alarm: nothing is rebooted", () => {
    const world = hungInKernel();
    world.waitUntilDue();
    world.pass(5).beacon("init");
    world.answer();
    expect(world.node.correctiveReboots).toBe(0);
    expect(world.job.command).toBeNull();
    expect(world.node.due).toBe(world.now - 0 + 600_000);
  });

  test("without an observation made after the deadline nothing above a look is done, however long the lab is silent", () => {
    const world = hungInKernel();
    for (let round = 0; round < 50; round += 1) world.waitUntilDue();
    expect(world.node.correctiveReboots).toBe(0);
    expect(world.job.attempt).toBe(1);
    expect(new Set(world.sent.slice(2).map(({ id }) => id)).size).toBe(1);
    expect(lastPurpose(world)).toBe("look");
  });

  test.each(["unknown", "aborted", "expired", "refused"] as const)(
    "a look that ended as %s has seen nothing: it is asked anew, and nothing is rebooted",
    (status) => {
      const world = hungInKernel();
      world.waitUntilDue();
      world.answer(status, { results: [] });
      expect(world.job.correction.observation).toBeNull();
      expect(world.node.due).toBe(world.now + defaultPolicy.blind.retryMs);
      world.waitUntilDue();
      expect(lastPurpose(world)).toBe("look");
      expect(world.node.correctiveReboots).toBe(0);
      world.answer();
      expect(lastPurpose(world)).toBe("reset");
    },
  );

  test("a node that could not be looked at, and then has its time again, is due when that time is over", () => {
    const world = hungInKernel();
    world.waitUntilDue();
    world.answer("failed", { fault: nodeFault("bmc-unreachable", "no answer") });
    world.waitUntilDue();
    world.pass(defaultPolicy.silentMs + 1).answer();
    expect(world.node.due).toBeGreaterThan(world.now);
  });

  test("a command without a word from the agent is sent again, the same one, less and less often", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    const [first] = world.sent.slice(-1);
    const gaps = Array.from({ length: 6 }, () => {
      const before = world.now;
      world.waitUntilDue();
      return world.now - before;
    });
    expect(world.sent.slice(1).every(({ id }) => id === first?.id)).toBe(true);
    expect(gaps).toEqual(gaps.toSorted((a, b) => a - b));
    expect(gaps.at(-1)).toBe(defaultPolicy.command.sendAgainAtMostMs);
  });

  test("a machine that was switched off is not reset but switched on", () => {
    const world = hungInKernel();
    world.waitUntilDue();
    world.answer("completed", {
      results: [{ verb: "power.status", outcome: "done", observed: { power: "off" } }],
    });
    expect(lastPurpose(world)).toBe("power-cycle");
  });

  test("a hang during the write is repaired by the load's own steps, with a new network boot, in the same attempt", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    world.answer();
    const { boot } = world.job;
    world.pass(10).beacon("build", { boot });
    world.waitUntilDue();
    world.answer();
    expect(world.job).toMatchObject({ attempt: 1, step: "network-boot" });
    expect(world.job.boot).not.toBe(boot);
    expect(world.verbsSent).not.toContain("power.reset");
    world.answer();
    world.pass(10).beacon("build");
    expect(world.beacon("build", { boot, verified: { sha256: "cd".repeat(32) } })).toBe(false);
  });

  test("R84: while it is built its build system's own steps repair it; the state manager resets it only once it is built", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    world.answer();
    world.pass(10).beacon("build", { boot: world.job.boot });
    world.waitUntilDue();
    world.answer();
    expect(world.job).toMatchObject({ stage: "load", step: "network-boot" });
    expect(world.sent.map(({ purpose }) => purpose)).not.toContain("reset");
    world.write().pass(10).beacon("kernel");
    expect(world.job.stage).toBe("post-load");
    world.waitUntilDue();
    world.answer();
    expect(lastPurpose(world)).toBe("reset");
  });

  test("bytes that are being written count as a sign of life", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    world.answer();
    const { boot } = world.job;
    world.pass(10).beacon("build", { boot });
    const deadline = world.node.due;
    world.pass(170_000);
    world.progress = { installation: "x", boot: boot ?? "", doneBytes: 430, totalBytes: 1000, at: world.now };
    world.waitUntilDue();
    expect(world.now).toBe(deadline);
    expect(world.entries.at(-1)?.why).toContain("43 %");
    expect(world.job.command).toBeNull();
  });

  test("a node that exhausts ladder and attempts is quarantined with an issue that holds the evidence, never forgotten", () => {
    const world = hungInKernel();
    for (let round = 0; round < 200 && world.state !== "quarantined"; round += 1) {
      world.waitUntilDue();
      if ("job" in world.node.provision && world.node.provision.job?.command != null) {
        const look = world.job.command?.purpose === "look";
        world.answer(
          "completed",
          look
            ? {
                results: [
                  {
                    verb: "console.tail",
                    outcome: "done",
                    observed: { power: "on", console: ["Kernel panic"] },
                  },
                ],
              }
            : {},
        );
      }
    }
    expect(world.state).toBe("quarantined");
    expect(world.node.due).toBeNull();
    // What was seen before each reboot is kept; the last one is for people to act on, and blocks.
    const [last, ...earlier] = world.issues.toReversed();
    expect(last?.evidence.join("\n")).toContain("console: Kernel panic");
    expect(last).toMatchObject({ blocking: true, state: "open", node: spec.id });
    expect(earlier.length).toBeGreaterThan(3);
    for (const issue of earlier) {
      expect(issue).toMatchObject({ blocking: false, state: "closed" });
      expect(issue.evidence.join("\n")).toContain("console: Kernel panic");
    }
    expect(new Set(world.issues.map(({ id }) => id)).size).toBe(world.issues.length);
  });

  test("a BMC that does not answer costs no attempt; after five minutes it costs the node, not the reservation", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    const from = world.now;
    world.withDeadBmc();
    expect(world.now - from).toBeGreaterThanOrEqual(300_000);
    expect(world.now - from).toBeLessThan(400_000);
    expect(world.state).toBe("quarantined");
    expect(world.issues[0]?.fault.message).toContain("no answer from https://bmc");
    expect(world.node.lastJob).toMatchObject({ reservation: "res-1", fault: { class: "node" } });
    expect(world.node.correctiveReboots).toBe(0);
  });

  test("one that answers again within that time has lost nothing", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    const fault = nodeFault("bmc-unreachable", "no answer");
    for (let minute = 0; minute < 4; minute += 1) {
      world.answer("failed", { fault });
      world.pass(60_000).look();
    }
    world.answer();
    expect(world.job).toMatchObject({ attempt: 1, blindSince: null, step: "write-image" });
  });

  test("a node that is late and cannot be looked at is not rebooted", () => {
    const world = hungInKernel();
    world.waitUntilDue();
    expect(lastPurpose(world)).toBe("look");
    world.withDeadBmc();
    expect(world.sent.map(({ purpose }) => purpose)).not.toContain("reset");
    expect(world.node.correctiveReboots).toBe(0);
  });

  test("invariant 8: an answer that took as long as an outage is no reason to judge: the clocks stood still meanwhile", () => {
    const world = hungInKernel();
    world.waitUntilDue();
    const overall = world.job.clocks.overallBy;
    world.pass(3_600_000).answer();
    expect(lastPurpose(world)).toBe("look");
    expect(world.job.clocks.noProgressBy).toBe(world.now + 600_000);
    expect(world.job.clocks.overallBy).toBe(overall + 3_600_000);
    expect(world.entries.at(-1)?.why).toContain("its lab was silent for 60 min");
    world.waitUntilDue();
    expect(lastPurpose(world)).toBe("look");
    world.answer();
    expect(lastPurpose(world)).toBe("reset");
  });

  test("invariant 7: a node that an operator took offline is not touched, and its clocks stand still", () => {
    const world = hungInKernel();
    world.tell({ kind: "offline", reason: "smells of smoke", actor: { kind: "operator", name: "ada" } });
    expect(world.node.due).toBeNull();
    world.pass(10_000_000);
    expect(world.look()).toBe(false);
    world.tell({ kind: "online", reason: "fuse replaced", actor: { kind: "operator", name: "ada" } });
    expect(world.node.correctiveReboots).toBe(0);
    expect(world.node.due).toBe(world.now + 600_000);
  });

  test("what was seen of a node before it was offline is no reason to reboot it afterwards", () => {
    const world = hungInKernel();
    world.budget = {
      ...world.budget,
      suspect: {
        since: world.now,
        allowance: 1,
        used: 1,
        intervalAt: later(world.now, 600_000),
        canaries: [],
      },
    };
    world.waitUntilDue();
    world.pass(30_000).answer();
    expect(world.job.correction.observation).not.toBeNull();
    world.tell({ kind: "offline", reason: "smoke", actor: { kind: "operator", name: "ada" } });
    world.pass(20_000).tell({ kind: "online", reason: "none", actor: { kind: "operator", name: "ada" } });
    world.budget = { ...world.budget, suspect: null };
    while (world.job.command === null) expect(world.waitUntilDue()).toBe(true);
    expect(lastPurpose(world)).toBe("look");
    expect(world.node.correctiveReboots).toBe(0);
  });

  const operator = { kind: "operator", name: "ada" } as const;
  const offline = { kind: "offline", reason: "smells of smoke", actor: operator } as const;
  const online = { kind: "online", reason: "it was the neighbour", actor: operator } as const;
  const inspecting = (): World => {
    const world = new World();
    world.look();
    expect(world.job.command?.purpose).toBe("step");
    return world;
  };

  test("offline ends what the agent was given, and counts as hands off when the agent says so; online begins the step anew", () => {
    const world = inspecting();
    const first = world.job.command;
    world.tell(offline);
    expect(world.job.command).toMatchObject({ purpose: "fence", epoch: (first?.epoch ?? 0) + 1 });
    expect(world.node.administrative.handsOffAt).toBeNull();
    expect(world.node.due).not.toBeNull();
    world.answer();
    expect(world.node.administrative.handsOffAt).toBe(world.now);
    expect(world.node.due).toBeNull();
    world.pass(3_600_000).tell(online);
    expect(world.job.command).toMatchObject({ purpose: "step", epoch: (first?.epoch ?? 0) + 2 });
  });

  test("without a word from the agent, hands are off when everything must have ended", () => {
    const world = inspecting();
    const mustEnd = world.job.command?.mustEnd ?? 0;
    world.tell(offline);
    while (world.node.administrative.handsOffAt === null) expect(world.waitUntilDue()).toBe(true);
    expect(world.node.administrative.handsOffAt).toBeGreaterThanOrEqual(mustEnd);
    expect(world.job.command).toBeNull();
    expect(world.node.due).toBeNull();
  });

  test("a refusal of the fence says nothing about what it was to end", () => {
    const world = inspecting();
    world.tell(offline);
    world.answer("refused");
    expect(world.node.administrative.handsOffAt).toBeNull();
  });

  test("R68: offline and online are independent of what the machine does: phases are tracked all the same", () => {
    const world = hungInKernel();
    world.tell({ kind: "offline", reason: "test", actor: { kind: "operator", name: "ada" } });
    world.pass(5).beacon("init");
    expect(world.node.operation).toMatchObject({ phase: "init", since: world.now });
    expect(world.node.administrative.state).toBe("offline");
  });

  test("R67, R69: every phase is recorded from evidence, with the time of its last transition, in use and idle too", () => {
    const world = new World().inUse();
    expect(world.entries.flatMap(({ phase }) => phase ?? [])).toEqual(
      expect.arrayContaining(
        ["off", "firmware", "build", "kernel", "init", "run"].filter((phase) => phase !== "off"),
      ),
    );
    world.pass(1000).beacon("kernel");
    expect(world.node.operation).toMatchObject({ phase: "kernel", since: world.now });
    expect(world.state).toBe("in-use");
  });
});

describe("the lab's budget", () => {
  const policy = defaultPolicy.budget;
  const names = Array.from({ length: 64 }, (_, index) => branded(isNodeId, `n-${index}`));
  const full = (now: Instant): Budget => fullBudget(spec.lab, policy, now, 64);
  const begin = instant(1_000_000);

  test("a corrective reboot takes a token in its own transaction", () => {
    const world = hungInKernel();
    world.waitUntilDue();
    const before = world.budget;
    world.answer();
    expect(world.budget).toMatchObject({ tokens: policy.capacity - 1, version: before.version + 1 });
  });

  test("tokens come back with time, up to the capacity", () => {
    const [node] = names;
    if (node === undefined) throw new Error("no node");
    const spent = { ...full(begin), tokens: 0 };
    const soon = later(begin, 3 * policy.refillMs);
    expect(take(spent, policy, node, soon, false)).toMatchObject({
      taken: true,
      budget: { tokens: 2, suspect: null },
    });
    const muchLater = later(begin, 1000 * policy.refillMs);
    expect(take(spent, policy, node, muchLater, false)).toMatchObject({
      budget: { tokens: policy.capacity - 1 },
    });
  });

  test("a quarter of a lab late within five minutes: the lab is suspect; as many over a day: they are late by themselves", () => {
    let budget = full(begin);
    for (const node of names.slice(0, 15)) budget = foundLate(budget, policy, node, begin);
    expect(budget.suspect).toBeNull();
    budget = foundLate(budget, policy, branded(isNodeId, "n-20"), begin);
    expect(budget.suspect).toMatchObject({ allowance: 1, since: begin });
    let slow = full(begin);
    for (const [index, node] of names.entries())
      slow = foundLate(slow, policy, node, later(begin, index * minutes(10)));
    expect(slow.suspect).toBeNull();
  });

  test("the same node late again and again counts once", () => {
    let budget = full(begin);
    for (let time = 0; time < 50; time += 1) budget = foundLate(budget, policy, spec.id, begin);
    expect(budget.late).toHaveLength(1);
  });

  /** A lab where everything hangs at once; what comes back after a reboot is said by the test. Returns when each was corrected. */
  function storm(late: number, comesBack: boolean): { at: Instant; node: NodeId }[] {
    let budget = full(begin);
    const waiting = new Map(names.slice(0, late).map((node) => [node, begin]));
    for (const node of waiting.keys()) budget = foundLate(budget, policy, node, begin);
    const corrected: { at: Instant; node: NodeId }[] = [];
    for (let now = begin; now < begin + minutes(24 * 60) && waiting.size > 0; now = later(now, 10_000)) {
      for (const [node, due] of waiting) {
        if (due > now) continue;
        const taking = take(budget, policy, node, now, false);
        budget = taking.budget;
        if (!taking.taken) {
          waiting.set(node, taking.retryAt);
          continue;
        }
        corrected.push({ at: now, node });
        if (comesBack) {
          budget = recovered(budget, policy, node, now);
          waiting.delete(node);
        } else {
          waiting.set(node, later(now, minutes(10)));
        }
      }
    }
    return corrected;
  }

  test("a power blip that hangs 40 of 64 nodes is repaired: each success doubles what is tried next", () => {
    const corrected = storm(40, true);
    expect(new Set(corrected.map(({ node }) => node)).size).toBe(40);
    expect((corrected.at(-1)?.at ?? 0) - begin).toBeLessThan(minutes(10));
  });

  test("a cause that no reboot mends is no storm: one try per interval, all day, and never none", () => {
    const corrected = storm(40, false);
    const perInterval = corrected.length / ((24 * 60 * 60_000) / policy.intervalMs);
    expect(perInterval).toBeLessThanOrEqual(1);
    expect(perInterval).toBeGreaterThan(0.9);
  });

  test("a reset that does not help is no failure yet: the power cycle after it is the same try", () => {
    const [node] = names;
    if (node === undefined) throw new Error("no node");
    const suspect = { since: begin, allowance: 4, used: 4, intervalAt: begin, canaries: [node] };
    const lab = { ...full(begin), suspect };
    expect(take(lab, policy, node, begin, true)).toEqual({ taken: true, budget: lab });
    expect(take(lab, policy, node, begin, false)).toMatchObject({
      taken: false,
      budget: { suspect: { allowance: 2 } },
    });
  });

  test("a node that waits in a suspect lab says so, and is corrected when its turn has come", () => {
    const world = hungInKernel();
    const suspect = { since: world.now, allowance: 1, used: 1, intervalAt: world.now, canaries: [] };
    world.budget = { ...world.budget, suspect };
    world.waitUntilDue();
    world.budget = { ...world.budget, suspect: { ...suspect, intervalAt: world.now } };
    world.answer();
    expect(world.node.correctiveReboots).toBe(0);
    expect(world.entries.at(-1)?.why).toContain("the lab is suspect, others are tried first");
    for (let round = 0; round < 40 && world.node.correctiveReboots === 0; round += 1) {
      world.waitUntilDue();
      if (world.job.command?.purpose === "look") world.answer();
    }
    expect(world.node.correctiveReboots).toBe(1);
    expect(world.budget.suspect?.canaries).toEqual([spec.id]);
    world.answer();
    world.pass(10).beacon("kernel");
    expect(world.budget.suspect).toBeNull();
  });
});

describe("what a lab or an image sets for itself", () => {
  test("overrides the table where it says something, and nowhere else; the image knows better than the lab", () => {
    const slow = { firmware: [minutes(1)], kernel: [minutes(45)], init: [minutes(2)] };
    const byLab = {
      installAttempts: 5,
      os: { windows: slow },
      ladder: { load: ["look-again", "quarantine"] },
    } as const;
    const made = overridden(defaultPolicy, byLab, { installAttempts: 2 });
    expect(made).toMatchObject({ installAttempts: 2, os: { windows: slow } });
    expect(made.ladder).toEqual({ ...defaultPolicy.ladder, load: ["look-again", "quarantine"] });
    expect(made.os["linux"]).toEqual(defaultPolicy.os["linux"]);
    expect(overridden(defaultPolicy, null, null)).toEqual(defaultPolicy);
  });

  test("one image's kernel may take longer: its nodes are late later", () => {
    const kernel = [minutes(45)];
    const os = { linux: { firmware: [minutes(10)], kernel, init: [minutes(10)] } };
    const world = new World({ policy: overridden(defaultPolicy, { os }) }).makeAvailable().claimFor();
    world.look();
    world.write().pass(10).beacon("kernel");
    const reached = world.now;
    world.waitUntilDue();
    expect(world.now - reached).toBe(minutes(45));
  });
});

describe("a lab that only observes", () => {
  test("is told what correction would do; nothing is done, and the node has its time once more", () => {
    const world = hungInKernel();
    world.corrects = false;
    for (let round = 0; round < 3; round += 1) {
      world.waitUntilDue();
      world.answer();
      expect(world.entries.at(-1)?.why).toContain("correction would reset it, but its lab only observes");
      expect(world.node.due).toBe(world.now + minutes(10));
    }
    expect(world.node.correctiveReboots).toBe(0);
    expect(new Set(world.sent.slice(-3).map(({ purpose }) => purpose))).toEqual(new Set(["look"]));
    world.pass(10).beacon("init");
    expect(world.node.operation.phase).toBe("init");
  });

  test("compares in a report what correction would have done with what came of the node without it", () => {
    const world = hungInKernel();
    world.corrects = false;
    const late = () => {
      world.waitUntilDue();
      world.answer();
    };
    late();
    const first = world.now;
    late();
    expect(proposalsOf(world.entries)).toEqual([
      {
        node: world.node.id,
        at: first,
        phase: "kernel",
        would: "reset",
        times: 2,
        outcome: "still late",
        afterMs: null,
      },
    ]);
    world.pass(minutes(1)).beacon("init");
    expect(proposalsOf(world.entries)).toMatchObject([
      { outcome: "came back by itself", afterMs: world.now - first },
    ]);
    late();
    world.tell({ kind: "offline", reason: "I look at it", actor: { kind: "operator", name: "ada" } });
    expect(proposalsOf(world.entries)).toMatchObject([
      { outcome: "came back by itself" },
      { phase: "init", would: "reset", outcome: "somebody acted", afterMs: 0 },
    ]);
  });
});

describe("an unknown outcome", () => {
  test.each(["unknown", "expired", "refused", "aborted"] as const)(
    "%s is neither success nor failure: the step is begun anew",
    (status) => {
      const world = new World().makeAvailable().claimFor();
      world.look();
      const epoch = world.node.epoch;
      world.answer(status, { reason: "the agent was restarted", results: [] });
      expect(world.job).toMatchObject({ attempt: 1, command: null });
      world.waitUntilDue();
      expect(world.node.epoch).toBe(epoch + 1);
      expect(world.sent.at(-1)?.actions[1]).toEqual({ verb: "power.off" });
    },
  );

  test("a command that expired while its lab was silent is made anew with a new epoch only if it is still wanted", () => {
    const over = (world: World) => {
      if (world.reservation === null) throw new Error("no reservation");
      world.reservation = { ...world.reservation, state: "failed", endedAt: world.now };
    };
    const world = new World().makeAvailable().claimFor();
    world.look();
    const { epoch } = world.node;
    over(world);
    world.answer("expired", { results: [] });
    for (let round = 0; round < 5 && world.node.due !== null; round += 1) world.waitUntilDue();
    expect(world.state).toBe("available");
    expect(world.node.epoch).toBe(epoch);
  });

  test("the verdict on an older command is history", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    const old = world.job.command;
    if (old === null) throw new Error("nothing was sent");
    world.answer("unknown", { results: [] });
    world.waitUntilDue();
    const result: CommandResult = {
      command: old.id,
      node: world.node.id,
      epoch: old.epoch,
      status: "completed",
      startedAt: world.now,
      endedAt: world.now,
      results: [],
      reason: null,
    };
    expect(world.tell({ kind: "command", result, actor: agent })).toBe(false);
  });
});
