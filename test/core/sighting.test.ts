/** What a node's console says, and what is decided on it (field.md row 57). */
import { describe, expect, test } from "vitest";
import type { Sighting, Trouble } from "../../lib/core/console/console.ts";
import { patternOf, shippedPatterns } from "../../lib/core/console/patterns.ts";
import { branded, isBootId } from "../../lib/core/ids.ts";
import { installationOf } from "../../lib/core/provisioning/programs.ts";
import { after } from "../../lib/core/time.ts";
import { image, spec, World } from "./world.ts";

const panic = "Kernel panic - not syncing: VFS: Unable to mount root fs";

function sees(world: World, change: Partial<Sighting> = {}): boolean {
  const sighting: Sighting = {
    node: spec.id,
    boot: null,
    installation: installationOf(world.job),
    means: "dead",
    pattern: "kernel-panic",
    line: panic,
    at: world.now,
    ...change,
  };
  return world.tell({ kind: "console", sighting, actor: { kind: "node", name: spec.id } });
}

/** Written, and its disk's kernel has begun. */
function inKernel(): World {
  const world = new World().makeAvailable().claimFor();
  world.look();
  world.write().pass(10_000).beacon("kernel");
  return world.pass(5_000);
}

const purposes = (world: World): string[] => world.sent.map(({ purpose }) => purpose);

describe("R70: a node whose console says that it will not go on", () => {
  test("is late now, and not when its clock says so: it is looked at, and reset, within the same second", () => {
    const world = inKernel();
    const from = world.now;
    expect(sees(world)).toBe(true);
    expect(world.job.command?.purpose).toBe("look");
    world.answer();
    expect(world.now).toBe(from);
    expect(purposes(world).at(-1)).toBe("reset");
    const issue = world.issues.at(-1);
    expect(issue?.fault).toMatchObject({
      code: "kernel-panic",
      message: "its console tells of kernel panic",
    });
    expect(issue?.evidence.join("\n")).toContain(panic);
  });

  test("is told of on the event bus without what the console printed, which may be secret", () => {
    const world = inKernel();
    sees(world, { line: "password hunter2; Kernel panic - not syncing" });
    world.answer();
    const [look] = world.entries.filter(({ correction }) => correction === "look-again");
    expect(look?.evidence).toContain("hunter2");
    for (const { why } of world.entries) expect(why).not.toContain("hunter2");
  });

  test("is corrected once for one panic, however often and however late it is told of", () => {
    const world = inKernel();
    const at = world.now;
    sees(world);
    expect(sees(world, { at })).toBe(false);
    world.answer();
    expect(sees(world, { at })).toBe(false);
    world.pass(2_000).answer();
    expect(world.node.operation.phase).toBe("firmware");
    const sent = world.sent.length;
    expect(sees(world, { at })).toBe(false);
    expect(world.sent).toHaveLength(sent);
    expect(world.node.due).toBe(world.now + 600_000);
  });

  test("climbs its ladder when it says so again after every boot, and ends with another load", () => {
    const world = inKernel();
    for (let boot = 0; boot < 3; boot += 1) {
      world.pass(10_000);
      sees(world);
      world.answer();
      world.pass(1_000);
      if (world.job.command?.purpose !== "step") world.answer();
    }
    expect(world.entries.flatMap(({ correction }) => correction ?? [])).toEqual([
      "look-again",
      "reset",
      "look-again",
      "power-cycle",
      "look-again",
      "load-again",
    ]);
    expect(world.job).toMatchObject({ stage: "load", attempt: 2 });
  });

  test("is late all the same if the kernel's own word comes after the panic's", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    world.write();
    const kernelAt = world.now;
    world.pass(5_000);
    sees(world);
    world.beacon("kernel", { at: kernelAt });
    expect(world.job.stage).toBe("post-load");
    world.answer();
    expect(purposes(world).at(-1)).toBe("reset");
  });

  test("of another installation, another boot, or before what it was seen doing since, changes nothing", () => {
    const world = inKernel();
    const before = world.node;
    const changes: Partial<Sighting>[] = [
      { installation: installationOf({ ...world.job, attempt: 2 }) },
      { boot: branded(isBootId, "another.1.b1") },
      { at: after(world.node.operation.evidenceAt, -1) },
    ];
    for (const change of changes) expect(sees(world, change)).toBe(false);
    expect(world.node).toBe(before);
  });

  test("while somebody uses it is left to him (invariant 7)", () => {
    const world = new World().inUse();
    const job = { installation: world.node.disk.installation };
    expect(job.installation).not.toBeNull();
    expect(
      world.tell({
        kind: "console",
        actor: { kind: "node", name: spec.id },
        sighting: {
          node: spec.id,
          boot: null,
          installation: job.installation ?? installationOf(world.job),
          means: "dead",
          pattern: "kernel-panic",
          line: panic,
          at: world.now,
        },
      }),
    ).toBe(false);
    expect(world.state).toBe("in-use");
  });

  test("in a lab that only observes is told of once, and nothing is done", () => {
    const world = inKernel();
    world.corrects = false;
    const at = world.now;
    sees(world);
    world.answer();
    expect(world.entries.at(-1)?.proposed).toBe("reset");
    expect(purposes(world)).not.toContain("reset");
    expect(sees(world, { at })).toBe(false);
    expect(world.look()).toBe(false);
    expect(world.job.command).toBeNull();
  });
});

describe("R51: a node that has nothing to boot, or whose installer has given up", () => {
  const loadedAgain = (means: Trouble, pattern: string, line: string): World => {
    const world = inKernel();
    sees(world, { means, pattern, line });
    world.answer();
    return world;
  };

  test("is loaded again, not reset: what is not on the disk does not come by a reset", () => {
    const world = loadedAgain("no-boot-device", "no-bootable-device", "No bootable device.");
    expect(purposes(world)).not.toContain("reset");
    expect(world.job).toMatchObject({ stage: "load", attempt: 2 });
    expect(world.entries.at(-1)?.why).toContain("its console tells of no bootable device");
  });

  test("is loaded again out of the lab's budget, like every late node: a dead boot server costs no rack its nodes", () => {
    const world = loadedAgain("no-boot-device", "no-bootable-device", "No bootable device.");
    expect(world.budget.tokens).toBeLessThan(world.policy.budget.capacity);
  });

  test("while the installer runs is given up at once; after its end the same words mean nothing", () => {
    const world = new World({
      image: {
        ...image,
        buildSystem: "netboot-installer",
        content: null,
        settings: { distro: "rocky", template: "rocky.ks" },
      },
    });
    world.makeAvailable().claimFor();
    world.look();
    world.answer();
    const { boot } = world.job;
    world.pass(1_000).beacon("firmware", { boot });
    world.pass(1_000);
    expect(sees(world, { boot, means: "install-failed", pattern: "anaconda", line: "Pane is dead" })).toBe(
      true,
    );
    world.answer();
    expect(world.job).toMatchObject({ stage: "load", attempt: 2 });

    const done = inKernel();
    expect(done.job.stage).toBe("post-load");
    expect(sees(done, { boot: done.job.boot, means: "install-failed", line: "Pane is dead" })).toBe(false);
  });
});

describe("what a line means", () => {
  test.each([
    ["[   12.1] Kernel panic - not syncing: Attempted to kill init!", "dead"],
    ['You are in emergency mode. After logging in, type "journalctl -xb"', "dead"],
    ["ALERT!  UUID=1234 does not exist.  Dropping to a shell!", "dead"],
    ["No bootable device.", "no-boot-device"],
    ["Operating System not found", "no-boot-device"],
    ["Reboot and Select proper Boot device", "no-boot-device"],
    ["[!!] Installation step failed", "install-failed"],
    ["Pane is dead", "install-failed"],
  ])("%s: %s", (line, means) => {
    expect(patternOf(shippedPatterns, line, true)?.means).toBe(means);
  });

  test.each(["node-01 login: ", "login: "])("%s is a prompt, as long as nothing follows it", (line) => {
    expect(patternOf(shippedPatterns, line, false)?.means).toBe("login");
    expect(patternOf(shippedPatterns, line, true)).toBeNull();
  });

  test.each([
    "Command line: quiet panic=10",
    "Booting from Hard Disk...",
    "Boot failed: not a bootable disk",
    "sshd: login failed for root",
    "random: crng init done",
  ])("%s means nothing", (line) => {
    expect(patternOf(shippedPatterns, line, true)).toBeNull();
  });
});
