/** Carries out one action of a command with the drivers. What it answers are observations. */
import type { Action, ActionResult, BuildReport, Command, GuestChannel, Observed } from "../core/command.ts";
import { configurationFault, nodeFault } from "../core/fault.ts";
import { callBuilder } from "../drivers/build/external.ts";
import { DriverFault } from "../drivers/driver-fault.ts";
import type { CertifiedKey, GuestDriver, GuestStatus } from "../drivers/os/guest-driver.ts";
import type { BmcAccess, PowerDriver } from "../drivers/power/driver.ts";
import { createMachine, removeDisk } from "../drivers/vm/libvirt.ts";
import { copyDisk } from "../drivers/vm/libvirt-copy.ts";
import type { Boots } from "./boots.ts";
import type { Consoles } from "./consoles/consoles.ts";
import { observedOf } from "./consoles/look.ts";
import type { Copies } from "./copies.ts";
import { reachGuest, runOnGuest } from "./guests.ts";
import type { Images } from "./images.ts";
import { applyBios, callTest, type LabPrograms, readBios, setSwitchPort } from "./lab-programs.ts";
import type { Leave } from "./perform.ts";
import { said } from "./said.ts";
import type { Secrets } from "./secrets.ts";
import type { AgentState } from "./state.ts";

export interface Tools extends LabPrograms {
  readonly powerDrivers: readonly PowerDriver[];
  readonly guestDrivers: readonly GuestDriver[];
  readonly secrets: Secrets;
  readonly helpersDir: string;
  /** What a BMC's own log says of us. */
  readonly who: string;
  readonly scriptsDir: string;
  /** Folder of the executables that wrap build systems. */
  readonly buildersDir: string;
  readonly boots: Boots;
  readonly images: Omit<Images, "forget">;
  readonly consoles: Pick<Consoles, "learn" | "poweredOn" | "tail">;
  readonly copies: Copies;
  readonly state: AgentState;
  readonly privateKey: string;
  readonly certified: () => CertifiedKey | null;
}

const driverOf = ({ powerDrivers }: Tools, { target }: Command): PowerDriver => {
  const driver = powerDrivers.find(({ name }) => name === target.power.driver);
  if (driver !== undefined) return driver;
  const names = powerDrivers.map(({ name }) => name).join(", ");
  throw new DriverFault(
    configurationFault(
      "driver-unknown",
      `this agent has no power driver ${target.power.driver}: it has ${names}`,
    ),
  );
};

/** Changes when the secret does; a driver that logs in nowhere has none. */
export const secretVersion = (tools: Tools, command: Command): string =>
  driverOf(tools, command).needsCredential ? tools.secrets.version(command.target.power.credential) : "none";

/** One BMC for one action; what tools say is kept in `heard`. */
async function withBmc<T>(
  tools: Tools,
  command: Command,
  { signal, guard }: Leave,
  heard: { said: string | null },
  work: (driver: PowerDriver, bmc: BmcAccess) => Promise<T>,
  /** Besides the credential: what tools may print, and nobody is to read. */
  secrets: readonly string[] = [],
): Promise<T> {
  const driver = driverOf(tools, command);
  const { address, options, credential: name } = command.target.power;
  const credential = driver.needsCredential ? tools.secrets.read(name) : { username: "", password: "" };
  const listener = said([credential.password, ...secrets]);
  try {
    return await work(driver, {
      address,
      options,
      credential,
      signal,
      guard,
      tool: listener.listen(tools.tool),
      note: listener.note,
      helpersDir: tools.helpersDir,
      who: tools.who,
      scriptsDir: tools.scriptsDir,
    });
  } catch (error) {
    if (!(error instanceof DriverFault)) throw error;
    throw new DriverFault({ ...error.fault, message: listener.masked(error.fault.message) });
  } finally {
    heard.said = listener.text();
  }
}

export async function observePower(
  tools: Tools,
  command: Command,
  signal: AbortSignal,
  heard: { said: string | null } = { said: null },
): Promise<Observed> {
  const leave = { signal, guard: () => signal.throwIfAborted() };
  return withBmc(tools, command, leave, heard, async (driver, bmc) =>
    driver.look === undefined ? { power: await driver.status(bmc) } : driver.look(bmc),
  );
}

/** A BMC that will not say who has accounts is no worse than one that cannot: it is noted, and nothing is claimed. */
async function readAccounts(driver: PowerDriver, bmc: BmcAccess): Promise<Observed> {
  if (driver.accounts === undefined) {
    bmc.note(`${driver.name} cannot tell who may log in to the BMC`);
    return {};
  }
  try {
    return { bmcAccounts: (await driver.accounts(bmc)).toSorted() };
  } catch (error) {
    if (!(error instanceof DriverFault) || !untold.includes(error.fault.code)) throw error;
    bmc.note(error.fault.message);
    return {};
  }
}

const untold = ["unsupported", "bmc-refused", "bmc-error"];

export async function act(
  tools: Tools,
  command: Command,
  action: Action,
  before: readonly ActionResult[],
  leave: Leave,
  heard: { said: string | null },
): Promise<Observed> {
  const { signal } = leave;
  const { boots, images, consoles } = tools;
  consoles.learn(command);
  switch (action.verb) {
    case "power.on":
    case "power.cycle":
    case "power.reset": {
      await boots.poweringOn(command.node);
      consoles.poweredOn(command.node);
      const verb = action.verb === "power.on" ? "on" : action.verb === "power.cycle" ? "cycle" : "reset";
      return { power: await withBmc(tools, command, leave, heard, (driver, bmc) => driver[verb](bmc)) };
    }
    case "power.off":
      return { power: await withBmc(tools, command, leave, heard, (driver, bmc) => driver.off(bmc)) };
    case "power.status":
      return observePower(tools, command, signal, heard);
    case "bmc.accounts":
      return withBmc(tools, command, leave, heard, readAccounts);
    case "boot.set":
      await withBmc(tools, command, leave, heard, async (driver, bmc) => {
        if (driver.bootDevice === "fixed") {
          return bmc.note(
            `${driver.name} cannot set a boot device: the machine is to boot from the network first, and is told there to boot its disk`,
          );
        }
        await driver.setBootDevice(bmc, action.device, action.persistence);
      });
      return {};
    case "identify":
      await withBmc(tools, command, leave, heard, (driver, bmc) => driver.identify(bmc, action.seconds));
      return {};
    case "fence":
      throw new Error("a fence is no action of its own: the executor carries it out");
    case "netboot.set":
    case "image.capture":
    case "netboot.visit":
    case "netboot.install": {
      // A network boot is allowed only to a machine that was seen off: whatever runs on it cannot ask for the script.
      const seen = before.findLast(({ observed }) => observed?.power !== undefined)?.observed?.power;
      const power = seen ?? (await observePower(tools, command, signal, heard)).power;
      if (power !== "off")
        throw new DriverFault(
          nodeFault(
            "not-off",
            `node ${command.node} is ${power}: a network boot is allowed only to one that is off`,
          ),
        );
      if (action.verb === "netboot.install") await boots.proveInstaller({ ...action }, signal);
      await boots.arm(command, action);
      return {};
    }
    case "netboot.clear":
      await boots.disarm(command.node);
      return {};
    case "image.prefetch":
      await images.prefetch(action.image, signal);
      return {};
    case "image.remove":
      await images.remove(action.sha256, signal);
      return {};
    case "os.probe":
    case "os.sessions":
      return {
        os: factsOf(await runOnGuest(tools, command.node, channelOf(action), "status", {}, signal)),
      };
    case "os.address":
      return {
        address: (await runOnGuest(tools, command.node, channelOf(action), "status", {}, signal)).address,
      };
    case "os.reach":
      await reachGuest(tools, command.node, channelOf(action), action.withinMs, signal);
      return {};
    case "os.run": {
      const { task, parameters, mayFail } = action;
      const ends = mayFail === true ? AbortSignal.any([signal, AbortSignal.timeout(worthWaitingMs)]) : signal;
      return {
        os: factsOf(await runOnGuest(tools, command.node, channelOf(action), task, parameters, ends)),
      };
    }
    case "build.call":
      return { build: await callBuildSystem(tools, command, action, leave, heard) };
    case "network.apply":
      await setSwitchPort(tools, command, action, leave, heard);
      return {};
    case "bios.read":
      return {
        bios: await withBmc(tools, command, leave, heard, (driver, bmc) =>
          readBios(tools, command, action, { driver, bmc }),
        ),
      };
    case "bios.apply":
      await withBmc(tools, command, leave, heard, (driver, bmc) =>
        applyBios(tools, command, action, { driver, bmc }),
      );
      return {};
    case "test.call":
      return { test: await callTest(tools, command, action, leave, heard) };
    case "vm.create":
      return { power: "off", build: await makeMachine(tools, command, action, leave, heard) };
    case "vm.remove":
      await withBmc(tools, command, leave, heard, (driver, bmc) => removeDisk(virtual(driver, bmc)));
      return { power: "off", build: finished(action.installation) };
    case "vm.capture":
      return { build: copyMachine(tools, command, action) };
    case "console.tail":
      return observedOf(consoles.tail(command.node, action.lines));
  }
}

/** For what may fail: what comes after it must not wait for a system that hangs. */
const worthWaitingMs = 20_000;

/** An installation that begins gets a voice for the system that it will leave; the one before has lost its own. */
async function callBuildSystem(
  { boots, buildersDir, tool }: Tools,
  command: Command,
  action: Extract<Action, { verb: "build.call" }>,
  { signal, guard }: Leave,
  heard: { said: string | null },
): Promise<BuildReport> {
  const { verb: _, system, ...asked } = action;
  const { node, target } = command;
  const voice = await boots.voice(command, asked.installation, asked.call === "load");
  const listener = said(voice.beacon === null ? [] : [voice.beacon.token]);
  try {
    return await callBuilder(
      system,
      { schema: "rackwright.build-request/1", node, macs: [...target.macs], ...asked, ...voice },
      { buildersDir, tool: listener.listen(tool), signal, guard },
    );
  } catch (error) {
    if (!(error instanceof DriverFault)) throw error;
    throw new DriverFault({ ...error.fault, message: listener.masked(error.fault.message) });
  } finally {
    heard.said = listener.text();
  }
}

const finished = (installation: BuildReport["installation"]): BuildReport => ({
  installation,
  result: "done",
  sign: null,
  fault: null,
});

/** Only libvirt's machines are made and unmade. */
function virtual(driver: PowerDriver, bmc: BmcAccess): BmcAccess {
  if (driver.name === "libvirt") return bmc;
  const message = `this node's power driver is ${driver.name}: the build system libvirt wants a node with the driver libvirt`;
  throw new DriverFault(configurationFault("not-a-virtual-machine", message));
}

async function makeMachine(
  tools: Tools,
  command: Command,
  { installation, revision, image, memoryMib, cpus, diskGib }: Extract<Action, { verb: "vm.create" }>,
  leave: Leave,
  heard: { said: string | null },
): Promise<BuildReport> {
  const file = tools.images.file(image.sha256);
  if (file === null) {
    const message = `image ${image.sha256.slice(0, 12)}… is not on this controller: it is fetched before a machine is made`;
    throw new DriverFault({ class: "infrastructure", code: "image-missing-here", message });
  }
  const { beacon, managementKey } = await tools.boots.voice(command, installation, true);
  const told = {
    "rackwright.node": command.node,
    ...(revision === undefined ? {} : { "rackwright.revision": revision }),
    "rackwright.key": managementKey,
    ...(beacon === null ? {} : { "rackwright.beacon": beacon.url, "rackwright.token": beacon.token }),
  };
  const make = (driver: PowerDriver, bmc: BmcAccess): Promise<void> =>
    createMachine(virtual(driver, bmc), {
      installation,
      image: { ...image, file },
      memoryMib,
      cpus,
      diskGib,
      macs: command.target.macs,
      told,
    });
  await withBmc(tools, command, leave, heard, make, beacon === null ? [] : [beacon.token]);
  return finished(installation);
}

/** Goes on when the command has ended: the machine is off, and its disk is only read. */
function copyMachine(
  tools: Tools,
  command: Command,
  { installation }: Extract<Action, { verb: "vm.capture" }>,
): BuildReport {
  return tools.copies.ask(command.node, installation, (file, signal) =>
    withBmc(tools, command, { signal, guard: () => signal.throwIfAborted() }, { said: null }, (driver, bmc) =>
      copyDisk(virtual(driver, bmc), file),
    ),
  );
}

const channelOf = ({ channel = "ssh" }: { readonly channel?: GuestChannel }): GuestChannel => channel;

const factsOf = ({ revision, osBoot, logins, users, sessions }: GuestStatus) => ({
  revision,
  osBoot,
  logins,
  accounts: users.length,
  sessions,
});
