import { describe, expect, test } from "vitest";
import { configurationFault, nodeFault } from "../../lib/core/fault.ts";
import { branded, isImageId, isInstallationId, isJobId, isReservationId } from "../../lib/core/ids.ts";
import { mayBecome } from "../../lib/core/node/states.ts";
import { netbootImage } from "../../lib/core/provisioning/build-systems/netboot-image.ts";
import { linux } from "../../lib/core/provisioning/os-modules/linux.ts";
import { image, World } from "./world.ts";

const actor = { kind: "user", name: "ada" } as const;
const made = { sha256: "cd".repeat(32), sizeBytes: 64_000_000 };
const course = branded(isImageId, "course");

const orderOf = (reservation: string | null) => ({
  image: course,
  comment: "with a compiler",
  reservation: reservation === null ? null : branded(isReservationId, reservation),
});

function ask(world: World, reservation: string | null = "res-1", id = "capture-1"): boolean {
  const request = {
    id: branded(isJobId, id),
    program: "capture",
    target: { image: image.image, revision: image.revision },
    capture: orderOf(reservation),
    requestedBy: actor,
    requestedAt: world.now,
  } as const;
  return world.tell({ kind: "job", request, actor });
}

const own = (world: World) => ({ boot: null, installation: world.node.disk.installation ?? undefined });

/** The machine has booted the ramdisk, and sends its disk. */
function reads(world: World): World {
  const { boot } = world.job;
  for (const phase of ["firmware", "build"] as const) world.pass(10).beacon(phase, { boot });
  return world;
}

/** The ramdisk restarts it, and its own system comes up. */
function comesBack(world: World): World {
  const { installation } = own(world);
  if (installation === undefined) throw new Error("nothing is on its disk");
  for (const phase of ["firmware", "kernel", "init", "run"] as const)
    world.pass(10).beacon(phase, { boot: null, installation });
  while (world.state === "capturing" && world.job.command !== null) world.pass(5).answer();
  return world;
}

function asked(): World {
  const world = new World().inUse();
  world.beacon("run", { login: { user: "student" } });
  ask(world);
  return world;
}

const tasks = (world: World) =>
  world.sent.flatMap(({ actions }) => actions.flatMap((each) => (each.verb === "os.run" ? [each.task] : [])));

describe("a capture", () => {
  test("R22: the OS module takes identities out before any byte is read, and puts them back afterwards", () => {
    const world = asked();
    expect(world.job).toMatchObject({ program: "capture", stage: "pre-capture" });
    expect(world.sent.at(-1)?.actions).toEqual([
      { verb: "os.run", task: "pre-capture", parameters: { user: "student" } },
    ]);
    world.answer();
    expect(world.sent.at(-1)?.actions.map(({ verb }) => verb)).toEqual([
      "power.off",
      "image.capture",
      "boot.set",
      "power.on",
    ]);
    world.answer();
    reads(world);
    world.pass(10).beacon("build", { boot: world.job.boot, captured: made });
    comesBack(world);
    expect(tasks(world).slice(-2)).toEqual(["pre-capture", "post-capture"]);
    expect(world.node.provision).toMatchObject({ state: "in-use", reservation: "res-1", job: null });
    expect(world.node.lastJob).toMatchObject({ program: "capture", outcome: "done", reservation: null });
    expect(world.captures).toMatchObject([{ order: orderOf("res-1"), content: made }]);
  });

  test("R22: where the OS module fails to prepare the system, nothing is read, and its user goes on working", () => {
    const world = asked();
    world.answer("failed", { fault: nodeFault("ssh", "no answer") });
    expect(world.job).toMatchObject({ stage: "post-capture", failing: { code: "ssh" } });
    while (world.state === "capturing") world.pass(5).answer();
    expect(world.state).toBe("in-use");
    expect(world.verbsSent.slice(-4)).not.toContain("power.off");
    expect(world.verbsSent).not.toContain("image.capture");
    expect(world.node.lastJob).toMatchObject({ outcome: "failed", fault: { code: "ssh" } });
    expect(world.captures).toEqual([]);
  });

  test("what is on the disk stays what it was, and so does that a user was in", () => {
    const world = asked();
    const { disk } = world.node;
    world.answer();
    world.answer();
    reads(world).pass(10).beacon("build", { boot: world.job.boot, captured: made });
    comesBack(world);
    expect(world.node.disk).toEqual(disk);
    world.endReservation();
    expect(world.node.provision).toMatchObject({ state: "loading", job: { program: "reload" } });
  });

  test("a disk that was not read whole is read again, in a boot of its own, and its owner gets it back when it never is", () => {
    const world = asked();
    world.answer();
    const boots = new Set<string | null>();
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      expect(world.job).toMatchObject({ attempt, step: "boot-reader" });
      boots.add(world.job.boot);
      world.answer();
      reads(world);
      const fault = nodeFault("capture-checksum-mismatch", `damaged ${attempt}`);
      world.pass(10).beacon("build", { boot: world.job.boot, fault });
    }
    expect(boots.size).toBe(3);
    expect(world.job).toMatchObject({ stage: "post-capture", step: "boot-own-disk" });
    expect(world.sent.at(-1)?.actions.map(({ verb }) => verb)).toEqual([
      "power.off",
      "netboot.clear",
      "power.on",
    ]);
    world.answer();
    comesBack(world);
    expect(world.state).toBe("in-use");
    expect(world.node.disk.revision).toBe(image.revision);
    expect(world.captures).toEqual([]);
  });

  test("its power is left alone while bytes come, and it is read anew only when none has come for long", () => {
    const world = asked();
    world.answer();
    world.answer();
    reads(world);
    const sent = world.sent.length;
    for (let minute = 0; minute < 30; minute += 1) {
      const { boot, id, attempt } = world.job;
      world.pass(60_000);
      const installation = `${id}.${attempt}`;
      world.progress = { installation, boot: boot ?? "", doneBytes: minute, totalBytes: 99, at: world.now };
      world.look();
    }
    expect(world.sent).toHaveLength(sent);
    world.waitUntilDue();
    world.answer("completed");
    expect(world.job).toMatchObject({ attempt: 2, step: "boot-reader" });
    expect(world.verbsSent.filter((verb) => verb === "power.cycle" || verb === "power.reset")).toEqual([]);
  });

  test("asked for at the end of a reservation, it is made before the node is taken back, and nobody waits for its system", () => {
    const world = new World().inUse();
    if (world.reservation === null) throw new Error("it has none");
    world.reservation = { ...world.reservation, state: "reclaim", outcome: "complete" };
    ask(world);
    expect(world.state).toBe("capturing");
    world.answer();
    world.answer();
    reads(world).pass(10).beacon("build", { boot: world.job.boot, captured: made });
    expect(world.captures).toHaveLength(1);
    world.look();
    expect(world.node.provision).toMatchObject({ state: "reclaiming" });
  });

  test("at the end of a reservation, work that cannot be saved is kept for a person to look at", () => {
    const world = asked();
    world.endReservation();
    world.answer("failed", { fault: nodeFault("ssh", "no answer") });
    expect(world.node.provision).toMatchObject({
      state: "maintenance",
      reason: expect.stringContaining("its data is kept: no answer"),
    });
    world.tell({ kind: "give-back", reason: "saved by hand", actor });
    expect(world.job.program).toBe("reload");
  });

  test("a node that nobody has can be captured, and is free again", () => {
    const world = new World().inUse();
    world.endReservation();
    while (world.state !== "available") world.pass(5).answer();
    ask(world, null);
    expect(world.state).toBe("capturing");
    world.answer();
    world.answer();
    reads(world).pass(10).beacon("build", { boot: world.job.boot, captured: made });
    comesBack(world);
    expect(world.state).toBe("available");
    expect(world.captures).toHaveLength(1);
  });

  test("what somebody wanted captured is never taken of what somebody else left there", () => {
    const world = new World().inUse();
    ask(world, "res-of-another");
    expect(world.state).toBe("in-use");
    expect(world.node.waiting).toEqual([]);
    expect(world.node.lastJob).toMatchObject({ outcome: "abandoned", fault: { code: "capture-too-late" } });
  });

  test("an image that nothing can be captured of fails with its reason, and the node stays in use", () => {
    const { capture: _, ...builder } = netbootImage;
    const world = new World({ modules: { buildSystems: [builder], osModules: [linux] } }).inUse();
    ask(world);
    expect(world.state).toBe("in-use");
    expect(world.node.lastJob?.fault).toEqual(
      configurationFault(
        "not-capturable",
        "build system netboot-image makes no images of what it has loaded",
      ),
    );
  });

  test.each([
    ["libvirt", { memoryMib: "512", cpus: "1", diskGib: "4" }, made, {}],
    ["external", { system: "xcat", osimage: "base" }, null, { osimage: "course-7" }],
  ] as const)(
    "%s tells how far it is until it is done, and what its image is found by is registered with it",
    (buildSystem, settings, content, found) => {
      const world = new World({ image: { ...image, buildSystem, osModule: "linux", settings } });
      world.makeAvailable().claimFor().look();
      const say = (result: "waiting" | "done", more: object = {}) => {
        const { command, id, attempt } = world.job;
        const installation = branded(isInstallationId, `${id}.${attempt}`);
        const build = { installation, result, sign: null, fault: null, ...more };
        const verb = command?.actions.at(-1)?.verb ?? "power.on";
        return world.answer("completed", { results: [{ verb, outcome: "done", observed: { build } }] });
      };
      say("done");
      if (world.job.stage === "load") say("done");
      for (const phase of ["kernel", "init", "run"] as const) world.pass(10).beacon(phase);
      while (world.state === "configuring") world.pass(5).answer();
      expect(world.state).toBe("in-use");
      ask(world);
      world.answer();
      expect(world.job.stage).toBe("capture");
      say("waiting");
      expect(world.job.retryAt).not.toBeNull();
      world.waitUntilDue();
      say("done", { captured: { content, ...(content === null ? { settings: found } : {}) } });
      expect(world.job.stage).toBe("post-capture");
      if (world.job.command !== null) world.answer();
      comesBack(world);
      expect(world.state).toBe("in-use");
      expect(world.captures).toMatchObject([{ content, settings: found }]);
    },
  );

  test("its words count once, and those of another boot not at all", () => {
    const world = asked();
    world.answer();
    world.answer();
    reads(world);
    expect(world.beacon("build", { boot: world.job.boot, captured: made })).toBe(true);
    expect(world.beacon("build", { boot: world.job.boot, captured: made })).toBe(false);
    expect(mayBecome("capturing", "in-use")).toBe(true);
  });
});
