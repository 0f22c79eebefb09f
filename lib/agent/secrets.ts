/** Secrets stay on the controller: a command names one, this reads it, a driver uses it, nothing else ever sees it. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { configurationFault } from "../core/fault.ts";
import { DriverFault } from "../drivers/power/driver.ts";

const credential = z.strictObject({ username: z.string(), password: z.string() });
export type Credential = z.infer<typeof credential>;

const groupOrOthers = 0o077;

/** Reads `{name}.json`; throws a fault that names the secret and what is wrong with it, never what is in it. */
export function readSecret(dir: string, name: string): Credential {
  const file = join(dir, `${name}.json`);
  let text: string;
  try {
    if ((statSync(file).mode & groupOrOthers) !== 0)
      throw fault("credential-readable", name, `${file} can be read by others: chmod 600`);
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof DriverFault) throw error;
    throw fault("credential-missing", name, `${file} cannot be read on the lab controller`);
  }
  try {
    return credential.parse(JSON.parse(text));
  } catch {
    // The error would quote the file: what is told is what the file should be.
    throw fault("credential-invalid", name, `${file} is not {"username", "password"}`);
  }
}

const fault = (code: string, name: string, message: string): DriverFault =>
  new DriverFault(configurationFault(code, `secret ${name}: ${message}`));
