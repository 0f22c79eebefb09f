/**
 * A console driver listens to one machine's serial console. It only listens: nothing that it is given is ever typed there. It
 * has no policy: when to try again, what is kept and what it means is decided above it.
 */
import type * as z from "zod";
import { badAddress, checkedOptions, hostAndPort } from "../settings.ts";
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

export const consoleOptions = <T>(
  driver: string,
  shape: z.ZodType<T>,
  { options }: Pick<ConsoleAccess, "options">,
): T => checkedOptions("console", driver, shape, options);

export function consoleHost(
  driver: string,
  address: string,
  usualPort: number | null,
): { host: string; port: number } {
  const place = hostAndPort(address);
  const port = place?.port == null ? usualPort : Number(place.port);
  if (place !== null && port !== null && port <= 65_535) return { host: place.host, port };
  throw badAddress("console", driver, address, usualPort === null ? "host:port" : "host or host:port");
}
