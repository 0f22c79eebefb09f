/**
 * Any fence agent by its name: PDUs, iLO, DRAC, APC, blade chassis. Parameters travel over standard input, what an agent
 * understands is read from its own metadata, and its exit code is its answer: 0 done or on, 2 off, 1 an error
 * (ClusterLabs, “Fence Agent API”).
 */

import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
import { patience, type Switch, verbsOf } from "./verified.ts";

const agentName = /^fence_[a-z0-9_]{1,40}$/;
const callMs = 120_000;
const metadataMs = 20_000;
/** A login that is refused is refused soon; a device that is not there is waited for. */
const soonMs = 3000;

/** What Python thinks of the agent's age is no concern of the operator's. */
const quietly = { PYTHONWARNINGS: "ignore" };

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
    .tool(agent, ["-o", "metadata"], { env: quietly, timeoutMs: metadataMs }, bmc.signal)
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

interface Parameters {
  readonly agent: string;
  readonly given: ReadonlyMap<string, string>;
  readonly env: Readonly<Record<string, string>>;
}

async function parameters(bmc: BmcAccess): Promise<Parameters> {
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
  if (known.has("snmp_priv_passwd")) {
    if (given.get("snmp_version") === "3") {
      const message = `${agent} hands SNMP v3 passwords on as arguments, where every process of the controller can read them: use another version`;
      throw new DriverFault(configurationFault("power-options", message));
    }
    return { agent, given, env: quietly };
  }
  const { username, password } = bmc.credential;
  if (known.has("username")) given.set("username", username);
  if (known.has("password")) given.set("password", password);
  if (!known.has("ipmitool_path")) return { agent, given, env: quietly };
  given.set("password", "in-the-environment");
  given.set("ipmitool_path", passwordShim(bmc.helpersDir));
  return { agent, given, env: { ...quietly, IPMI_PASSWORD: password } };
}

/**
 * The agents of the ipmilan family (fence_ipmilan, iLO 3 to 5, iDRAC, IMM) give ipmitool the password as an argument. What
 * they are given here is a word of no meaning, and in ipmitool's place a few lines that take it out again.
 */
function passwordShim(dir: string): string {
  const file = join(dir, "ipmitool-without-password");
  if (!existsSync(file)) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    writeFileSync(`${file}.new`, shim, { mode: 0o700 });
    renameSync(`${file}.new`, file);
  }
  return file;
}

const shim = `#!/bin/sh
# Replaces "-P word" by "-E": ipmitool reads the password from IPMI_PASSWORD.
set -- "$@" --end
while [ "$1" != --end ]; do
  if [ "$1" = -P ]; then shift; set -- "$@" -E; else set -- "$@" "$1"; fi
  shift
done
shift
exec ipmitool "$@"
`;

/** 0 or 2; anything else is a fault. */
async function fenceAgent(bmc: BmcAccess, action: string): Promise<0 | 2> {
  const { agent, given, env } = await parameters(bmc);
  const lines = [["action", action], ...given].map(([name, value]) => `${name}=${value}\n`);
  const { code, stdout, stderr, elapsedMs } = await bmc.tool(
    agent,
    [],
    { stdin: lines.join(""), env, timeoutMs: callMs },
    bmc.signal,
  );
  if (code === 0 || (code === 2 && action === "status")) return code;
  const said = errorIn(`${stderr}\n${stdout}`);
  if (code === null) throw unreachable(bmc.address, `${agent} took longer than ${callMs / 1000} s`);
  const logsIn = given.has("password");
  switch (verdictOf(`${stderr}\n${stdout}`, elapsedMs)) {
    case "credential":
      throw refusedCredential(bmc.address, said);
    case "credential or plug":
      // Counted as a refused login: whoever goes on trying a wrong password locks the account.
      if (logsIn) throw refusedCredential(bmc.address, `${said}; or there is no such plug`);
      throw new DriverFault(configurationFault("power-options", `${agent} at ${bmc.address}: ${said}`));
    case "unreachable":
      throw unreachable(bmc.address, said);
    case "refused":
      throw new DriverFault(
        nodeFault("bmc-refused", `${agent} at ${bmc.address} failed at ${action}: ${said}`),
      );
  }
}

type Verdict = "credential" | "credential or plug" | "unreachable" | "refused";

/** Agents end with 1 whatever it was: their words and the time they took tell what. Pure, for its tests. */
export function verdictOf(said: string, elapsedMs: number): Verdict {
  if (/authentication|incorrect (password|login)|unauthorized|\b401\b|login failed|HMAC/i.test(said))
    return "credential";
  const soon = elapsedMs < soonMs;
  if (/unable to connect\/login|unable to establish/i.test(said) && soon && !/refused/i.test(said))
    return "credential";
  if (/connect|timed? ?out|unreachable|no route|refused|unable to establish/i.test(said))
    return "unreachable";
  return /unable to obtain correct plug status/i.test(said) && soon ? "credential or plug" : "refused";
}

/** Their log has the reason in a line with ERROR, among warnings of Python's and the like. */
const errorIn = (text: string): string =>
  /ERROR: (?:Failed: )?(.*)/.exec(text)?.[1]?.trim().slice(0, 200) ?? firstLine(text);

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
  ...verbsOf(switchOf, slowly),
  status: read,
  setBootDevice: () => Promise.reject(unsupported("fence", "set a boot device")),
  identify: () => Promise.reject(unsupported("fence", "light a machine up")),
};
