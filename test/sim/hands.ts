/**
 * What the drivers do on a lab controller, on machines that are models: the same observations, time-outs and faults, in
 * virtual time. It stands where lib/agent/act.ts does, and arms boots as that one does.
 */
import type { Boots } from "../../lib/agent/boots.ts";
import type { Act, Leave } from "../../lib/agent/perform.ts";
import type { AgentState } from "../../lib/agent/state.ts";
import type { Action, ActionResult, Command, Observed } from "../../lib/core/command.ts";
import { nodeFault } from "../../lib/core/fault.ts";
import { DriverFault } from "../../lib/drivers/driver-fault.ts";
import { refusedCredential, unreachable } from "../../lib/drivers/power/driver.ts";
import type { Life } from "./disk.ts";
import type { Machine } from "./machine.ts";
import { never } from "./schedule.ts";
import type { Truth } from "./truth.ts";
import type { World } from "./world.ts";

export interface Place {
  readonly world: World;
  readonly truth: Truth;
  readonly life: Life;
  readonly controller: string;
  readonly machine: (node: string) => Machine;
  readonly boots: () => Boots;
  readonly state: () => AgentState;
  /** The agent may die here. */
  readonly crash: () => void;
  /** A tool that is about to do something, and may outlive the agent that started it. */
  readonly tools: Set<Tool>;
}

export interface Tool {
  readonly command: Command;
  readonly at: number;
  readonly fire: () => void;
}

const unreachableMs = 5_000;
const settleMs = 60_000;

/** Waits as a tool does: it is ended by the signal, and by nothing when the agent has died. */
export function sleeper({ world, life }: Pick<Place, "world" | "life">) {
  return (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const stop = (): void => {
        forget();
        reject(signal.reason);
      };
      const forget = world.schedule.after(ms, () => {
        if (!life.alive) return;
        signal.removeEventListener("abort", stop);
        resolve();
      });
      signal.addEventListener("abort", stop, { once: true });
    });
}

interface Doing {
  readonly command: Command;
  readonly index: number;
  readonly leave: Leave;
}

export function createAct(place: Place): {
  act: Act;
  observe: (command: Command, signal: AbortSignal) => Promise<Observed>;
} {
  const { world, truth, life, controller, tools } = place;
  const sleep = sleeper(place);
  const luck = world.luck(`hands ${controller}`);

  async function reach(machine: Machine, signal: AbortSignal): Promise<void> {
    const domainIsSilent = world.now < (world.silentDomains.get(machine.domain ?? "") ?? 0);
    const silent = domainIsSilent || world.faults.strike("bmc-silent", machine.id) !== null;
    await sleep(silent ? unreachableMs : luck.between(100, 1500), signal);
    if (silent) throw unreachable(machine.id, "no route");
    if (world.faults.strike("bmc-refuses-login", machine.id) !== null) {
      throw refusedCredential(machine.id, "401");
    }
  }

  /** Asked for once; what comes of it is the machine's own affair, whether anybody waits for it or not. */
  function ask({ command, index }: Doing, machine: Machine, what: "on" | "off" | "reset"): void {
    truth.takesEffect({ command, index, what, controller, touchesPower: true });
    const { faults, schedule } = world;
    if (faults.strike("bmc-ignores", machine.id) !== null) return;
    const lies = faults.strike("bmc-lies", machine.id);
    if (lies !== null) {
      machine.lie = {
        power: what === "off" ? "off" : "on",
        until: world.now + lies.between(10_000, 1_200_000),
      };
      return;
    }
    const slow = faults.strike("bmc-slow", machine.id);
    schedule.after(slow?.between(30_000, 240_000) ?? luck.between(200, 6_000), () => machine.switch(what));
  }

  /** Looks first, changes once, reads back until it is so (lib/drivers/power/verified.ts). */
  async function change(doing: Doing, machine: Machine, what: "on" | "off" | "reset"): Promise<void> {
    const { signal, guard } = doing.leave;
    const wanted = what === "off" ? "off" : "on";
    await reach(machine, signal);
    if (what !== "reset" && machine.reading === wanted) return;
    guard();
    // The tool runs for a while before it does what it is for: the agent may be gone by then.
    const delay = luck.between(50, 1500);
    const tool: Tool = {
      command: doing.command,
      at: world.now + delay,
      fire: () => ask(doing, machine, what),
    };
    tools.add(tool);
    try {
      await sleep(delay, signal);
    } finally {
      if (life.alive) tools.delete(tool);
    }
    ask(doing, machine, what);
    place.crash();
    if (!life.alive) return never();
    const until = world.now + settleMs;
    while (machine.reading !== wanted) {
      if (world.now >= until) {
        throw new DriverFault(
          nodeFault("power-unchanged", `power is ${machine.reading} after 60 s, not ${wanted}`),
        );
      }
      await sleep(2_000, signal);
    }
  }

  async function power(
    doing: Doing,
    machine: Machine,
    verb: "on" | "off" | "cycle" | "reset",
  ): Promise<Observed> {
    if (verb === "cycle") {
      await change(doing, machine, "off");
      await change(doing, machine, "on");
    } else if (verb === "reset") {
      await change(doing, machine, machine.reading === "off" ? "on" : "reset");
    } else {
      await change(doing, machine, verb);
    }
    return { power: machine.reading };
  }

  async function status(machine: Machine, signal: AbortSignal): Promise<Observed> {
    await reach(machine, signal);
    return { power: machine.reading };
  }

  /** The guest program on the system that this agent has installed, and on no other. */
  async function guest(machine: Machine, signal: AbortSignal): Promise<NonNullable<Machine["disk"]>> {
    const installed = place.state().installed.get(machine.id);
    if (installed?.address == null || installed.hostKey === null) {
      throw new DriverFault(
        nodeFault("os-unknown", `the system on ${machine.id} has not told where it is reached`),
      );
    }
    await sleep(luck.between(100, 2_000), signal);
    const { disk, running } = machine;
    if (running === null || disk === null || installed.hostKey !== `key-${disk.installation}`) {
      await sleep(5_000, signal);
      throw new DriverFault(nodeFault("os-unreachable", `${machine.id} does not answer`));
    }
    return disk;
  }

  const factsOf = (machine: Machine): Observed => ({
    os: {
      revision: revisionOf(machine),
      osBoot: machine.running ?? "none",
      logins: machine.logins,
      accounts: machine.disk?.granted.size ?? 0,
      sessions: 0,
    },
  });

  async function carryOut(doing: Doing, action: Action, before: readonly ActionResult[]): Promise<Observed> {
    const { command, index, leave } = doing;
    const { signal } = leave;
    const machine = place.machine(command.node);
    switch (action.verb) {
      case "power.on":
      case "power.cycle":
      case "power.reset":
        await place.boots().poweringOn(command.node);
        return power(
          doing,
          machine,
          action.verb === "power.on" ? "on" : action.verb === "power.cycle" ? "cycle" : "reset",
        );
      case "power.off":
        return power(doing, machine, "off");
      case "power.status": {
        const seen = await status(machine, signal);
        truth.lookedAt.set(machine.id, world.now);
        return seen;
      }
      case "boot.set":
        await reach(machine, signal);
        leave.guard();
        truth.takesEffect({ command, index, what: "boot.set", controller, touchesPower: false });
        machine.nextBoot = action.device;
        return {};
      case "netboot.set":
      case "image.capture": {
        const seen = before.findLast(({ observed }) => observed?.power !== undefined)?.observed?.power;
        const is = seen ?? (await status(machine, signal)).power;
        if (is !== "off") throw new DriverFault(nodeFault("not-off", `node ${command.node} is ${is}`));
        await place.boots().arm(command, action);
        return {};
      }
      case "netboot.clear":
        await place.boots().disarm(command.node);
        return {};
      case "image.remove":
        return {};
      case "image.prefetch":
        await sleep(luck.between(100, 3_000), signal);
        return {};
      case "os.probe":
      case "os.sessions":
        await guest(machine, signal);
        return factsOf(machine);
      case "os.reach":
        await guest(machine, signal);
        return {};
      case "os.address":
        await guest(machine, signal);
        return { address: `10.0.0.${machine.id.slice(-2)}` };
      case "os.run": {
        const disk = await guest(machine, signal);
        leave.guard();
        truth.takesEffect({ command, index, what: `os.run ${action.task}`, controller, touchesPower: false });
        const user = action.parameters["user"] ?? "";
        if (action.task === "grant-access") disk.granted.add(user);
        if (action.task === "revoke-access") disk.granted.delete(user);
        if (action.task === "pre-capture") disk.granted.clear();
        if (action.task === "post-capture" && user !== "") disk.granted.add(user);
        return factsOf(machine);
      }
      case "network.apply":
      case "bios.read":
      case "bios.apply":
      case "test.call":
      case "netboot.visit":
        throw new Error("nobody keeps up machines in this world");
      case "netboot.install":
      case "vm.create":
      case "vm.remove":
      case "vm.capture":
      case "build.call":
        throw new Error("no build system is wrapped in this world");
      case "console.tail":
        return { console: [] };
      case "bmc.accounts":
        return { bmcAccounts: ["rackwright"] };
      case "identify":
      case "fence":
        return {};
    }
  }

  return {
    act: async (command, action, before, leave) => {
      if (!life.alive) return never();
      truth.begins(command, controller);
      try {
        return await carryOut({ command, index: before.length, leave }, action, before);
      } catch (error) {
        if (action.verb === "power.status") truth.lookedAt.set(command.node, world.now);
        throw error;
      } finally {
        if (life.alive) truth.ends(command);
      }
    },
    observe: (command, signal) => status(place.machine(command.node), signal),
  };
}

function revisionOf({ disk }: Machine): NonNullable<Observed["os"]>["revision"] {
  return disk === null ? null : disk.revision;
}
