/** Carries out one action of a command with the drivers. What it answers are observations. */
import type { Action, ActionResult, Command, Observed } from "../core/command.ts";
import { configurationFault, nodeFault } from "../core/fault.ts";
import { type GuestStatus, runGuest } from "../drivers/os/ssh.ts";
import { type BmcAccess, DriverFault, type PowerDriver } from "../drivers/power/driver.ts";
import type { Boots } from "./boots.ts";
import type { Images } from "./images.ts";
import type { Credential } from "./secrets.ts";
import type { AgentState } from "./state.ts";

export interface Tools {
  readonly powerDrivers: readonly PowerDriver[];
  readonly secret: (name: string) => Credential;
  readonly boots: Boots;
  readonly images: Images;
  readonly state: AgentState;
  readonly privateKey: string;
}

const driverOf = ({ powerDrivers }: Tools, { target }: Command): PowerDriver => {
  const driver = powerDrivers.find(({ name }) => name === target.power.driver);
  if (driver !== undefined) return driver;
  throw new DriverFault(
    configurationFault("driver-unknown", `this agent has no power driver ${target.power.driver}`),
  );
};

const accessOf = (tools: Tools, { target }: Command, signal: AbortSignal): BmcAccess => ({
  address: target.power.address,
  credential: tools.secret(target.power.credential),
  signal,
});

export const observePower = async (
  tools: Tools,
  command: Command,
  signal: AbortSignal,
): Promise<Observed> => ({
  power: await driverOf(tools, command).status(accessOf(tools, command, signal)),
});

export async function act(
  tools: Tools,
  command: Command,
  action: Action,
  before: readonly ActionResult[],
  signal: AbortSignal,
): Promise<Observed> {
  const { boots, images } = tools;
  switch (action.verb) {
    case "power.on":
    case "power.cycle":
    case "power.reset": {
      await boots.poweringOn(command.node);
      const verb = action.verb === "power.on" ? "on" : action.verb === "power.cycle" ? "cycle" : "reset";
      return { power: await driverOf(tools, command)[verb](accessOf(tools, command, signal)) };
    }
    case "power.off":
      return { power: await driverOf(tools, command).off(accessOf(tools, command, signal)) };
    case "power.status":
      return observePower(tools, command, signal);
    case "boot.set":
      await driverOf(tools, command).setBootDevice(
        accessOf(tools, command, signal),
        action.device,
        action.persistence,
      );
      return {};
    case "netboot.set": {
      // A network boot is allowed only to a machine that was seen off: whatever runs on it cannot ask for the script.
      const seen = before.findLast(({ observed }) => observed?.power !== undefined)?.observed?.power;
      const power = seen ?? (await observePower(tools, command, signal)).power;
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
      return { os: factsOf(await guest(tools, command, "status", {}, signal)) };
    case "os.address":
      return { address: (await guest(tools, command, "status", {}, signal)).address };
    case "os.run": {
      return { os: factsOf(await guest(tools, command, action.task, action.parameters, signal)) };
    }
    case "console.tail":
      // No console is known for any node yet.
      return { console: [] };
  }
}

const factsOf = ({ revision, osBoot, logins }: GuestStatus) => ({ revision, osBoot, logins });

function guest(
  { state, privateKey }: Tools,
  { node }: Command,
  task: Parameters<typeof runGuest>[1],
  parameters: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<GuestStatus> {
  const installed = state.installed.get(node);
  if (installed?.address == null || installed.hostKey === null) {
    throw new DriverFault(
      nodeFault("os-unknown", `the system on node ${node} has not told where it is reached`),
    );
  }
  const { address, hostKey } = installed;
  return runGuest({ node, address, hostKey, privateKey }, task, parameters, signal);
}
