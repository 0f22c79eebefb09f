/**
 * A virtual machine of the rack: power, firmware, network boot or disk boot, phases, and the ways in which it hangs. What it
 * has got to is on disk before it goes on, so that it can be frozen and thawed. Everything it does ends at once when its
 * power does.
 */
import { randomUUID } from "node:crypto";
import type { MachineBody } from "../../contracts/found.ts";
import type { HangPhase, RackConfig, RackNode } from "./config.ts";
import { type GuestOs, startGuestOs } from "./guest-os.ts";
import { machineBodyOf } from "./hardware.ts";
import { runIpxe } from "./ipxe.ts";
import {
  type BootOverride,
  faultOf,
  isOn,
  type MachineState,
  type NodeState,
  type PowerChange,
} from "./node-state.ts";
import { buildFromPlan, visitMachine } from "./ramdisk.ts";
import { screens } from "./screens.ts";
import type { RackStore } from "./store.ts";
import { sendPatiently, sleep } from "./wire.ts";

export interface MachineSettings {
  readonly node: RackNode;
  readonly config: RackConfig;
  readonly store: RackStore;
  readonly sshPort: number;
  readonly bmcPort: number;
  readonly state: NodeState;
  /** Its serial port. */
  readonly print: (text: string) => void;
}

export interface Machine {
  readonly id: string;
  state(): NodeState;
  /** What it is made of now, as it tells in every way that it has. */
  facts(): MachineBody;
  change(to: Partial<NodeState>): void;
  /** Accepted by the BMC; takes effect a moment later. */
  power(changes: readonly PowerChange[]): void;
  setOverride(override: BootOverride): void;
  /** Goes on from where the state says it is. */
  thaw(): void;
  /** Stops; the state says how to go on. */
  freeze(): Promise<void>;
}

const ignored = (): void => undefined;

export function createMachine({
  node,
  config,
  store,
  sshPort,
  bmcPort,
  state: initial,
  print,
}: MachineSettings): Machine {
  const { speed, bootServer } = config;
  const { id } = node;
  let state = initial;
  let life = new AbortController();
  let os: GuestOs | null = null;
  let living: Promise<void> = Promise.resolve();
  const frozen = new AbortController();

  function change(to: Partial<NodeState>): void {
    state = { ...state, ...to };
    store.writeNode(state);
  }
  const enter = (machine: MachineState): void => change({ machine });
  const facts = (): MachineBody => machineBodyOf(node, bmcPort, faultOf(state, "lost-memory")?.memoryMiB);

  /** A machine that hangs on entering a phase stays in it until its power is off; one that panics says so after `told`. */
  function hangs(phase: HangPhase, told: Promise<void> = Promise.resolve()): boolean {
    const fault = faultOf(state, "hang");
    if (fault?.phase !== phase) return false;
    const { signal } = life;
    if (fault.panics === true)
      told.then(() => {
        if (!signal.aborted) print(screens.panic());
      }, ignored);
    change({ stuck: true });
    store.log(id, { kind: "hang", phase });
    return true;
  }

  function stopLife(): void {
    life.abort(new Error("power"));
    life = new AbortController();
    void os?.stop();
    os = null;
  }

  function live(from: () => Promise<void>): void {
    const { signal } = life;
    living = from().catch((error: unknown) => {
      if (!signal.aborted) store.log(id, { kind: "console", text: String(error) });
    });
  }

  function carryOut(to: PowerChange): void {
    switch (to) {
      case "on":
        if (isOn(state)) return;
        store.log(id, { kind: "power", change: "on" });
        return boot();
      case "off":
        if (!isOn(state)) return;
        store.log(id, { kind: "power", change: "off" });
        stopLife();
        // Off is what cures a hang: it is used up.
        change({
          machine: { phase: "off" },
          stuck: false,
          bootSource: null,
          faults: state.faults.filter(({ kind }) => kind !== "hang" || !state.stuck),
        });
        return;
      case "reset":
        if (!isOn(state)) return;
        store.log(id, { kind: "power", change: "reset" });
        if (state.stuck) return;
        stopLife();
        return boot();
    }
  }

  async function drainPending(): Promise<void> {
    for (let next = state.pending[0]; next !== undefined && !frozen.signal.aborted; next = state.pending[0]) {
      await sleep(speed.powerMs, frozen.signal);
      carryOut(next);
      change({ pending: state.pending.slice(1) });
    }
  }
  let draining = false;
  function drain(): void {
    if (draining) return;
    draining = true;
    drainPending()
      // Frozen in between: what is pending is in the state, and is carried out after the thaw.
      .catch(() => undefined)
      .finally(() => {
        draining = false;
        if (state.pending.length > 0 && !frozen.signal.aborted) drain();
      });
  }

  function boot(): void {
    const { attributes, pending } = state.bios;
    // A self-test takes over what was asked for.
    if (Object.keys(pending).length > 0)
      change({ bios: { attributes: { ...attributes, ...pending }, pending: {} } });
    enter({ phase: "firmware", stage: "post" });
    live(firmware);
  }

  async function firmware(): Promise<void> {
    const { signal } = life;
    if (state.stuck || hangs("firmware")) return;
    print(screens.post(id));
    await sleep(speed.postMs, signal);
    const { target, enabled } = state.override;
    if (enabled === "Once") change({ override: { target: "None", enabled: "Disabled" } });
    if (enabled !== "Disabled" && target === "Hdd") return bootDisk();
    if (faultOf(state, "forgets-boot-device") !== null) {
      change({ faults: state.faults.filter(({ kind }) => kind !== "forgets-boot-device") });
      return bootDisk();
    }
    enter({ phase: "firmware", stage: "network" });
    print(screens.network(node.macs[0] ?? ""));
    const script = await fetchScript(signal);
    if (script === null) return bootDisk();
    const bytes = { kernel: 0, initrd: 0 };
    const fetchPart = async (part: "kernel" | "initrd", url: string): Promise<boolean> => {
      bytes[part] = await download(url, signal);
      return bytes[part] > 0;
    };
    const outcome = await runIpxe(script, {
      kernel: (url) => fetchPart("kernel", url),
      initrd: (url) => fetchPart("initrd", url),
      script: (url) => textOf(url, signal),
      hasDisk: () => state.disk !== null,
      sleep: (seconds) => sleep(seconds * 1000, signal),
    });
    if (outcome.kind !== "boot") return bootDisk();
    store.log(id, { kind: "boot", source: "network" });
    store.log(id, { kind: "ramdisk", kernelBytes: bytes.kernel, initrdBytes: bytes.initrd });
    change({ bootSource: "network" });
    print(screens.ramdisk());
    const argument = (name: string) =>
      outcome.args.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
    if (argument("rackwright.mode") === "discovery")
      return discover(argument("rackwright.url"), argument("rackwright.token"));
    const kind = argument("rackwright.visit");
    enter({
      phase: "build",
      stage: "writing",
      visit:
        kind === "test"
          ? { kind, seconds: Number(argument("rackwright.seconds")) }
          : kind === "rescue"
            ? { kind }
            : null,
      url: argument("rackwright.url"),
      token: argument("rackwright.token"),
      plan: null,
      writtenBytes: 0,
    });
    return build();
  }

  /** The ramdisk tells what it runs on, and restarts the machine; a token that is refused is no reason to stay. */
  async function discover(url: string, token: string): Promise<void> {
    const told = await sendPatiently(`${url}/machine`, token, { ...facts() }, life.signal).then(
      () => true,
      (error: unknown) => {
        if (life.signal.aborted) throw error;
        return false;
      },
    );
    store.log(id, { kind: "discovery", told });
    return boot();
  }

  /** Firmware asks for a while, then turns to the disk. */
  async function fetchScript(signal: AbortSignal): Promise<string | null> {
    const until = Date.now() + speed.networkWaitMs;
    for (let wait = 100; ; wait = Math.min(1000, 2 * wait)) {
      try {
        const response = await fetch(
          `${bootServer}/boot/ipxe?mac=${encodeURIComponent(node.macs[0] ?? "")}`,
          { signal },
        );
        const text = await response.text();
        if (response.ok) return text;
      } catch (error) {
        if (signal.aborted) throw error;
      }
      if (Date.now() + wait > until) return null;
      await sleep(wait, signal);
    }
  }

  async function textOf(url: string, signal: AbortSignal): Promise<string | null> {
    try {
      const response = await fetch(url, { signal });
      const text = await response.text();
      return response.ok ? text : null;
    } catch (error) {
      if (signal.aborted) throw error;
      return null;
    }
  }

  async function download(url: string, signal: AbortSignal): Promise<number> {
    try {
      const response = await fetch(url, { signal });
      const bytes = await response.arrayBuffer();
      return response.ok ? bytes.byteLength : 0;
    } catch (error) {
      if (signal.aborted) throw error;
      // iPXE says that it failed, and its script what then.
      return 0;
    }
  }

  async function build(): Promise<void> {
    const { signal } = life;
    const { machine } = state;
    if (machine.phase !== "build" || state.stuck) return;
    if (machine.visit !== null)
      return visitMachine({
        visit: machine.visit,
        url: machine.url,
        token: machine.token,
        signal,
        badDisk: faultOf(state, "bad-disk") !== null,
      });
    const disk = await buildFromPlan({
      id,
      store,
      signal,
      machine,
      disk: state.disk,
      badDisk: faultOf(state, "bad-disk") !== null,
      facts: facts(),
      hangs: () => hangs("build"),
      save: (to) => enter(to),
      forget: () => change({ disk: null }),
    });
    print(screens.written(disk !== null));
    if (disk === null) return;
    change({ disk });
    // The ramdisk restarts the machine; whoever is asked where to boot from then says: your disk.
    return boot();
  }

  async function bootDisk(): Promise<void> {
    if (state.disk === null) {
      store.log(id, { kind: "boot", source: "none" });
      print(screens.noDevice());
      return enter({ phase: "firmware", stage: "no-device" });
    }
    store.log(id, { kind: "boot", source: "disk" });
    print(screens.kernel(state.disk.installation));
    change({ bootSource: "disk" });
    enter({ phase: "kernel", osBoot: randomUUID(), startedAtMs: Date.now() });
    return bootOs();
  }

  /** Beacons go out in order, in the background, as soon as somebody takes them: a boot does not wait for that. */
  async function bootOs(): Promise<void> {
    const { signal } = life;
    const { disk } = state;
    if (disk === null || state.stuck) return;
    let told: Promise<void> = Promise.resolve();
    const tell = (body: Record<string, unknown>) => {
      told = told
        .then(() => sendPatiently(disk.os.beaconUrl, disk.os.token, body, signal))
        .catch(() => undefined);
    };
    if (state.machine.phase === "kernel") {
      const { osBoot, startedAtMs } = state.machine;
      tell({ phase: "kernel", osBoot });
      if (hangs("kernel", told)) return;
      await sleep(speed.kernelMs, signal);
      enter({ phase: "init", osBoot, startedAtMs });
    }
    if (state.machine.phase === "init") {
      const { osBoot, startedAtMs } = state.machine;
      tell({ phase: "init", osBoot });
      if (hangs("init", told)) return;
      print(screens.init());
      await sleep(speed.initMs + speed.runMs, signal);
      if (hangs("run")) return;
      enter({ phase: "run", osBoot, startedAtMs, logins: 0 });
    }
    if (state.machine.phase === "run") await runOs(tell);
  }

  async function runOs(tell: (body: Record<string, unknown>) => void): Promise<void> {
    const { machine } = state;
    if (machine.phase !== "run") return;
    const started = await startGuestOs({
      node: id,
      port: sshPort,
      disk: () => state.disk,
      diskFile: store.diskPath(id),
      machine: () => (state.machine.phase === "run" ? state.machine : null),
      setUsers: (users) => state.disk !== null && change({ disk: { ...state.disk, users } }),
      login: (user) => {
        if (state.machine.phase !== "run") return;
        enter({ ...state.machine, logins: state.machine.logins + 1 });
        store.log(id, { kind: "login", user });
        tell({ phase: "run", osBoot: machine.osBoot, login: { user } });
      },
    });
    if (life.signal.aborted || state.machine.phase !== "run") return void started.stop();
    os = started;
    print(screens.login(id));
    tell({ phase: "run", osBoot: machine.osBoot, address: started.address, hostKey: started.hostKey });
  }

  return {
    id,
    state: () => state,
    facts,
    change,
    power: (changes) => {
      change({ pending: [...state.pending, ...changes] });
      drain();
    },
    setOverride: (override) => change({ override }),
    thaw: () => {
      if (state.pending.length > 0) drain();
      switch (state.machine.phase) {
        case "off":
          return;
        case "firmware":
          if (state.machine.stage !== "no-device") live(firmware);
          return;
        case "build":
          return live(build);
        case "kernel":
        case "init":
        case "run":
          return live(bootOs);
      }
    },
    freeze: async () => {
      frozen.abort(new Error("frozen"));
      stopLife();
      await living;
    },
  };
}
