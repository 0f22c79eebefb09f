/** A machine as a ramdisk tells of it. */
import * as z from "zod";
import { hardware } from "./hardware.ts";
import { at, labId, mac, nodeId } from "./scalars.ts";

/** What a ramdisk tells of its machine: the body of POST /machine (lib/contracts/boot.ts). */
export const machineBody = z.strictObject({
  mac,
  hardware,
  bmcAddress: z
    .string()
    .regex(/^[\x21-\x7e]{1,256}$/, "is not an address")
    .nullable()
    .default(null),
});
export type MachineBody = z.infer<typeof machineBody>;

/** The same on the reports queue. `node`: the boot was allowed to that node. */
export const found = machineBody.extend({ lab: labId, node: nodeId.nullable(), at });
export type Found = z.infer<typeof found>;
