/** What is done to a machine beside loading it: its switch port, its firmware, tests, an operator's shell. */
import { describe, expect, test } from "vitest";
import type { Observed } from "../../lib/core/command.ts";
import { branded, isJobId, isMachineId } from "../../lib/core/ids.ts";
import { enrolledNode } from "../../lib/core/node/enrol.ts";
import type { Order } from "../../lib/core/node/node.ts";
import type { LightProgram } from "../../lib/core/node/programs.ts";
import { installationOf } from "../../lib/core/provisioning/programs.ts";
import { isFree } from "../../lib/core/scheduling/allocate.ts";
import { after as later, minutes } from "../../lib/core/time.ts";
import { aReservation, spec, World } from "./world.ts";

const ada = { kind: "operator", name: "ada" } as const;
const lab = {
  switches: {
    tor: {
      driver: "vlan.mjs",
      address: "10.0.0.250",
      provisioning: { vlan: "20" },
      reserved: { vlan: "30", mode: "access" },
    },
  },
  biosProfiles: { virtual: { driver: null, attributes: { Sriov: "Enabled", Numa: 2 } } },
};

const wired = (): World => {
  const world = new World();
  world.lab = lab;
  world.node = { ...world.node, switchPort: { switch: "tor", port: "eth7" } };
  return world.makeAvailable();
};
const ask = (world: World, program: LightProgram, order?: Order) =>
  world.tell({
    kind: "job",
    request: {
      id: branded(isJobId, `${program}-${world.node.version}`),
      program,
      target: null,
      ...(order === undefined ? {} : { order }),
      requestedBy: ada,
      requestedAt: world.now,
    },
    actor: ada,
  });
const lastActions = (world: World) => world.sent.at(-1)?.actions ?? [];
/** The agent's answer to a command of one action, with what it saw. */
const seen = (world: World, observed: Observed) => {
  const [action] = lastActions(world);
  if (action === undefined) throw new Error("nothing was sent");
  return world.answer("completed", { results: [{ verb: action.verb, outcome: "done", observed }] });
};
const networkOf = (world: World) =>
  world.sent
    .flatMap(({ actions }) => actions)
    .flatMap((action) => (action.verb === "network.apply" ? [[action.purpose, action.wish]] : []));

describe("a switch port", () => {
  test("R78, R87: is set for provisioning before a load, for its user before access is granted, and back before anything else", () => {
    const world = wired();
    world.claimFor({ ...aReservation(world.now), network: { vlan: "42" } });
    world.look();
    expect(lastActions(world)).toMatchObject([
      {
        verb: "network.apply",
        driver: "vlan.mjs",
        port: "eth7",
        purpose: "provisioning",
        wish: { vlan: "20" },
      },
    ]);
    world.answer();
    world.write().bootDisk();
    while (world.state === "configuring") world.pass(5).answer();
    expect(world.state).toBe("in-use");
    const verbs = world.verbsSent;
    expect(verbs.lastIndexOf("network.apply")).toBeLessThan(verbs.indexOf("os.run"));
    world.endReservation();
    expect(networkOf(world)).toEqual([
      ["provisioning", { vlan: "20" }],
      ["reserved", { vlan: "42", mode: "access" }],
      ["provisioning", { vlan: "20" }],
    ]);
    expect(world.verbsSent.at(-1)).toBe("network.apply");
  });

  test("that cannot be set back never lets the node go on to somebody else, and is not the node's fault", () => {
    const world = wired();
    world.claimFor();
    world.look();
    world.answer();
    world.write().bootDisk();
    while (world.state === "configuring") world.pass(5).answer();
    world.endReservation();
    const fault = { class: "infrastructure", code: "network-not-applied", message: "no answer" } as const;
    for (let round = 0; round < 40 && world.state !== "quarantined"; round += 1) {
      if ("job" in world.node.provision && world.job.command === null) world.waitUntilDue();
      if ("job" in world.node.provision && world.job.command !== null) world.answer("failed", { fault });
    }
    expect(world.state).toBe("quarantined");
    expect(world.issues.at(-1)?.fault).toMatchObject({
      class: "infrastructure",
      code: "network-not-applied",
    });
    expect(world.verbsSent.filter((verb) => verb === "netboot.set")).toHaveLength(1);
  });

  test("is set anew when a load begins anew, and what the boot before says meanwhile proves nothing", () => {
    const world = wired().claimFor();
    world.look();
    world.answer();
    const { boot } = world.job;
    world.answer("unknown", { results: [] });
    world.waitUntilDue();
    expect(world.job.step).toBe("set-network");
    const installation = installationOf(world.job);
    const { id: node } = world.node;
    const verified = { sha256: "ab".repeat(32) };
    const beacon = { node, boot, installation, phase: "build", at: world.now, verified } as const;
    expect(world.tell({ kind: "beacon", beacon, actor: { kind: "node", name: node } })).toBe(false);
    expect(world.job.evidence.verified).toBeNull();
  });

  test("of a lab that drives no switch, or not this one, is left alone", () => {
    const world = wired();
    world.node = { ...world.node, switchPort: { switch: "other", port: "eth7" } };
    world.claimFor().makeReady();
    expect(networkOf(world)).toEqual([]);
  });
});

describe("firmware", () => {
  const profiled = (): World => {
    const world = new World();
    world.lab = lab;
    world.node = { ...world.node, biosProfile: "virtual" };
    return world;
  };

  test("R79: is read at every inspection, and what differs is seen on the node and in its hardware log, and blocks nothing", () => {
    const world = profiled();
    world.look();
    world.answer();
    expect(lastActions(world)).toEqual([{ verb: "bios.read", driver: null, names: ["Sriov", "Numa"] }]);
    seen(world, { bios: { Sriov: "Disabled", Numa: "2" } });
    expect(isFree(world.node)).toBe(true);
    expect(world.node.bios?.drift).toEqual([{ name: "Sriov", wanted: "Enabled", found: "Disabled" }]);
    expect(world.issues.at(-1)).toMatchObject({
      state: "open",
      blocking: false,
      fault: { code: "bios-drift", message: expect.stringContaining("Sriov is Disabled, not Enabled") },
    });
  });

  test("of which the BMC tells nothing is no reason to keep the node out", () => {
    const world = profiled();
    world.look();
    world.answer();
    const fault = { class: "configuration", code: "unsupported", message: "it cannot" } as const;
    world.answer("failed", { fault });
    expect(isFree(world.node)).toBe(true);
    expect(world.node.bios).toBeNull();
  });

  test("R79: is set by a job that restarts the machine and reads it again until it is so; the issue is closed by that", () => {
    const world = profiled();
    world.look();
    world.answer();
    seen(world, { bios: { Sriov: "Disabled", Numa: 2 } });
    ask(world, "bios");
    seen(world, { bios: { Sriov: "Disabled", Numa: 2 } });
    expect(lastActions(world)).toEqual([
      { verb: "bios.apply", driver: null, attributes: { Sriov: "Enabled" } },
      { verb: "power.off" },
      { verb: "power.on" },
    ]);
    world.answer();
    seen(world, { bios: { Sriov: "Disabled", Numa: 2 } });
    expect(world.job.step).toBe("verify-bios");
    world.waitUntilDue();
    seen(world, { bios: { Sriov: "Enabled", Numa: 2 } });
    expect(isFree(world.node)).toBe(true);
    expect(world.node.lastJob).toMatchObject({ program: "bios", outcome: "done" });
    expect(world.issues.map(({ state }) => state)).toEqual(["open", "closed"]);
    expect(world.issues[1]?.id).toBe(world.issues[0]?.id);
    expect(world.node.correctiveReboots).toBe(0);
  });

  test("that is as it is to be is not restarted", () => {
    const world = profiled();
    world.makeAvailable();
    seen(world, { bios: { Sriov: "Enabled", Numa: 2 } });
    ask(world, "bios");
    seen(world, { bios: { Sriov: "Enabled", Numa: 2 } });
    expect(isFree(world.node)).toBe(true);
    expect(world.verbsSent).not.toContain("power.on");
  });

  test("that never takes its profile ends in an issue that says what it refuses, without a corrective reboot", () => {
    const world = profiled();
    world.makeAvailable();
    seen(world, { bios: { Sriov: "Disabled", Numa: 2 } });
    ask(world, "bios");
    for (let round = 0; round < 300 && world.state !== "quarantined"; round += 1) {
      if (world.job.command === null) world.waitUntilDue();
      else if (lastActions(world)[0]?.verb === "bios.read")
        seen(world, { bios: { Sriov: "Disabled", Numa: 2 } });
      else world.answer();
    }
    expect(world.state).toBe("quarantined");
    expect(world.issues.at(-1)?.fault.message).toContain("Sriov is Disabled, not Enabled");
    expect(world.node.correctiveReboots).toBe(0);
  });

  test("of a node that somebody uses is not touched until he is done", () => {
    const world = profiled();
    world.node = { ...world.node, biosProfile: null };
    world.makeAvailable().claimFor().makeReady();
    world.node = { ...world.node, biosProfile: "virtual" };
    const sent = world.sent.length;
    ask(world, "bios");
    expect(world.state).toBe("in-use");
    expect(world.sent).toHaveLength(sent);
  });
});

describe("a rescue", () => {
  const shell: Order = { kind: "rescue", forMs: minutes(30), ended: false };

  test("field.md 55: gives a shell for a while, keeps the place of a node in use, and ends by time even if nobody says a word", () => {
    const world = new World().inUse();
    const { installation } = world.node.disk;
    ask(world, "rescue", shell);
    expect(lastActions(world).map(({ verb }) => verb)).toEqual([
      "power.off",
      "netboot.visit",
      "boot.set",
      "power.on",
    ]);
    world.answer();
    world.beacon("build", { boot: world.job.boot });
    expect([world.state, world.node.operation.phase, world.job.step]).toEqual(["in-use", "build", "hold"]);
    expect(world.node.due).toBeLessThanOrEqual(later(world.now, minutes(30)));
    world.waitUntilDue();
    expect(lastActions(world).map(({ verb }) => verb)).toEqual(["netboot.clear", "boot.set", "power.cycle"]);
    // The system on its disk speaks before the agent does.
    world.beacon("kernel");
    world.answer();
    expect(world.state).toBe("in-use");
    expect(world.node.provision).toMatchObject({ reservation: "res-1", job: null });
    expect(world.node.disk.installation).toBe(installation);
    world.bootDisk();
    expect(world.node.operation).toMatchObject({ phase: "run", installation });
  });

  test("is ended by an operator before its time", () => {
    const world = new World().inUse();
    ask(world, "rescue", shell);
    world.answer();
    world.tell({ kind: "end-rescue", reason: "done", actor: ada });
    expect(world.job.step).toBe("boot-disk");
    expect(world.tell({ kind: "end-rescue", reason: "done", actor: ada })).toBe(false);
  });

  test("of a node that nobody has leaves a disk that is trusted no more: whoever gets it next has it loaded", () => {
    const world = new World().inUse().endReservation();
    while (world.state === "reclaiming") world.pass(5).answer();
    expect(world.node.disk.revision).not.toBeNull();
    ask(world, "rescue", shell);
    world.answer();
    expect(isFree(world.node)).toBe(false);
    world.waitUntilDue();
    world.answer();
    expect(isFree(world.node)).toBe(true);
    expect(world.node.disk.revision).toBeNull();
    expect(world.node.certificate).toBeNull();
  });

  test("gives way when the reservation ends: the node is taken back, and loaded anew", () => {
    const world = new World().inUse();
    ask(world, "rescue", shell);
    world.answer();
    world.endReservation();
    expect(["reclaiming", "loading"]).toContain(world.state);
  });
});

describe("a burn-in", () => {
  const hours: Order = { kind: "burn-in", test: null, minutes: 240 };

  test("field.md 56: runs in our ramdisk; what it found stands in the hardware log, and the node comes back", () => {
    const world = new World().makeAvailable();
    ask(world, "burn-in", hours);
    expect(lastActions(world)).toContainEqual(
      expect.objectContaining({ verb: "netboot.visit", visit: { kind: "test", seconds: 14_400 } }),
    );
    world.answer();
    const { boot } = world.job;
    world.beacon("build", { boot, tested: { result: "passed", findings: ["memory: well"] } });
    expect(world.job.step).toBe("boot-disk");
    world.answer();
    expect(isFree(world.node)).toBe(true);
    expect(world.issues.at(-1)).toMatchObject({ state: "closed", closedBecause: "passed" });
    expect(world.issues.at(-1)?.evidence).toContain("test: memory: well");
  });

  test("field.md 56: is the first that a machine does that has become a node, where its lab wants it: after the inspection, before anybody", () => {
    const world = new World();
    world.node = enrolledNode({ ...spec, macs: [] }, ada, world.now);
    world.tell({
      kind: "identified",
      machine: branded(isMachineId, "m-525400000001-none"),
      by: "uuid",
      evidence: "UUID u-1",
      replaces: false,
      burnIn: { kind: "burn-in", test: null, minutes: 30 },
      actor: ada,
    });
    world.look();
    expect(world.job.program).toBe("inspect");
    expect(lastActions(world).map(({ verb }) => verb)).toEqual(["power.status", "bmc.accounts"]);
    world.answer();
    world.look();
    expect(isFree(world.node)).toBe(false);
    expect(world.job.program).toBe("burn-in");
    expect(lastActions(world)).toContainEqual(
      expect.objectContaining({ verb: "netboot.visit", visit: { kind: "test", seconds: 1800 } }),
    );
    world.answer();
    world.beacon("build", { boot: world.job.boot, tested: { result: "passed", findings: [] } });
    world.answer();
    expect(isFree(world.node)).toBe(true);
  });

  test("field.md 56: that fails keeps the node out, with what was found", () => {
    const world = new World().makeAvailable();
    ask(world, "burn-in", hours);
    world.answer();
    const { boot } = world.job;
    world.beacon("build", { boot, tested: { result: "failed", findings: ["memory: bit 7 at 0x1000"] } });
    expect(world.state).toBe("quarantined");
    expect(world.issues.at(-1)?.fault).toMatchObject({ code: "burn-in-failed", class: "node" });
    expect(world.issues.at(-1)?.fault.message).toContain("bit 7 at 0x1000");
  });

  test("may be a program of the lab's, which is asked until it has a verdict", () => {
    const world = new World().makeAvailable();
    ask(world, "burn-in", { kind: "burn-in", test: "stress.sh", minutes: 60 });
    const run = installationOf(world.job);
    expect(lastActions(world)).toEqual([{ verb: "test.call", test: "stress.sh", run, minutes: 60 }]);
    for (const sign of ["10 %", "60 %"]) {
      seen(world, { test: { run, result: "waiting", sign, findings: [] } });
      world.waitUntilDue();
    }
    seen(world, { test: { run, result: "passed", sign: null, findings: [] } });
    expect(isFree(world.node)).toBe(true);
  });

  test("that says nothing any more is looked at, and then kept out: it does not wait for ever", () => {
    const world = new World().makeAvailable();
    ask(world, "burn-in", hours);
    world.answer();
    for (let round = 0; round < 10 && world.state !== "quarantined"; round += 1) {
      world.waitUntilDue();
      if (world.state !== "quarantined" && world.job.command !== null) world.answer();
    }
    expect(world.state).toBe("quarantined");
  });

  test("on a node that an operator has leaves it with him", () => {
    const world = new World().makeAvailable();
    world.tell({
      kind: "upkeep",
      upkeep: {
        to: "maintenance",
        reason: "new memory",
        until: later(world.now, minutes(6000)),
        atEnd: "return",
      },
      actor: ada,
    });
    ask(world, "burn-in", hours);
    expect(world.state).toBe("enrolled");
    world.answer();
    world.beacon("build", { boot: world.job.boot, tested: { result: "passed", findings: [] } });
    world.answer();
    expect(world.state).toBe("maintenance");
  });
});
