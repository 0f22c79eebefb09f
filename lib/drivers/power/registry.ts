/** The power drivers that ship. Adding one is a new file and one line here. */
import type { PowerDriver } from "./driver.ts";
import { exec } from "./exec.ts";
import { fence } from "./fence.ts";
import { ipmi } from "./ipmi.ts";
import { libvirt } from "./libvirt.ts";
import { redfish } from "./redfish.ts";

export const powerDrivers: readonly PowerDriver[] = [redfish(), ipmi, fence, libvirt, exec];
