/**
 * A lab's own power script, as Beaker's labs have them: they run unchanged (R63). The option `script` names a file in the
 * controller's folder of scripts. It is told what to do in its environment:
 *
 *   power_mode      on | off | reboot | status
 *   power_address   the node's address
 *   power_id        the option `id`, e.g. an outlet or a blade
 *   power_user, power_pass   from the secret
 *
 * It exits with 0 when it is done (for status: when the power is on) and with 2 from status when the power is off. Anything
 * else is a failure, and what it printed is kept. Whatever it starts ends with it.
 */
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { PowerState } from "../../core/command.ts";
import { configurationFault, nodeFault } from "../../core/fault.ts";
import { DriverFault } from "../driver-fault.ts";
import {
  type BmcAccess,
  firstLine,
  optionsOf,
  type PowerDriver,
  unreachable,
  unsupported,
} from "./driver.ts";
import { patience, type Switch, verbsOf } from "./verified.ts";

const options = z.strictObject({
  script: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "is not the name of a power script"),
  id: z.string().default(""),
});

/** Some machines are very slow to switch (R50). */
const callMs = 10 * 60_000;

async function script(bmc: BmcAccess, mode: string): Promise<number> {
  const { script: name, id } = optionsOf("exec", options, bmc);
  const file = join(bmc.scriptsDir, name);
  try {
    accessSync(file, constants.X_OK);
  } catch {
    const message = `power script ${name} is not an executable file in ${bmc.scriptsDir} on the lab controller`;
    throw new DriverFault(configurationFault("tool-missing", message));
  }
  const { username, password } = bmc.credential;
  const { code, stdout, stderr } = await bmc.tool(
    file,
    [],
    {
      env: {
        power_mode: mode,
        power_address: bmc.address,
        power_id: id,
        power_user: username,
        power_pass: password,
      },
      timeoutMs: callMs,
    },
    bmc.signal,
  );
  if (code === null) throw unreachable(bmc.address, `script ${name} took longer than ${callMs / 1000} s`);
  if (code === 0 || (code === 2 && mode === "status")) return code;
  const said = firstLine(stderr, stdout);
  throw new DriverFault(
    nodeFault("bmc-refused", `power script ${name} failed at ${mode} with exit code ${code}: ${said}`),
  );
}

const read = async (bmc: BmcAccess): Promise<PowerState> =>
  (await script(bmc, "status")) === 0 ? "on" : "off";

const switchOf = (bmc: BmcAccess): Switch => ({
  read: () => read(bmc),
  send: async (change) => {
    await script(bmc, change === "reset" ? "reboot" : change);
  },
});

/** A script that fails has been tried; it is its business to try more often. */
const once = { ...patience, refusals: 0 };

export const exec: PowerDriver = {
  name: "exec",
  needsCredential: true,
  bootDevice: "fixed",
  ...verbsOf(switchOf, once),
  status: read,
  setBootDevice: () => Promise.reject(unsupported("exec", "set a boot device")),
  identify: () => Promise.reject(unsupported("exec", "light a machine up")),
};
