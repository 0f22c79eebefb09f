/**
 * A power driver switches one machine through one kind of BMC. Each verb is idempotent, and done only when the BMC has been
 * read back: an accepted request has done nothing yet (field.md C20, C23). It has no policy: when and how often is decided
 * above it.
 */
import type * as z from "zod";
import type { BootDevice, PowerState } from "../../core/command.ts";
import { configurationFault, nodeFault } from "../../core/fault.ts";
import { DriverFault } from "../driver-fault.ts";
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
  /** Names that may log in to the BMC now. Without it nobody can tell. */
  accounts?(bmc: BmcAccess): Promise<readonly string[]>;
  /** Makes the machine findable by eye for that long; 0 ends it. */
  identify(bmc: BmcAccess, seconds: number): Promise<void>;
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

/** The driver's options, or a fault that says which one is wrong. */
export function optionsOf<T>(
  driver: string,
  shape: z.ZodType<T>,
  { options }: Pick<BmcAccess, "options">,
): T {
  const parsed = shape.safeParse(options);
  if (parsed.success) return parsed.data;
  const what = parsed.error.issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join(".")}: ${message}`))
    .join("; ");
  throw new DriverFault(
    configurationFault("power-options", `options of the power driver ${driver}: ${what}`),
  );
}

export interface HostAndPort {
  readonly host: string;
  readonly port: string | null;
}

/** `10.0.0.5`, `bmc-7.lab:6230`, `[fd00::7]:623`. Never anything that a tool could take for an option. */
export function hostOf(driver: string, address: string): HostAndPort {
  const [, bracketed, plain, port = null] =
    /^(?:\[([0-9a-fA-F:]+)\]|([A-Za-z0-9][A-Za-z0-9.-]*))(?::(\d{1,5}))?$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  if (host !== undefined) return { host, port };
  throw new DriverFault(
    configurationFault(
      "power-address",
      `${JSON.stringify(address)} is no address for the power driver ${driver}: host or host:port is wanted`,
    ),
  );
}

/** The first line that says something, short enough for a sentence. */
export const firstLine = (...texts: readonly string[]): string =>
  texts
    .flatMap((text) => text.split("\n"))
    .map((line) => line.trim())
    .find((line) => line !== "")
    ?.slice(0, 200) ?? "it says nothing";
