/** Where a node stands and is plugged in, and how its firmware is to be set: as a lab file says it, and as it is stored. */
import * as z from "zod";
import { labFileName, words } from "./scalars.ts";

export const switchPort = z
  .strictObject({ switch: words(63), port: words(63) })
  .describe("A name among the lab's `switches`, and the port as that switch calls it.");

/** What is asked of a switch, in the words of the lab's own driver: we only hand it on. */
export const networkWish = z
  .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,31}$/, "is not the name of a wish"), words(500))
  .refine((wish) => Object.keys(wish).length <= 16, "has more than 16 entries");

export const switches = z.record(
  words(63),
  z.strictObject({
    driver: labFileName.describe(
      "An executable in the controller's folder of switch drivers (docs/network.md).",
    ),
    address: words(256).or(z.literal("")).default("").describe("Where the driver finds the switch."),
    provisioning: networkWish
      .default({})
      .describe("What a node's port is set to while the node is ours: handed to the driver as it is."),
    reserved: networkWish
      .default({})
      .describe("What it is set to for a user who wishes nothing; his own wishes come on top."),
  }),
);

const attribute = z.union([words(500), z.int(), z.boolean()]);
export const biosAttributes = z
  .record(
    z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/, "is not the name of a BIOS attribute"),
    attribute,
  )
  .refine((attributes) => Object.keys(attributes).length <= 64, "has more than 64 attributes");

export const biosProfiles = z.record(
  words(63),
  z.strictObject({
    driver: labFileName
      .nullable()
      .default(null)
      .describe(
        "An executable in the controller's folder of BIOS drivers; null: the BMC is asked over Redfish (docs/maintenance.md).",
      ),
    attributes: biosAttributes.describe(
      "As the machine's firmware calls them; what is not named is left alone.",
    ),
  }),
);

/** A week. */
export const mostTestMinutes = 7 * 24 * 60;

/** What our ramdisk does on a machine that it leaves as it is. */
export const visit = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("rescue") }),
  z.strictObject({
    kind: z.literal("test"),
    seconds: z
      .int()
      .min(1)
      .max(60 * mostTestMinutes),
  }),
]);
