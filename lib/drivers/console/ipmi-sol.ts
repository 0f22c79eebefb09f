/**
 * Serial over LAN of an IPMI 2.0 BMC, by ipmitool. A BMC has room for one session: one that a killed agent has left is ended
 * first. The options are those of the power driver ipmi.
 */
import { DriverFault } from "../driver-fault.ts";
import { ipmitool, lastingSession } from "../power/ipmi.ts";
import type { ConsoleDriver } from "./driver.ts";
import { listenTo } from "./program.ts";

/** ipmitool's own words, which are not the console's. */
const banner = /^\[SOL Session operational\. {2}Use ~\? for help\]\r?\n/;

export const ipmiSol: ConsoleDriver = {
  name: "ipmi-sol",
  ofBmc: true,
  listen: async (console, heard) => {
    // It says whether the BMC is there, takes the credential, and which cipher suite it speaks.
    await ipmitool(console, ["chassis", "power", "status"]);
    await ipmitool(console, ["sol", "deactivate"]).catch((error: unknown) => {
      // There was none.
      if (!(error instanceof DriverFault) || error.fault.code !== "bmc-refused") throw error;
    });
    const { args, env } = lastingSession(console, ["sol", "activate"]);
    let begun = false;
    return listenTo("ipmitool", args, env, console, (bytes) => {
      if (begun) return heard(bytes);
      begun = true;
      heard(Buffer.from(Buffer.from(bytes).toString("latin1").replace(banner, ""), "latin1"));
    });
  },
};
