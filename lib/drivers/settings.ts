/** What a lab file says of a driver, checked where the driver reads it. */
import type * as z from "zod";
import { configurationFault } from "../core/fault.ts";
import { DriverFault } from "./driver-fault.ts";

export type DriverKind = "power" | "console";

/** The driver's options, or a fault that says which one is wrong. */
export function checkedOptions<T>(
  kind: DriverKind,
  driver: string,
  shape: z.ZodType<T>,
  options: Readonly<Record<string, string>>,
): T {
  const parsed = shape.safeParse(options);
  if (parsed.success) return parsed.data;
  const what = parsed.error.issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join(".")}: ${message}`))
    .join("; ");
  throw new DriverFault(
    configurationFault(`${kind}-options`, `options of the ${kind} driver ${driver}: ${what}`),
  );
}

/** `10.0.0.5`, `bmc-7.lab:6230`, `[fd00::7]:623`. Null: none of these, and maybe something that a tool takes for an option. */
export function hostAndPort(address: string): { readonly host: string; readonly port: string | null } | null {
  const [, bracketed, plain, port = null] =
    /^(?:\[([0-9a-fA-F:]+)\]|([A-Za-z0-9][A-Za-z0-9.-]*))(?::(\d{1,5}))?$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  return host === undefined ? null : { host, port };
}

export const badAddress = (kind: DriverKind, driver: string, address: string, wanted: string): DriverFault =>
  new DriverFault(
    configurationFault(
      `${kind}-address`,
      `${JSON.stringify(address)} is no address for the ${kind} driver ${driver}: ${wanted} is wanted`,
    ),
  );
