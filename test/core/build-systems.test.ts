import { describe, expect, test } from "vitest";
import type { BuildReport } from "../../lib/core/command.ts";
import { type Fault, nodeFault } from "../../lib/core/fault.ts";
import { branded, isImageId, isRevisionId } from "../../lib/core/ids.ts";
import type { ImageRevision } from "../../lib/core/image.ts";
import { jobOf } from "../../lib/core/node/node.ts";
import { installationOf } from "../../lib/core/provisioning/programs.ts";
import {
  type BuildSystem,
  commandLimits,
  done,
  onAnswer,
  type Step,
} from "../../lib/core/provisioning/step.ts";
import { minutes } from "../../lib/core/time.ts";
import { agent, image, spec, World } from "./world.ts";

const revisionOf = (
  buildSystem: string,
  settings: ImageRevision["settings"],
  osModule = "generic",
): ImageRevision => ({
  ...image,
  buildSystem,
  osModule,
  content: null,
  settings,
});
const wrapped = revisionOf("external", { system: "xcat", osimage: "rocky", unload: "yes" });
const installed = revisionOf("netboot-installer", { distro: "rocky-9", template: "rocky.ks" });

/** The wrapped build system's word on what it was asked about. */
function says(
  world: World,
  result: BuildReport["result"],
  change: { sign?: string; fault?: Fault } = {},
): boolean {
  const [asked] = world.job.command?.actions ?? [];
  if (asked?.verb !== "build.call") throw new Error("it was not asked");
  const { sign = null, fault = null } = change;
  const build = { installation: asked.installation, result, sign, fault };
  return world.answer("completed", {
    results: [{ verb: "build.call", outcome: "done", observed: { build } }],
  });
}
const asked = (world: World) =>
  world.sent.flatMap(({ actions }) =>
    actions.flatMap((each) => (each.verb === "build.call" ? [each.call] : [])),
  );

describe("a build system that answers for itself", () => {
  const begun = () => {
    const world = new World({ image: wrapped }).makeAvailable().claimFor();
    world.look();
    return world;
  };

  test("R86: is given image, revision and settings as they are, and asked until it says that it is done", () => {
    const world = begun();
    says(world, "waiting", { sign: "begun" });
    for (const sign of ["partitioning", "packages"]) {
      expect(world.job).toMatchObject({ step: "finish-build", attempt: 1 });
      says(world, "waiting", { sign });
      expect(world.job.command).toBeNull();
      expect(world.waitUntilDue()).toBe(true);
    }
    says(world, "done");
    expect(asked(world)).toEqual(["load", "status", "status", "status"]);
    expect(world.sent.at(-1)?.actions[0]).toMatchObject({
      system: "xcat",
      image: image.image,
      revision: image.revision,
      settings: { osimage: "rocky" },
    });
    expect(world.node.disk).toMatchObject({
      revision: image.revision,
      installation: installationOf(world.job),
    });
    expect(world.job.stage).toBe("post-load");
    world.pass(10).beacon("run");
    world.look();
    expect(world.state).toBe("in-use");
  });

  test("R70: being asked again winds no clock: what makes no progress is found late, looked at, and loaded again", () => {
    const world = begun();
    says(world, "waiting", { sign: "stuck at 3 %" });
    const { noProgressBy } = world.job.clocks;
    for (let round = 0; round < 200 && world.job.attempt === 1; round += 1) {
      const { command } = world.job;
      if (command === null) world.waitUntilDue();
      else if (command.purpose === "step") says(world, "waiting", { sign: "stuck at 3 %" });
      else world.answer();
    }
    expect(world.now).toBeGreaterThanOrEqual(noProgressBy);
    expect(world.entries.map(({ correction }) => correction)).toContain("look-again");
    expect(world.entries.map(({ correction }) => correction)).not.toContain("power-cycle");
    expect(world.job).toMatchObject({ stage: "load", attempt: 2 });
    expect(asked(world).at(-1)).toBe("load");
  });

  test("R5, R8: its retry is the next attempt, its fatal the end, and a fault that is not the node's costs no attempt", () => {
    const again = begun();
    says(again, "retry", { fault: nodeFault("disk", "no disk") });
    expect(again.job).toMatchObject({ stage: "load", attempt: 2 });
    const elsewhere = begun();
    says(elsewhere, "retry", { fault: { class: "infrastructure", code: "db", message: "database is down" } });
    expect(elsewhere.job).toMatchObject({ attempt: 1, infrastructureFaults: 1 });
    elsewhere.waitUntilDue();
    expect(asked(elsewhere)).toEqual(["load", "load"]);
    const never = begun();
    says(never, "fatal", { fault: { class: "configuration", code: "no-image", message: "no such image" } });
    expect(never.state).toBe("available");
    expect(never.node.lastJob?.fault).toMatchObject({ code: "no-image" });
  });

  test("R26: a node of which it says that the target runs is not loaded", () => {
    const world = begun();
    says(world, "done");
    world.pass(10).beacon("run");
    world.look();
    world.node = {
      ...world.node,
      provision: { state: "available" },
      disk: { ...world.node.disk, taint: null },
    };
    world.claimFor().look();
    expect(world.job).toMatchObject({ stage: "check", step: "ask-build-system" });
    says(world, "done");
    expect(asked(world).at(-1)).toBe("status");
    expect(world.state).toBe("in-use");
  });
});

describe("an installer", () => {
  const installing = () => {
    const world = new World({ image: installed }).makeAvailable().claimFor();
    world.look();
    world.answer();
    const { boot } = world.job;
    world.pass(10).beacon("firmware", { boot });
    world.pass(10).beacon("build", { boot });
    return { world, boot };
  };

  test("R14, R15: is done by its own word and the machine's boot from the disk", () => {
    const { world, boot } = installing();
    world.pass(10).beacon("build", { boot, installed: true });
    expect(world.job.step).toBe("boot-disk");
    world.pass(10).beacon("firmware");
    expect(world.job.stage).toBe("post-load");
    expect(world.node.disk.revision).toBe(image.revision);
  });

  test("whose console says that it will never end is given up at the first look, and loaded again", () => {
    const { world } = installing();
    world.waitUntilDue();
    expect(world.job.command?.purpose).toBe("look");
    world.tell({
      kind: "command",
      actor: agent,
      result: {
        command: world.job.command?.id ?? fail(),
        node: spec.id,
        epoch: world.node.epoch,
        status: "completed",
        startedAt: world.now,
        endedAt: world.now,
        reason: null,
        results: [
          { verb: "power.status", outcome: "done", observed: { power: "on" } },
          { verb: "console.tail", outcome: "done", observed: { console: ["ok", "Pane is dead"] } },
        ],
      },
    });
    expect(world.job).toMatchObject({ stage: "load", attempt: 2 });
    expect(world.entries.at(-1)?.why).toContain("its console says: Pane is dead");
  });
});

const fail = (): never => {
  throw new Error("no command is outstanding");
};

test("R19: a build system works on both sides of the OS stage, without a hook for each case", () => {
  const step = (name: string): Omit<Step, "stage"> => ({
    name,
    awaits: name,
    actions: [{ verb: "power.status" }],
    limits: { noProgressMs: () => minutes(1), overallMs: minutes(1) },
    settle: onAnswer(),
  });
  const buildSystem: BuildSystem = {
    name: "both-sides",
    load: (_attempt, { policy }) => [{ ...step("load"), stage: "load", limits: commandLimits(policy) }],
    around: () => [
      { side: "before", of: "load", step: step("before load") },
      { side: "before", of: "post-load", step: step("before the OS") },
      { side: "after", of: "post-load", step: step("after the OS") },
      { side: "after", of: "reserve", step: step("after all") },
    ],
    postLoad: () => [{ ...step("hook"), stage: "build-post-load" }],
  };
  const world = new World({
    modules: {
      buildSystems: [buildSystem],
      osModules: [
        {
          name: "os",
          postLoad: () => [{ ...step("the OS"), stage: "post-load" }],
          address: () => ({ ...step("address"), stage: "address", settle: onAnswer(() => done) }),
        },
      ],
    },
    image: revisionOf("both-sides", {}, "os"),
  });
  world.makeAvailable().claimFor().look();
  const seen: string[] = [];
  for (let round = 0; round < 20 && jobOf(world.node) !== null; round += 1) {
    seen.push(world.job.step);
    world.answer();
  }
  expect(seen).toEqual([
    "before load",
    "load",
    "before the OS",
    "hook",
    "the OS",
    "after the OS",
    "address",
    "check-address",
    "after all",
  ]);
  expect(world.state).toBe("in-use");
});

test("R23, R85: a node changes from one build system to another between two reservations, and nothing but its record knows", () => {
  const world = new World({ image }).inUse();
  const settings = (): unknown => ({ ...spec });
  const before = settings();
  for (const [revision, name] of [
    [wrapped, "wrapped"],
    [installed, "installed"],
  ] as const) {
    world.endReservation();
    // It was sanitized, unloaded or loaded anew, as its own build system has it.
    for (let round = 0; round < 30 && jobOf(world.node) !== null; round += 1) {
      const command = world.job.command;
      if (command?.actions[0]?.verb === "build.call") says(world, "done");
      else if (command !== null) world.answer();
      else if (world.job.boot !== null && world.job.evidence.verified === null)
        world.pass(10).beacon("build", { boot: world.job.boot, installed: true });
      else world.pass(10).beacon("run");
    }
    expect(world.state).toBe("available");
    const next = {
      ...revision,
      image: branded(isImageId, name),
      revision: branded(isRevisionId, `${name}:1`),
    };
    world.image = next;
    const { reservation } = world;
    if (reservation === null) throw new Error("no reservation");
    world.claimFor({ ...reservation, state: "loading", image: next.image, revision: next.revision });
    world.look();
    if (name === "wrapped") says(world, "done");
    else {
      world.answer();
      const { boot } = world.job;
      world.pass(10).beacon("build", { boot, installed: true });
    }
    world.pass(10).beacon("run");
    world.look();
    expect(world.state).toBe("in-use");
    expect(world.node.disk.revision).toBe(next.revision);
  }
  expect(settings()).toEqual(before);
});
