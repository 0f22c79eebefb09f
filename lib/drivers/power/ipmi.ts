/**
 * IPMI 2.0 over the network, by ipmitool. The password travels in the environment; cipher suite 0, which takes any password,
 * is never used. ipmitool says the same for a wrong password and for a BMC that is not there: what it was told on the way
 * (`-v`), and failing that the time it took, tell them apart (hardware.md).
 */
import * as z from "zod";
import type { BootDevice, PowerState } from "../../core/command.ts";
import { configurationFault, nodeFault } from "../../core/fault.ts";
import { DriverFault } from "../driver-fault.ts";
import type { ToolResult } from "../tool.ts";
import {
  type BmcAccess,
  firstLine,
  hostOf,
  optionsOf,
  type PowerDriver,
  refusedCredential,
  unreachable,
} from "./driver.ts";
import { patience, type Switch, verbsOf } from "./verified.ts";

const options = z.strictObject({
  /** Suite 17 (SHA-256) is tried first, then 3 (SHA-1), which older BMCs have. */
  cipherSuite: z.enum(["17", "3"], "is 17 or 3: suite 0 takes any password and is never used").optional(),
  privilege: z.enum(["ADMINISTRATOR", "OPERATOR"]).default("ADMINISTRATOR"),
  bootMode: z.enum(["legacy", "uefi"]).default("legacy"),
});

/** Two seconds a try, three tries: a BMC that is not there costs 10 s. */
const secondsPerTry = 2;
const retries = "2";
const callMs = 30_000;
/** IPMI 2.0 knows no longer passwords; ipmitool would cut them silently. */
const longestPasswordBytes = 20;

/** The suite that a BMC has been found to speak. */
const suites = new Map<string, string>();

type Verdict = "done" | "credential" | "suite" | "unreachable" | "refused";

/** Pure, for its tests: what a run of ipmitool came to. */
export function verdictOf({ code, stdout, stderr, elapsedMs }: ToolResult): Verdict {
  if (code === 0) return "done";
  const said = `${stdout}\n${stderr}`;
  if (code === null || /address lookup|could not open socket|no route/i.test(said)) return "unreachable";
  if (/invalid (authentication|integrity|confidentiality) algorithm|no cipher suite|cipher suite/i.test(said))
    return "suite";
  if (/RAKP [24].*(invalid|error)|unauthorized name|HMAC is invalid|privilege level/i.test(said))
    return "credential";
  if (!/unable to establish|session/i.test(said)) return "refused";
  // No word on why: whoever said no before the first try was over is there.
  return elapsedMs < secondsPerTry * 1000 ? "credential" : "unreachable";
}

/** What one call of ipmitool needs to know. */
export type IpmiAccess = Pick<BmcAccess, "address" | "options" | "credential" | "tool" | "signal">;

/** One call; what it printed. Throws a DriverFault that says what the BMC would not do. */
export async function ipmitool(bmc: IpmiAccess, args: readonly string[]): Promise<string> {
  const { cipherSuite, privilege } = optionsOf("ipmi", options, bmc);
  const { host, port } = hostOf("ipmi", bmc.address);
  const { username, password } = bmc.credential;
  if (Buffer.byteLength(password) > longestPasswordBytes) {
    const message = `the password of BMC ${bmc.address} is longer than the ${longestPasswordBytes} bytes that IPMI 2.0 has room for`;
    throw new DriverFault(configurationFault("credential-invalid", message));
  }
  const known = cipherSuite ?? suites.get(bmc.address);
  const untried = known === undefined ? ["17", "3"] : [known];
  for (;;) {
    const suite = untried.shift() ?? "3";
    const result = await bmc.tool(
      "ipmitool",
      [
        ...["-I", "lanplus", "-H", host, "-p", port ?? "623", "-U", username, "-E", "-L", privilege],
        ...["-C", suite, "-N", String(secondsPerTry), "-R", retries, "-v", ...args],
      ],
      { env: passwordFor(bmc), timeoutMs: callMs },
      bmc.signal,
    );
    const said = firstLine(result.stderr.replaceAll("Loading IANA PEN Registry...", ""), result.stdout);
    switch (verdictOf(result)) {
      case "done":
        suites.set(bmc.address, suite);
        return result.stdout;
      case "suite":
        if (untried.length > 0) continue;
        suites.delete(bmc.address);
        throw new DriverFault(
          configurationFault(
            "cipher-suite",
            `BMC ${bmc.address} does not speak cipher suite ${suite}: ${said}`,
          ),
        );
      case "credential":
        throw refusedCredential(bmc.address, said);
      case "unreachable":
        throw unreachable(bmc.address, said);
      case "refused":
        throw new DriverFault(
          nodeFault("bmc-refused", `BMC ${bmc.address} refused ${args.join(" ")}: ${said}`),
        );
    }
  }
}

/** How a program is told the password: never by an argument, which everybody on the machine can read. */
const passwordFor = ({ credential: { password } }: IpmiAccess) => ({ IPMI_PASSWORD: password });

/** The arguments and the environment of an ipmitool that stays: of a BMC that has answered already. */
export function lastingSession(bmc: IpmiAccess, args: readonly string[]) {
  const { cipherSuite, privilege } = optionsOf("ipmi", options, bmc);
  const { host, port } = hostOf("ipmi", bmc.address);
  const suite = cipherSuite ?? suites.get(bmc.address) ?? "3";
  const user = ["-U", bmc.credential.username, "-E", "-L", privilege];
  return {
    args: ["-I", "lanplus", "-H", host, "-p", port ?? "623", ...user, "-C", suite, ...args],
    env: passwordFor(bmc),
  };
}

async function read(bmc: BmcAccess): Promise<PowerState> {
  const [, state] =
    /Chassis Power is (on|off)/i.exec(await ipmitool(bmc, ["chassis", "power", "status"])) ?? [];
  return state === "on" || state === "off" ? state : "unknown";
}

const switchOf = (bmc: BmcAccess): Switch => ({
  read: () => read(bmc),
  send: async (change) => {
    await ipmitool(bmc, ["chassis", "power", change]);
  },
});

/** Of the users of channel 1: whose link or messages are enabled, and who has a privilege there. */
export function accountsIn(list: string): readonly string[] {
  return list
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [, name = "", ipmi, privilege = ""] =
        /^\d+\s+(.*?)\s+(?:true|false)\s+(?:true|false)\s+(true|false)\s+(.+)$/.exec(line.trim()) ?? [];
      return name !== "" && ipmi === "true" && !/NO ACCESS/i.test(privilege) ? [name] : [];
    });
}

const slowly = { ...patience, pollMs: 1000 };
const selectors: Readonly<Record<BootDevice, { readonly name: string; readonly readBack: RegExp }>> = {
  network: { name: "pxe", readBack: /Force PXE/i },
  disk: { name: "disk", readBack: /Hard-Drive/i },
};

export const ipmi: PowerDriver = {
  name: "ipmi",
  needsCredential: true,
  bootDevice: "settable",
  ...verbsOf(switchOf, slowly),
  status: read,
  setBootDevice: async (bmc, device, persistence) => {
    const { bootMode } = optionsOf("ipmi", options, bmc);
    const { name, readBack } = selectors[device];
    const flags = [
      ...(persistence === "continuous" ? ["persistent"] : []),
      ...(bootMode === "uefi" ? ["efiboot"] : []),
    ];
    bmc.guard();
    await ipmitool(bmc, [
      "chassis",
      "bootdev",
      name,
      ...(flags.length > 0 ? [`options=${flags.join(",")}`] : []),
    ]);
    const seen = await ipmitool(bmc, ["chassis", "bootparam", "get", "5"]);
    if (readBack.test(seen)) return;
    const [, found = "nothing"] = /Boot Device Selector : (.*)/.exec(seen) ?? [];
    const message = `BMC ${bmc.address} took the boot device ${name}, but has: ${found.trim()}`;
    throw new DriverFault(nodeFault("boot-device-unchanged", message));
  },
  accounts: async (bmc) => accountsIn(await ipmitool(bmc, ["user", "list", "1"])),
  identify: async (bmc, seconds) => {
    await ipmitool(bmc, ["chassis", "identify", String(seconds)]);
  },
};
