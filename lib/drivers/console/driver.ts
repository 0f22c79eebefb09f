/**
 * A console driver listens to one machine's serial console. It only listens: nothing that it is given is ever typed there. It
 * has no policy: when to try again, what is kept and what it means is decided above it.
 */
import type * as z from "zod";
import { configurationFault } from "../../core/fault.ts";
import { DriverFault } from "../driver-fault.ts";
import type { RunTool } from "../tool.ts";

export interface ConsoleAccess {
  readonly address: string;
  readonly options: Readonly<Record<string, string>>;
  /** Empty where the console names no secret. */
  readonly credential: { readonly username: string; readonly password: string };
  /** Ends the connection. */
  readonly signal: AbortSignal;
  /** Called when the connection begins: what comes right after it may be old. */
  readonly connected: () => void;
  readonly tool: RunTool;
  /** Marks the processes of this agent, so that it finds those that outlived it. */
  readonly mark: string;
  /** Folder of the lab's own programs (driver `exec`). */
  readonly scriptsDir: string;
}

export interface ConsoleDriver {
  readonly name: string;
  /** It logs in to the BMC: with the BMC's own secret, unless the console names another. */
  readonly ofBmc?: true;
  /**
   * Hands on what the console prints, as it comes. Resolves with the reason when the connection has ended by itself; throws
   * a DriverFault where there was none, and the signal's reason when it was ended from outside.
   */
  listen(console: ConsoleAccess, heard: (bytes: Uint8Array) => void): Promise<string>;
}

/** The driver's options, or a fault that says which one is wrong. */
export function consoleOptions<T>(
  driver: string,
  shape: z.ZodType<T>,
  { options }: Pick<ConsoleAccess, "options">,
): T {
  const parsed = shape.safeParse(options);
  if (parsed.success) return parsed.data;
  const what = parsed.error.issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join(".")}: ${message}`))
    .join("; ");
  throw new DriverFault(
    configurationFault("console-options", `options of the console driver ${driver}: ${what}`),
  );
}

/** `10.0.0.5:7001`, `conserver.lab`, `[fd00::7]:23`. Never anything that a tool could take for an option. */
export function consoleHost(
  driver: string,
  address: string,
  usualPort: number | null,
): { host: string; port: number } {
  const [, bracketed, plain, given] =
    /^(?:\[([0-9a-fA-F:]+)\]|([A-Za-z0-9][A-Za-z0-9.-]*))(?::(\d{1,5}))?$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  const port = given === undefined ? usualPort : Number(given);
  if (host !== undefined && port !== null && port <= 65_535) return { host, port };
  const wanted = usualPort === null ? "host:port is wanted" : "host or host:port is wanted";
  throw new DriverFault(
    configurationFault(
      "console-address",
      `${JSON.stringify(address)} is no address for the console driver ${driver}: ${wanted}`,
    ),
  );
}
