import { describe, expect, test } from "vitest";
import { nodeFault } from "../../lib/core/fault.ts";
import { generic } from "../../lib/core/provisioning/os-modules/generic.ts";
import { isFree } from "../../lib/core/scheduling/allocate.ts";
import { aReservation, image, World } from "./world.ts";

const jobsOf = (world: World) => [...new Set(world.entries.flatMap(({ job }) => job ?? []))];

describe("reclaim", () => {
  test("R38: a user was in: a full reload is queued and no sanitize is called", () => {
    const world = new World().inUse();
    world.pass(1000).beacon("run", { login: { user: "student" } });
    const sent = world.sent.length;
    world.endReservation();
    expect(world.node.provision).toMatchObject({ state: "loading", job: { program: "reload" } });
    const [first, ...others] = world.sent.slice(sent).flatMap(({ actions }) => actions);
    expect(first).toEqual({
      verb: "os.run",
      mayFail: true,
      task: "revoke-access",
      parameters: { user: "student" },
    });
    expect(others.map(({ verb }) => verb)).not.toContain("os.run");
  });

  test("R39, R42, R43: nobody was in: sanitize by the OS module, then available and free for the next", () => {
    const world = new World().inUse();
    world.endReservation();
    expect(world.state).toBe("reclaiming");
    expect(world.sent.at(-1)?.actions).toEqual([
      { verb: "os.run", task: "revoke-access", parameters: { user: "student" } },
      { verb: "os.run", task: "sanitize", parameters: {} },
      { verb: "os.probe" },
    ]);
    world.answer();
    expect(world.state).toBe("available");
    expect(world.node.disk.taint).toBeNull();
    expect(isFree(world.node)).toBe(true);
    expect(world.verbsSent.filter((verb) => verb === "netboot.set")).toHaveLength(1);
  });

  test.each([
    ["sanitize fails", (world: World) => world.answer("failed", { fault: nodeFault("ssh", "no answer") })],
    ["somebody logged in unseen", (world: World) => Object.assign(world, { logins: 1 }).answer()],
    [
      "the system was booted anew since",
      (world: World) => Object.assign(world, { osBoot: "boot-2" }).answer(),
    ],
    ["nobody knows what came of it", (world: World) => world.answer("unknown", { results: [] })],
  ])("R40: %s: a reload is queued, and the node is not free before it is proved", (_why, happens) => {
    const world = new World().inUse();
    world.endReservation();
    happens(world);
    expect(world.node.provision).toMatchObject({ state: "loading", job: { program: "reload" } });
    expect(isFree(world.node)).toBe(false);
    world.look();
    world.write().bootDisk();
    while (world.state === "configuring") world.pass(5).answer();
    expect(world.state).toBe("available");
    expect(isFree(world.node)).toBe(true);
  });

  test("R41: the reload is a job of its own, queued in the commit that ends the reclaim", () => {
    const world = new World().inUse();
    world.endReservation();
    world.answer("failed", { fault: nodeFault("ssh", "no answer") });
    const [reclaim, reload] = jobsOf(world).slice(-2);
    expect(reclaim).toMatch(/[.]reclaim[.]v\d+$/);
    expect(reload).toBe(`${reclaim}.reload`);
    expect(world.node.lastJob).toMatchObject({ id: reclaim, program: "reclaim" });
  });

  test("R36: the state before is kept with every transition", () => {
    const world = new World().inUse();
    expect([world.state, world.node.last]).toEqual(["in-use", "configuring"]);
    world.endReservation();
    expect([world.state, world.node.last]).toEqual(["reclaiming", "in-use"]);
    world.answer();
    expect([world.state, world.node.last]).toEqual(["available", "reclaiming"]);
  });

  test("an OS that cannot prove that nobody was in is always reloaded", () => {
    const world = new World({ image: { ...image, osModule: generic.name } }).makeAvailable().claimFor();
    world.look();
    world.write().bootDisk();
    world.endReservation();
    expect(world.node.provision).toMatchObject({ state: "loading", job: { program: "reload" } });
  });

  test("invariant 5: the commit that grants access taints the node, before anybody has it", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    world.write().bootDisk();
    while (world.sent.at(-1)?.actions[0]?.verb !== "os.run") world.pass(5).answer();
    expect(world.state).toBe("configuring");
    expect(world.node.disk.taint).toMatchObject({ user: "student" });
  });

  test("invariant 5: a reload that cannot succeed keeps the node out, whoever is to blame", () => {
    const world = new World().inUse();
    world.beacon("run", { login: { user: "student" } });
    world.image = null;
    world.endReservation();
    expect(world.state).toBe("quarantined");
  });

  test("a reservation that ends while its node is loaded releases it: nobody had access", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    world.answer();
    world.endReservation();
    expect(world.state).toBe("available");
    expect(world.node.disk).toMatchObject({ revision: null, taint: null });
  });

  test("a node is not free while a hand is on it: what is under way is ended first", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    const { command } = world.job;
    world.endReservation();
    expect(world.state).toBe("loading");
    expect(world.job.command).toMatchObject({ purpose: "fence", mustEnd: command?.mustEnd });
    world.answer();
    expect(world.state).toBe("available");
  });

  test("nor is it, without a word from the agent, before everything must have ended", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    const mustEnd = world.job.command?.mustEnd ?? 0;
    world.endReservation();
    while (world.state === "loading") expect(world.waitUntilDue()).toBe(true);
    expect(world.state).toBe("available");
    expect(world.now).toBeGreaterThanOrEqual(mustEnd);
  });

  test("a reservation that ends while a node that was granted is loaded again has it loaded for nobody", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    world.write().bootDisk();
    while (world.sent.at(-1)?.actions[0]?.verb !== "os.run") world.pass(5).answer();
    world.answer("failed", { fault: nodeFault("os-unreachable", "no answer") });
    expect(world.state).toBe("loading");
    expect(world.node.disk.taint).not.toBeNull();
    world.endReservation();
    expect(world.job).toMatchObject({ program: "reload", stage: "load" });
  });

  test("a proved node of a reservation that grants nobody anything is handed over as it is", () => {
    const world = new World().inUse();
    world.endReservation();
    while (world.state === "reclaiming") world.answer();
    expect(world.state).toBe("available");
    world.claimFor(aReservation(world.now, { publicKey: null }));
    world.look();
    while (world.state === "reserved") world.answer();
    expect(world.state).toBe("in-use");
  });

  test("a reservation that ends while access is being granted reclaims the node", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    world.write().bootDisk();
    while (world.sent.at(-1)?.actions[0]?.verb !== "os.run") world.pass(5).answer();
    world.endReservation();
    expect(["reclaiming", "loading"]).toContain(world.state);
    expect(isFree(world.node)).toBe(false);
  });

  test("a quarantined node that is given back is inspected, or reloaded if a user had it, before it is free", () => {
    const clean = new World().makeAvailable().claimFor();
    clean.look();
    clean.withDeadBmc();
    clean.tell({ kind: "give-back", reason: "new BMC", actor: { kind: "operator", name: "ada" } });
    expect(clean.node.provision).toMatchObject({ state: "enrolled", job: { program: "inspect" } });
    clean.answer();
    expect(clean.state).toBe("available");

    const touched = new World().inUse();
    touched.beacon("run", { login: { user: "student" } });
    touched.endReservation();
    touched.withDeadBmc();
    expect(touched.state).toBe("quarantined");
    touched.tell({ kind: "give-back", reason: "new BMC", actor: { kind: "operator", name: "ada" } });
    expect(touched.node.provision).toMatchObject({ state: "loading", job: { program: "reload" } });
  });
});
