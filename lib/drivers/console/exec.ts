/**
 * A lab's own program that prints what a console prints. The option `script` names a file in the controller's folder of
 * console scripts, which is told in its environment where to look:
 *
 *   console_address              the console's address
 *   console_id                   the option `id`
 *   console_user, console_pass   from the secret, if the console names one
 *
 * It runs for as long as it likes, and is started again when it ends; whatever it has started ends with it.
 */
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { configurationFault } from "../../core/fault.ts";
import { DriverFault } from "../driver-fault.ts";
import { type ConsoleDriver, consoleOptions } from "./driver.ts";
import { listenTo } from "./program.ts";

const options = z.strictObject({
  script: z
    .string("names a file in the folder of console scripts")
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "is not the name of a console script"),
  id: z.string().default(""),
});

export const exec: ConsoleDriver = {
  name: "exec",
  listen: async (console, heard) => {
    const { script, id } = consoleOptions("exec", options, console);
    const file = join(console.scriptsDir, script);
    try {
      accessSync(file, constants.X_OK);
    } catch {
      const message = `console script ${script} is not an executable file in ${console.scriptsDir} on the lab controller`;
      throw new DriverFault(configurationFault("tool-missing", message));
    }
    const { username, password } = console.credential;
    const told = {
      console_address: console.address,
      console_id: id,
      console_user: username,
      console_pass: password,
    };
    return listenTo(file, [], told, console, heard);
  },
};
