/** Secrets stay on the controller: a command names one, this reads it, a driver uses it, nothing else ever sees it. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { configurationFault } from "../core/fault.ts";
import { DriverFault } from "../drivers/driver-fault.ts";

const oneLine = z.string().regex(/^[^\0\r\n]*$/);
const credential = z.strictObject({ username: oneLine, password: oneLine });
export type Credential = z.infer<typeof credential>;

export interface Secrets {
  /** Throws a fault that names the secret and what is wrong with it, never what is in it. */
  read(name: string): Credential;
  /** Changes when the secret does, and tells nothing about it. */
  version(name: string): string;
}

const groupOrOthers = 0o077;

/** Each is a file `{name}.json` that nobody else can read. */
export function secretsIn(dir: string): Secrets {
  const fileOf = (name: string): string => join(dir, `${name}.json`);

  function read(name: string): Credential {
    const file = fileOf(name);
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
      throw fault("credential-invalid", name, `${file} is not {"username", "password"}, each on one line`);
    }
  }

  return {
    read,
    version: (name) => {
      try {
        const { mtimeMs, size, ino } = statSync(fileOf(name));
        return `${mtimeMs}-${size}-${ino}`;
      } catch {
        // Reading it says what is wrong.
        return "missing";
      }
    },
  };
}

const fault = (code: string, name: string, message: string): DriverFault =>
  new DriverFault(configurationFault(code, `secret ${name}: ${message}`));
