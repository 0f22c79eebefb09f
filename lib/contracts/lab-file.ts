/** A lab as its people keep it: `examples/lab.json` is one. Importing it again changes only what is different. */
import * as z from "zod";
import { powerSettings } from "./command.ts";
import { policyOverrides } from "./policy.ts";
import { controllerId, labId, mac, nodeId, words } from "./scalars.ts";
import { biosProfiles, switches, wiring } from "./wiring.ts";

const bmc = z.strictObject({
  driver: powerSettings.shape.driver.describe("Power driver: redfish, ipmi, fence, libvirt or exec"),
  address: powerSettings.shape.address.describe("Where the driver finds the BMC: https://10.20.0.11"),
  options: powerSettings.shape.options
    .default({})
    .describe(
      'What else the driver wants to know (docs/lab-controller.md): {"agent": "fence_apc", "plug": "7"}',
    ),
  credential: powerSettings.shape.credential.describe(
    "Name of a secret that the lab controller holds; the secret itself never travels.",
  ),
  domain: powerSettings.shape.domain
    .optional()
    .describe("Nodes that share a BMC or PDU share a power domain; default: the address."),
  quiescentSeconds: z.number().min(0).max(600).default(0).describe("Least time between two power commands."),
});

/** One node of a lab. */
export const labNode = z.strictObject({
  id: nodeId,
  class: words(63).default("standard"),
  tags: z.array(words(63)).max(50).default([]),
  macs: z.array(mac).min(1).max(16),
  bmc,
  ...wiring,
});
export type LabNode = z.infer<typeof labNode>;

export const labFile = z
  .strictObject({
    schema: z.literal("rackwright.lab/1"),
    lab: labId,
    controllers: z.array(controllerId).min(1).max(8),
    /** What is done about late nodes: docs/correction.md. */
    correction: z
      .strictObject({
        mode: z
          .enum(["act", "observe"])
          .default("act")
          .describe("observe: correction says what it would do, and does nothing."),
        policy: policyOverrides
          .nullable()
          .default(null)
          .describe(
            "What is different in this lab: installAttempts, build, os, osOverallMs, ladder, budget, blind.",
          ),
      })
      .prefault({}),
    switches: switches.default({}).describe("By name: how ports are set (docs/network.md)."),
    biosProfiles: biosProfiles
      .default({})
      .describe("By name: how firmware is to be set (docs/maintenance.md)."),
    nodes: z.array(labNode).min(1).max(10_000),
  })
  .superRefine(({ nodes }, context) => {
    const seen = new Map<string, string>();
    for (const [index, { id, macs }] of nodes.entries()) {
      for (const name of [`node ${id}`, ...macs]) {
        const other = seen.get(name);
        if (other !== undefined) {
          context.addIssue({
            code: "custom",
            path: ["nodes", index],
            message: other === id ? `${name} stands twice` : `${name} is already that of node ${other}`,
          });
        }
        seen.set(name, id);
      }
    }
  });
export type LabFile = z.infer<typeof labFile>;
