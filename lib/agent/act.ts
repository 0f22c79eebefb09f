/** Carries out one action of a command with the drivers. What it answers are observations. */
import type { Action, ActionResult, Command, GuestChannel, Observed } from "../core/command.ts";
import { configurationFault, nodeFault } from "../core/fault.ts";
import { DriverFault } from "../drivers/driver-fault.ts";
import type { GuestDriver, GuestStatus } from "../drivers/os/guest-driver.ts";
import type { BmcAccess, PowerDriver } from "../drivers/power/driver.ts";
import type { RunTool } from "../drivers/tool.ts";
import type { Boots } from "./boots.ts";
import { reachGuest, runOnGuest } from "./guests.ts";
import type { Images } from "./images.ts";
import type { Leave } from "./perform.ts";
import { said } from "./said.ts";
import type { Secrets } from "./secrets.ts";
import type { AgentState } from "./state.ts";

export interface Tools {
  readonly powerDrivers: readonly PowerDriver[];
  readonly guestDrivers: readonly GuestDriver[];
  readonly secrets: Secrets;
  readonly helpersDir: string;
  /** What a BMC's own log says of us. */
  readonly who: string;
  readonly scriptsDir: string;
  readonly tool: RunTool;
  readonly boots: Boots;
  readonly images: Images;
  readonly state: AgentState;
  readonly privateKey: string;
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
): Promise<T> {
  const driver = driverOf(tools, command);
  const { address, options, credential: name } = command.target.power;
  const credential = driver.needsCredential ? tools.secrets.read(name) : { username: "", password: "" };
  const listener = said([credential.password]);
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
  const power = await withBmc(tools, command, leave, heard, (driver, bmc) => driver.status(bmc));
  return { power };
}

export async function act(
  tools: Tools,
  command: Command,
  action: Action,
  before: readonly ActionResult[],
  leave: Leave,
  heard: { said: string | null },
): Promise<Observed> {
  const { signal } = leave;
  const { boots, images } = tools;
  switch (action.verb) {
    case "power.on":
    case "power.cycle":
    case "power.reset": {
      await boots.poweringOn(command.node);
      const verb = action.verb === "power.on" ? "on" : action.verb === "power.cycle" ? "cycle" : "reset";
      return { power: await withBmc(tools, command, leave, heard, (driver, bmc) => driver[verb](bmc)) };
    }
    case "power.off":
      return { power: await withBmc(tools, command, leave, heard, (driver, bmc) => driver.off(bmc)) };
    case "power.status":
      return observePower(tools, command, signal, heard);
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
    case "netboot.set": {
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
      await boots.arm(command, action);
      return {};
    }
    case "netboot.clear":
      await boots.disarm(command.node);
      return {};
    case "image.prefetch":
      await images.prefetch(action.image, signal);
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
    case "console.tail":
      // No console is known for any node yet.
      return { console: [] };
  }
}

/** For what may fail: what comes after it must not wait for a system that hangs. */
const worthWaitingMs = 20_000;

const channelOf = ({ channel = "ssh" }: { readonly channel?: GuestChannel }): GuestChannel => channel;

const factsOf = ({ revision, osBoot, logins, users, sessions }: GuestStatus) => ({
  revision,
  osBoot,
  logins,
  accounts: users.length,
  sessions,
});
