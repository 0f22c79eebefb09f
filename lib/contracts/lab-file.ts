/** A lab as its people keep it: `examples/lab.json` and `examples/lab.yaml` are two. Importing it again changes only what is different. */
import * as z from "zod";
import { contradictionsIn } from "../core/inventory/contradictions.ts";
import { powerSettings } from "./command.ts";
import { identification } from "./identification.ts";
import { surroundings, wiring } from "./inventory.ts";
import { policyOverrides } from "./policy.ts";
import { controllerId, labId, mac, nodeId, words } from "./scalars.ts";

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
  macs: z
    .array(mac)
    .max(16)
    .default([])
    .describe(
      "The network interfaces that it may boot from. Two nodes cannot have the same. Without any, the machine has yet to be found.",
    ),
  bmc,
  ...wiring,
});
export type LabNode = z.infer<typeof labNode>;

const correction = z
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
  .prefault({});

const lab = {
  controllers: z.array(controllerId).min(1).max(8),
  /** What is done about late nodes: docs/correction.md. */
  correction,
  /** How machines are told apart: docs/identification.md. */
  identification: identification.exactOptional(),
  ...surroundings,
};

/** Everything of a lab but its nodes. */
export const labSettings = z.strictObject(lab);
export type LabSettings = z.infer<typeof labSettings>;

export const mostLabNodes = 10_000;

export const labFile = z
  .strictObject({
    schema: z.literal("rackwright.lab/1"),
    lab: labId,
    ...lab,
    nodes: z.array(labNode).min(1).max(mostLabNodes),
  })
  .superRefine((file, context) => {
    for (const { path, message, other } of contradictionsIn(file.lab, file.nodes, file))
      context.addIssue({ code: "custom", path: [...path], message, params: { other } });
  });
export type LabFile = z.infer<typeof labFile>;

/** So many nodes are taken by one call: each is a transaction of its own, and a call has to end in time. */
export const mostNodesInPart = 200;

/** A part of a lab, as it is imported or only compared, part by part: first what is no node, then its nodes. */
export const labPart = z.strictObject({
  settings: labSettings.nullable().default(null).describe("Everything but its nodes; null: as it is"),
  total: z
    .strictObject({
      nodes: z.int().min(0).max(1_000_000).describe("So many nodes the lab has when all is done"),
      classes: z.array(words(63)).max(1000).describe("Their classes"),
    })
    .nullable()
    .default(null)
    .describe("Comes with the settings"),
  release: z
    .array(z.strictObject({ node: nodeId, claim: z.string().max(500) }))
    .max(mostNodesInPart)
    .default([])
    .describe(
      "What nodes have to give up before others can have it: a MAC that has moved. The claim is as a plan names it",
    ),
  nodes: z.array(labNode).max(mostNodesInPart).default([]),
});
export type LabPart = z.infer<typeof labPart>;
