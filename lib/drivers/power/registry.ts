/** The power drivers that ship. Adding one is a new file and one line here. */
import type { PowerDriver } from "./driver.ts";
import { redfish } from "./redfish.ts";

export const powerDrivers: readonly PowerDriver[] = [redfish()];
