/**
 * Any fence agent by its name: PDUs, iLO, DRAC, APC, blade chassis. Parameters travel over standard input, what an agent
 * understands is read from its own metadata, and its exit code is its answer: 0 done or on, 2 off, 1 an error
 * (ClusterLabs, “Fence Agent API”).
 */

import type { PowerState } from "../../core/command.ts";
import { configurationFault, nodeFault } from "../../core/fault.ts";
import { DriverFault } from "../driver-fault.ts";
import {
  type BmcAccess,
  firstLine,
  hostOf,
  type PowerDriver,
  refusedCredential,
  unreachable,
  unsupported,
} from "./driver.ts";
import { patience, type Switch, verified } from "./verified.ts";

const agentName = /^fence_[a-z0-9_]{1,40}$/;
const callMs = 120_000;
const metadataMs = 20_000;
/** A login that is refused is refused soon; a device that is not there is waited for. */
const soonMs = 3000;

/** Options that would make an agent run a program or write a file of somebody's choice. */
const forbidden =
  /(_path|_file|_script|^debug.*|^verbose.*|^action|^password|^passwd|^login|^username|^ip|^ipaddr)$/;

const metadata = new Map<string, Promise<ReadonlySet<string>>>();

/** The parameters that an agent knows. Pure, for its tests. */
export const parametersIn = (xml: string): ReadonlySet<string> =>
  new Set([...xml.matchAll(/<parameter\s+name="([^"]+)"/g)].map(([, name = ""]) => name));

function parametersOf(bmc: BmcAccess, agent: string): Promise<ReadonlySet<string>> {
  const known = metadata.get(agent);
  if (known !== undefined) return known;
  const reading = bmc
    .tool(agent, ["-o", "metadata"], { timeoutMs: metadataMs }, bmc.signal)
    .then(({ code, stdout, stderr }) => {
      const parameters = parametersIn(stdout);
      if (code === 0 && parameters.size > 0) return parameters;
      const message = `${agent} does not tell its metadata (exit ${code}): ${firstLine(stderr, stdout)}`;
      throw new DriverFault(configurationFault("fence-agent", message));
    })
    .catch((error: unknown) => {
      metadata.delete(agent);
      throw error;
    });
  metadata.set(agent, reading);
  return reading;
}

async function parameters(bmc: BmcAccess): Promise<{ agent: string; given: Map<string, string> }> {
  const { agent = "", ...options } = bmc.options;
  if (!agentName.test(agent)) {
    const message = `the power driver fence wants the option agent, a fence agent's name such as fence_apc, not ${JSON.stringify(agent)}`;
    throw new DriverFault(configurationFault("power-options", message));
  }
  const known = await parametersOf(bmc, agent);
  const given = new Map<string, string>();
  for (const [name, value] of Object.entries(options)) {
    if (!known.has(name) || forbidden.test(name)) {
      const message = known.has(name)
        ? `option ${name} of ${agent} cannot be set from a lab file`
        : `${agent} has no parameter ${name}: ${agent} -o metadata lists them`;
      throw new DriverFault(configurationFault("power-options", message));
    }
    given.set(name, value);
  }
  const { host, port } = hostOf("fence", bmc.address);
  if (known.has("ip")) given.set("ip", host);
  if (port !== null && known.has("ipport") && !given.has("ipport")) given.set("ipport", port);
  if (known.has("username")) given.set("username", bmc.credential.username);
  if (known.has("password")) given.set("password", bmc.credential.password);
  return { agent, given };
}

/** 0 or 2; anything else is a fault. */
async function fenceAgent(bmc: BmcAccess, action: string): Promise<0 | 2> {
  const { agent, given } = await parameters(bmc);
  const lines = [["action", action], ...given].map(([name, value]) => `${name}=${value}\n`);
  const { code, stdout, stderr, elapsedMs } = await bmc.tool(
    agent,
    [],
    { stdin: lines.join(""), timeoutMs: callMs },
    bmc.signal,
  );
  if (code === 0 || (code === 2 && action === "status")) return code;
  const said = firstLine(stderr, stdout);
  if (code === null) throw unreachable(bmc.address, `${agent} took longer than ${callMs / 1000} s`);
  const all = `${stderr}\n${stdout}`;
  if (/authentication|incorrect (password|login)|unauthorized|\b401\b|login failed|HMAC/i.test(all)) {
    throw refusedCredential(bmc.address, said);
  }
  if (
    /unable to connect\/login|unable to establish/i.test(all) &&
    elapsedMs < soonMs &&
    !/refused/i.test(all)
  ) {
    throw refusedCredential(bmc.address, said);
  }
  if (/connect|timed? ?out|unreachable|no route|refused|unable to establish/i.test(all))
    throw unreachable(bmc.address, said);
  throw new DriverFault(nodeFault("bmc-refused", `${agent} at ${bmc.address} failed at ${action}: ${said}`));
}

const read = async (bmc: BmcAccess): Promise<PowerState> =>
  (await fenceAgent(bmc, "status")) === 0 ? "on" : "off";

const switchOf = (bmc: BmcAccess): Switch => ({
  read: () => read(bmc),
  send: async (change) => {
    await fenceAgent(bmc, change === "reset" ? "reboot" : change);
  },
});

const slowly = { ...patience, pollMs: 2000 };

export const fence: PowerDriver = {
  name: "fence",
  needsCredential: true,
  bootDevice: "fixed",
  on: (bmc) => verified(bmc, switchOf(bmc), slowly).on(),
  off: (bmc) => verified(bmc, switchOf(bmc), slowly).off(),
  cycle: (bmc) => verified(bmc, switchOf(bmc), slowly).cycle(),
  reset: (bmc) => verified(bmc, switchOf(bmc), slowly).reset(),
  status: read,
  setBootDevice: () => Promise.reject(unsupported("fence", "set a boot device")),
  identify: () => Promise.reject(unsupported("fence", "light a machine up")),
};
