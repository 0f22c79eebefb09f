/** The console drivers that ship. Adding one is a new file and one line here. */
import type { ConsoleDriver } from "./driver.ts";
import { exec } from "./exec.ts";
import { ipmiSol } from "./ipmi-sol.ts";
import { redfishConsole } from "./redfish.ts";
import { conman, conserver } from "./servers.ts";
import { tcp } from "./tcp.ts";

export const consoleDrivers: readonly ConsoleDriver[] = [
  ipmiSol,
  redfishConsole,
  tcp,
  conserver,
  conman,
  exec,
];
