/**
 * A power driver switches one machine through one kind of BMC. Each verb is idempotent, and done only when the BMC has been
 * read back: an accepted request has done nothing yet (field.md C20, C23). It has no policy: when and how often is decided
 * above it.
 */
import type * as z from "zod";
import type { BootDevice, PowerState } from "../../core/command.ts";
import { configurationFault, nodeFault } from "../../core/fault.ts";
import type { BmcFacts } from "../../core/node/hardware.ts";
import { DriverFault } from "../driver-fault.ts";
import { badAddress, checkedOptions, hostAndPort } from "../settings.ts";
import type { RunTool } from "../tool.ts";

export interface BmcAccess {
  readonly address: string;
  /** What else the driver wants to know, by the names that its documentation gives. */
  readonly options: Readonly<Record<string, string>>;
  readonly credential: { readonly username: string; readonly password: string };
  /** Ends whatever is under way. */
  readonly signal: AbortSignal;
  /** Asked right before anything that may change the machine: throws when the command must have ended. */
  readonly guard: () => void;
  readonly tool: RunTool;
  /** Keeps a line for the operator, beside what tools print. */
  readonly note: (line: string) => void;
  /** A folder for small programs that a driver puts between a tool and its tool. */
  readonly helpersDir: string;
  /** How this controller calls itself to a BMC that keeps a log. */
  readonly who: string;
  /** Folder of the lab's own power scripts. */
  readonly scriptsDir: string;
}

export interface PowerDriver {
  readonly name: string;
  /** Whether it logs in to the BMC: a driver that does not is given an empty credential. */
  readonly needsCredential: boolean;
  /** `fixed`: nobody can set it; the machine boots from the network first, and the boot service says when to boot the disk. */
  readonly bootDevice: "settable" | "fixed";
  on(bmc: BmcAccess): Promise<PowerState>;
  off(bmc: BmcAccess): Promise<PowerState>;
  /** Off, proved off, on, proved on. */
  cycle(bmc: BmcAccess): Promise<PowerState>;
  reset(bmc: BmcAccess): Promise<PowerState>;
  status(bmc: BmcAccess): Promise<PowerState>;
  setBootDevice(bmc: BmcAccess, device: BootDevice, persistence: Persistence): Promise<void>;
  /** The power, and what the BMC tells of the machine in the same answer. Without it nobody can tell. */
  look?(bmc: BmcAccess): Promise<{ readonly power: PowerState; readonly machine: BmcFacts }>;
  /** Names that may log in to the BMC now. Without it nobody can tell. */
  accounts?(bmc: BmcAccess): Promise<readonly string[]>;
  /** Makes the machine findable by eye for that long; 0 ends it. */
  identify(bmc: BmcAccess, seconds: number): Promise<void>;
  /** Where the BMC tells of the firmware and sets it. */
  readonly bios?: BiosAccess;
}

export type BiosValue = string | number | boolean;

export interface BiosAccess {
  /** All that the firmware tells; what is asked for and not set yet is not in it. */
  read(bmc: BmcAccess): Promise<Readonly<Record<string, BiosValue | null>>>;
  /** Asks for these; they hold after the next power-on. Asked for again, they are asked for once. */
  apply(bmc: BmcAccess, attributes: Readonly<Record<string, BiosValue>>): Promise<void>;
}

export type Persistence = "once" | "continuous";

/** The codes that the breaker of a power domain counts (design §5). */
export const authenticationRefused = "bmc-authentication";
export const unreachableCode = "bmc-unreachable";

export const refusedCredential = (address: string, said: string): DriverFault =>
  new DriverFault(
    nodeFault(
      authenticationRefused,
      `BMC ${address} refuses the credential (${said}): correct the secret on the lab controller`,
    ),
  );

export const unreachable = (address: string, why: string): DriverFault =>
  new DriverFault(nodeFault(unreachableCode, `BMC ${address} does not answer: ${why}`));

export const unsupported = (driver: string, what: string): DriverFault =>
  new DriverFault(configurationFault("unsupported", `the power driver ${driver} cannot ${what}`));

export const optionsOf = <T>(
  driver: string,
  shape: z.ZodType<T>,
  { options }: Pick<BmcAccess, "options">,
): T => checkedOptions("power", driver, shape, options);

export function hostOf(driver: string, address: string): NonNullable<ReturnType<typeof hostAndPort>> {
  const place = hostAndPort(address);
  if (place === null) throw badAddress("power", driver, address, "host or host:port");
  return place;
}

/** The first line that says something, short enough for a sentence. */
export const firstLine = (...texts: readonly string[]): string =>
  texts
    .flatMap((text) => text.split("\n"))
    .map((line) => line.trim())
    .find((line) => line !== "")
    ?.slice(0, 200) ?? "it says nothing";
