import { describe, expect, test } from "vitest";
import { defaultPolicy } from "../../lib/core/correction/policy.ts";
import { configurationFault, nodeFault } from "../../lib/core/fault.ts";
import { branded, isBootId, isInstallationId } from "../../lib/core/ids.ts";
import { jobOf } from "../../lib/core/node/node.ts";
import { generic } from "../../lib/core/provisioning/os-modules/generic.ts";
import { shipped } from "../../lib/core/provisioning/registry.ts";
import {
  type BuildSystem,
  done,
  fatal,
  type OsModule,
  type Outcome,
  onAnswer,
  retry,
  type Step,
} from "../../lib/core/provisioning/step.ts";
import { after } from "../../lib/core/time.ts";
import { image, imageSha256, World } from "./world.ts";

/** Modules that record who called them with which attempt, and end as they are told. */
function recording(outcomes: { load?: Outcome[]; postLoad?: Outcome[] } = {}) {
  const calls: string[] = [];
  const step = (stage: Step["stage"], name: string, outcome: Outcome): Step => ({
    stage,
    name,
    awaits: name,
    actions: [{ verb: stage === "address" ? "os.address" : "power.on" }],
    limits: { noProgressMs: () => 1000, overallMs: 1000 },
    settle: onAnswer(() => {
      calls.push(name);
      return outcome;
    }),
  });
  const buildSystem: BuildSystem = {
    name: "fake",
    load: (attempt) => [step("load", `load ${attempt}`, outcomes.load?.[attempt - 1] ?? done)],
  };
  const osModule: OsModule = {
    name: "fake",
    postLoad: (attempt) => [
      step("post-load", `postLoad ${attempt}`, outcomes.postLoad?.[attempt - 1] ?? done),
    ],
    address: () => step("address", "address", done),
  };
  const world = new World({
    modules: { buildSystems: [buildSystem], osModules: [osModule] },
    image: { ...image, buildSystem: "fake", osModule: "fake" },
  });
  world.makeAvailable().claimFor().look();
  return {
    world,
    calls,
    runOut: () => {
      for (let round = 0; round < 20 && jobOf(world.node)?.command != null; round += 1) world.answer();
    },
  };
}
const late = retry(nodeFault("too-slow", "too slow"));

describe("the handler runs load, then postLoad", () => {
  test("R1: the engine alone calls the build system's load and then the OS module's postLoad", () => {
    const { world, calls, runOut } = recording();
    runOut();
    expect(calls).toEqual(["load 1", "postLoad 1", "address"]);
    expect(world.state).toBe("in-use");
  });

  test("R2, R3: load and postLoad are told the same install attempt: 1, 2, 3", () => {
    const { calls, runOut } = recording({ load: [late, done, done], postLoad: [done, late, done] });
    runOut();
    expect(calls).toEqual(["load 1", "load 2", "postLoad 2", "load 3", "postLoad 3", "address"]);
  });

  test("R4: the attempt is stored with the node: looking again between load and postLoad neither resets nor raises it", () => {
    const { world } = recording({ load: [late, done] });
    world.answer();
    world.answer();
    expect(world.job).toMatchObject({ stage: "post-load", attempt: 2 });
    expect(world.look()).toBe(false);
    expect(world.job).toMatchObject({ stage: "post-load", attempt: 2 });
  });

  test.each([
    ["R5", "load", "load 1"],
    ["R6", "postLoad", "postLoad 1"],
  ] as const)(
    "R5, R6: (%s) %s ends as done, retry or fatal, and each means what VCL meant by it",
    (_number, stage, call) => {
      const good = recording({ [stage]: [done] });
      good.runOut();
      expect(good.world.state).toBe("in-use");
      const again = recording({ [stage]: [late, done] });
      again.runOut();
      expect(again.calls.filter((each) => each.startsWith(stage))).toHaveLength(2);
      const never = recording({ [stage]: [fatal(configurationFault("no", "never"))] });
      never.runOut();
      expect(never.calls.filter((each) => each.startsWith(stage))).toEqual([call]);
    },
  );

  test("R7: “try again” from postLoad repeats the image load with the next attempt", () => {
    const { world, calls } = recording({ postLoad: [late] });
    world.answer();
    world.answer();
    expect(calls).toEqual(["load 1", "postLoad 1"]);
    expect(world.job).toMatchObject({ stage: "load", attempt: 2 });
    expect(world.state).toBe("loading");
  });

  test("R8: “do not try again” stops at once, and the node is not left loading", () => {
    const { world, calls, runOut } = recording({
      load: [fatal(configurationFault("no-driver", "no driver for it"))],
    });
    runOut();
    expect(calls).toEqual(["load 1"]);
    expect(world.state).toBe("available");
    expect(world.node.lastJob).toMatchObject({ outcome: "failed", fault: { code: "no-driver" } });
  });

  test("R9: time-outs vary by attempt: the second attempt of a [10 min, 20 min] profile gets 20", () => {
    const os = {
      ...defaultPolicy.os,
      linux: { firmware: [600_000], kernel: [600_000, 1_200_000], init: [600_000] },
    };
    const world = new World({ policy: { ...defaultPolicy, os } }).makeAvailable().claimFor();
    world.look();
    world.write().pass(10).beacon("kernel");
    expect(world.job.clocks.noProgressMs).toBe(600_000);
    world.pass(10).beacon("run");
    world.answer("failed", { fault: nodeFault("ssh", "no answer") });
    world.write().pass(10).beacon("kernel");
    expect(world.job).toMatchObject({ attempt: 2, clocks: { noProgressMs: 1_200_000 } });
  });

  test("R9: a module that retries twice and then says fatal ends at the third attempt", () => {
    const { calls, runOut, world } = recording({ load: [late, late, fatal(nodeFault("worn", "worn out"))] });
    runOut();
    expect(calls).toEqual(["load 1", "load 2", "load 3"]);
    expect(world.state).toBe("quarantined");
  });
});

describe("a whole provision with netboot-image and linux", () => {
  test("R14: load is not done before the write is verified and the machine was powered on and boots from it", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    world.beacon("build", { boot: world.job.boot, verified: { sha256: imageSha256 } });
    expect(world.job.step).toBe("network-boot");
    world.answer();
    expect(world.node.power.observed).toBe("on");
    expect(world.job.step).toBe("boot-disk");
    world.pass(10).beacon("kernel");
    expect(world.state).toBe("configuring");
  });

  test("R16: the hand-off to the OS module is in the timeline, and a failure after it belongs to the OS stage", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    world.write().pass(10).beacon("kernel");
    expect(world.entries.at(-1)?.why).toContain("handed to the OS module");
    expect(world.job.stage).toBe("post-load");
  });

  test("R51: the machine is allowed its network boot before it is switched on, in one ordered command", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    expect(world.sent.at(-1)?.actions.map(({ verb }) => verb)).toEqual([
      "image.prefetch",
      "power.off",
      "netboot.set",
      "boot.set",
      "power.on",
    ]);
  });

  test("R25, R26: a node that has the right image and proves it is handed over without one power or netboot command", () => {
    const world = new World().inUse();
    world.endReservation();
    world.answer();
    expect(world.state).toBe("available");
    const before = world.sent.length;
    world.claimFor();
    world.look();
    while (world.state !== "in-use") world.pass(5).answer();
    expect(
      world.verbsSent.slice(world.sent.slice(0, before).flatMap(({ actions }) => actions).length),
    ).toEqual(["os.probe", "os.run", "os.probe"]);
    expect(world.entries.map(({ to }) => to).slice(-3)).not.toContain("loading");
  });

  test("R26: a node that says it runs another revision than was thought is loaded", () => {
    const world = new World().inUse();
    world.endReservation();
    world.answer();
    world.claimFor();
    world.look();
    world.answer("completed", {
      results: [
        {
          verb: "os.probe",
          outcome: "done",
          observed: { os: { revision: null, osBoot: "x", logins: 0, accounts: 0, sessions: 0 } },
        },
      ],
    });
    expect(world.state).toBe("loading");
    expect(world.job.attempt).toBe(1);
  });

  test("R27, R28: the engine reads the address after every load, and a new one replaces the old", () => {
    const world = new World().inUse();
    expect(world.node.address?.value).toBe("10.0.0.1");
    world.beacon("run", { login: { user: "student" } });
    world.endReservation();
    world.address = "10.0.0.99";
    world.write().bootDisk();
    while (world.state === "configuring") world.pass(5).answer();
    expect(world.state).toBe("available");
    expect(world.node.address?.value).toBe("10.0.0.99");
  });

  test("R30: while a node is loaded its old address is nobody's", () => {
    const world = new World().inUse();
    world.beacon("run", { login: { user: "student" } });
    world.endReservation();
    expect(world.state).toBe("loading");
    expect(world.node.address).toBeNull();
  });

  test("R31: an address that was read long ago is read again at hand-over, even when nothing is loaded", () => {
    const world = new World().inUse();
    world.endReservation();
    world.answer();
    world.pass(defaultPolicy.reservation.addressFreshMs * 2);
    world.address = "10.0.0.7";
    world.claimFor();
    world.look();
    while (world.state !== "in-use") world.pass(5).answer();
    expect(world.node.address?.value).toBe("10.0.0.7");
  });

  test("the generic OS module needs no channel at all: beacons alone bring the node to its user", () => {
    const world = new World({ image: { ...image, osModule: generic.name } }).makeAvailable().claimFor();
    world.look();
    world.write().bootDisk();
    expect(world.state).toBe("in-use");
    expect(world.node.address?.value).toBe("10.0.0.1");
  });

  test("R66: build systems and OS modules are named in a registry and reached through their contract alone", () => {
    expect(shipped.buildSystems.map(({ name }) => name)).toEqual([
      "netboot-image",
      "netboot-installer",
      "libvirt",
      "external",
    ]);
    expect(shipped.osModules.map(({ name }) => name)).toEqual([
      "linux",
      "linux-by-beacon",
      "windows",
      "windows-over-ssh",
      "generic",
    ]);
  });

  test("an image that nobody registered fails the job without blaming the node", () => {
    const world = new World({ image: null }).makeAvailable().claimFor();
    world.look();
    expect(world.state).toBe("available");
    expect(world.node.lastJob?.fault).toMatchObject({ class: "configuration", code: "image-missing" });
  });

  test("a fault of the infrastructure is waited out without an install attempt", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    world.answer("failed", {
      fault: { class: "infrastructure", code: "image-store-unreachable", message: "no route" },
    });
    expect(world.job).toMatchObject({ attempt: 1, infrastructureFaults: 1, command: null });
    world.waitUntilDue();
    expect(world.job).toMatchObject({ attempt: 1, step: "network-boot" });
    expect(world.sent).toHaveLength(3);
  });
});

describe("evidence", () => {
  test("the same event a second time changes nothing", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    world.answer();
    const { boot } = world.job;
    expect(world.pass(5).beacon("build", { boot })).toBe(true);
    expect(world.beacon("build", { boot })).toBe(false);
    expect(world.look()).toBe(false);
  });

  test("a beacon of another boot or installation is history", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    world.answer();
    const other = branded(isBootId, "some.other.boot");
    const elsewhere = branded(isInstallationId, "some.other.installation");
    expect(world.pass(5).beacon("build", { boot: other })).toBe(false);
    expect(world.pass(5).beacon("kernel", { installation: elsewhere })).toBe(false);
  });

  test("a verified write that is told before its phases counts all the same", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    world.answer();
    const { boot } = world.job;
    world.pass(30).beacon("kernel");
    expect(world.job.step).toBe("write-image");
    world.beacon("build", { boot, at: after(world.now, -20), verified: { sha256: imageSha256 } });
    expect(world.state).toBe("configuring");
  });
});
