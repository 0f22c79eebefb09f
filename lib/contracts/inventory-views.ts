/** What the API says of a lab as it is, for comparing it with a file and for writing one. */
import * as z from "zod";
import type { NodeDescription } from "../core/inventory/description.ts";
import { labNode, labSettings } from "./lab-file.ts";

/** So many nodes of a lab are in one answer. */
export const inventoryPage = 200;

/** What a node has given up it is without, until the import that took it from it is done. */
const described = labNode.extend({ macs: z.array(z.string()) });

export const inventoryView = z
  .object({
    lab: z.string(),
    settings: labSettings,
    nodes: z.array(described),
    next: z.string().nullable(),
  })
  .meta({ id: "Inventory" });
export type InventoryView = Omit<z.infer<typeof inventoryView>, "nodes"> & {
  readonly nodes: readonly NodeDescription[];
};

const mostClaims = 1000;

export const claimsBody = z.strictObject({
  claims: z
    .array(z.string().min(1).max(500))
    .max(mostClaims)
    .describe("mac#52:54:00:b1:00:01, uuid#…, serial#…, or node#… for the name of a node"),
});

export const claimsView = z
  .object({ held: z.array(z.object({ claim: z.string(), node: z.string(), lab: z.string() })) })
  .meta({ id: "Claims" });
export type ClaimsView = z.infer<typeof claimsView>;
