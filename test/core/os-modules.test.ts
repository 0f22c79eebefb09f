import { describe, expect, test } from "vitest";
import { defaultPolicy, overridden } from "../../lib/core/correction/policy.ts";
import { nodeFault } from "../../lib/core/fault.ts";
import { checklistNames } from "../../lib/core/provisioning/checklist.ts";
import { linux } from "../../lib/core/provisioning/os-modules/linux.ts";
import { shipped } from "../../lib/core/provisioning/registry.ts";
import { done, type OsModule } from "../../lib/core/provisioning/step.ts";
import { minutes } from "../../lib/core/time.ts";
import { agent, aReservation, image, World } from "./world.ts";

const settle = (world: World): World => {
  while (world.state === "configuring" || world.state === "reclaiming") world.pass(5).answer();
  return world;
};

/** A node whose load is verified, with an image of this system. */
function written(change: Partial<typeof image>, policy = defaultPolicy): World {
  const world = new World({ policy, image: { ...image, ...change } }).makeAvailable().claimFor();
  world.look();
  return world.write();
}

describe("Windows", () => {
  const vista = { osModule: "windows", osVersion: "vista" };

  test("R11: Sysprep's mini-setup has its version's time, and boots again in the middle of it without being corrected", () => {
    const world = written(vista);
    world.pass(10).beacon("kernel");
    world.pass(10).beacon("init");
    expect(world.job.awaits).toContain("mini-setup");
    expect(world.job.clocks.noProgressMs).toBe(defaultPolicy.os["windows/vista"]?.init[0]);
    world.pass(minutes(39));
    expect(world.look()).toBe(false);
    // Detected devices want a boot of their own.
    for (const phase of ["firmware", "kernel", "init"] as const) world.pass(minutes(1)).beacon(phase);
    world.pass(minutes(39));
    expect(world.look()).toBe(false);
    world.pass(10).beacon("run");
    expect(settle(world).state).toBe("in-use");
    expect(world.entries.filter(({ correction }) => correction !== null)).toEqual([]);
  });

  test("R9, R11: a second attempt gets more time for it, and a lab may set its own without a deploy", () => {
    const policy = overridden(defaultPolicy, {
      os: { "windows/vista": { init: [minutes(5), minutes(50)] } },
    });
    const world = written(vista, policy);
    world.pass(10).beacon("kernel");
    world.pass(10).beacon("init");
    expect(world.job.clocks.noProgressMs).toBe(minutes(5));
    world.pass(10).beacon("run");
    world.answer("failed", { fault: nodeFault("os-unreachable", "WinRM does not answer") });
    world.write().pass(10).beacon("kernel");
    world.pass(10).beacon("init");
    expect(world.job).toMatchObject({ attempt: 2, clocks: { noProgressMs: minutes(50) } });
  });

  test("its services may start late: the agent waits for WinRM, but never longer than the command may run", () => {
    const world = written({ osModule: "windows" });
    world.bootDisk();
    expect(world.sent.at(-1)?.actions).toEqual([
      { verb: "os.reach", channel: "winrm", withinMs: minutes(4) },
      { verb: "os.probe", channel: "winrm" },
      { verb: "os.address", channel: "winrm" },
    ]);
    const hasty = { ...defaultPolicy, command: { ...defaultPolicy.command, runMs: 10_000 } };
    const short = written({ osModule: "windows" }, hasty).bootDisk();
    expect(short.sent.at(-1)?.actions[0]).toMatchObject({ verb: "os.reach", withinMs: 8_000 });
  });
});

describe("host keys", () => {
  test("R18: who answers is pinned after the system runs, and before anything else is said to it", () => {
    const world = written({});
    world.bootDisk();
    const verbs = world.verbsSent.filter((verb) => verb.startsWith("os."));
    expect(verbs).toEqual(["os.reach", "os.probe", "os.address"]);
    expect(world.node.operation.phase).toBe("run");
    settle(world);
    expect(world.verbsSent.filter((verb) => verb === "os.reach")).toHaveLength(1);
  });
});

describe("addresses", () => {
  const reads = (world: World): number => world.verbsSent.filter((verb) => verb === "os.address").length;

  test("R32, R33: a node that is loaded for its user reads its address once, and the hand-over reuses it", () => {
    const world = settle(written({}).bootDisk());
    expect(world.state).toBe("in-use");
    expect(reads(world)).toBe(1);
  });

  test("R31: a preloaded node whose lease has changed is handed over with the new address, and the timeline says so", () => {
    const world = settle(written({}).bootDisk());
    world.endReservation();
    settle(world);
    world.pass(defaultPolicy.reservation.addressFreshMs * 2);
    world.address = "10.0.0.77";
    world.claimFor(aReservation(world.now));
    world.look();
    while (world.state !== "in-use") world.pass(5).answer();
    expect(world.node.address?.value).toBe("10.0.0.77");
    expect(world.entries.map(({ why }) => why).join()).toContain(
      "its address is 10.0.0.77: it was 10.0.0.1 when it was read before",
    );
    expect(reads(world)).toBe(2);
  });

  test("R29: how the address is found is the OS module's own: asked for over its channel, or believed from a beacon", () => {
    const asked = settle(written({ osModule: "linux" }).bootDisk());
    const told = settle(written({ osModule: "linux-by-beacon" }).bootDisk());
    expect([reads(asked), reads(told)]).toEqual([1, 0]);
    expect(told.node.address?.value).toBe(asked.node.address?.value);
  });
});

describe("the certificate of cleanliness", () => {
  test("says that the disk was written, with which revision, when, and by which controller, at the hand-over", () => {
    const world = settle(written({}).bootDisk());
    expect(world.node.certificate).toMatchObject({
      how: "written",
      image: image.image,
      revision: image.revision,
      controller: agent.name,
    });
    expect(world.entries.at(-1)?.why).toMatch(/handed over: written with revision demo:\w+ .* ago by mi-/);
  });

  test("R39: says that a node was sanitized, with every item that was read back, and is shown to who gets it next", () => {
    const world = settle(written({}).bootDisk());
    const before = world.node.certificate;
    world.endReservation();
    settle(world);
    const { certificate } = world.node;
    expect(certificate).toMatchObject({ how: "sanitized", controller: agent.name, proved: checklistNames });
    expect(certificate?.job).not.toBe(before?.job);
    world.pass(1000).claimFor(aReservation(world.now));
    world.look();
    while (world.state !== "in-use") world.pass(5).answer();
    expect(world.node.certificate).toEqual(certificate);
    expect(world.entries.at(-1)?.why).toContain("handed over: sanitized with revision");
  });

  test("is void from the moment when a load begins until its write is verified", () => {
    const world = settle(written({}).bootDisk());
    world.beacon("run", { login: { user: "student" } });
    world.endReservation();
    expect(world.node.certificate).toBeNull();
    world.write();
    expect(world.node.certificate).toMatchObject({ how: "written" });
  });
});

describe("the checklist of a reclaim", () => {
  const claimedWith = (osModule: OsModule): World => {
    const modules = { ...shipped, osModules: [osModule] };
    const world = new World({ modules, image: { ...image, osModule: osModule.name } });
    world.makeAvailable().claimFor().look();
    return settle(world.write().bootDisk());
  };

  test("invariant 5: is the engine's own: a module that says “clean” without proof frees nothing", () => {
    const credulous: OsModule = {
      ...linux,
      sanitize: (context) =>
        (linux.sanitize?.(context) ?? []).map((step) => ({
          ...step,
          actions: step.actions.filter(({ verb }) => verb !== "os.probe"),
          settle: () => done,
        })),
    };
    const world = claimedWith(credulous);
    world.endReservation();
    expect(world.node.provision).toMatchObject({ state: "loading", job: { program: "reload" } });
  });

  test("invariant 5: a module that names no step to prove anything frees nothing", () => {
    const world = claimedWith({ ...linux, sanitize: () => [] });
    world.endReservation();
    expect(world.node.provision).toMatchObject({ state: "loading", job: { program: "reload" } });
  });

  test("R40: all that does not hold is told, not only the first", () => {
    const world = settle(written({}).bootDisk());
    world.endReservation();
    Object.assign(world, { accounts: 1, sessions: 2 });
    settle(world);
    expect(world.entries.map(({ why }) => why).join()).toContain(
      "1 accounts of users are left; 2 sessions of users are open: a reload is queued",
    );
  });

  test("a user whom the guest did not let in is not told that he may come", () => {
    const world = written({}).bootDisk();
    while (world.sent.at(-1)?.actions[0]?.verb !== "os.run") world.pass(5).answer();
    world.accounts = 0;
    world.answer();
    expect(world.job).toMatchObject({ stage: "load", attempt: 2 });
  });
});
