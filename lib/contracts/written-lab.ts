/**
 * A lab file as a person writes it: what many nodes have in common stands once, in `defaults` or in a template. It is made
 * into a lab file (lab-file.ts) before anything else looks at it. docs/lab-file.schema.json is generated from this.
 */
import * as z from "zod";
import { labFile, labNode, mostLabNodes } from "./lab-file.ts";
import { nodeId, words } from "./scalars.ts";

const { id: _, bmc, ...rest } = labNode.shape;

/** Without defaults of its own: what is left out comes from somewhere else. */
const common = z.strictObject({
  class: words(63).exactOptional(),
  tags: rest.tags.removeDefault().exactOptional(),
  macs: rest.macs.exactOptional(),
  bmc: bmc
    .extend({
      options: bmc.shape.options.removeDefault().exactOptional(),
      quiescentSeconds: bmc.shape.quiescentSeconds.removeDefault().exactOptional(),
    })
    .partial()
    .exactOptional(),
  rack: rest.rack.unwrap().partial().exactOptional(),
  outlets: rest.outlets,
  console: rest.console.unwrap().partial().exactOptional(),
  switchPort: rest.switchPort.unwrap().partial().exactOptional(),
  biosProfile: rest.biosProfile,
  uuid: rest.uuid,
  serial: rest.serial,
  assetTag: rest.assetTag,
  hardware: rest.hardware.unwrap().partial().exactOptional(),
});

const template = words(63);

export const writtenNode = common.extend({
  id: nodeId,
  template: template.exactOptional().describe("What it has beside what stands here: one of templates."),
});

export const writtenLab = z.strictObject({
  ...labFile.shape,
  $schema: z.string().exactOptional().describe("For editors: where docs/lab-file.schema.json lies."),
  defaults: common
    .exactOptional()
    .describe(
      "What every node has, unless its template or itself says otherwise. {id} in it is the node's name.",
    ),
  templates: z
    .record(template, common)
    .default({})
    .describe("What nodes that name it have, unless they say otherwise. {id} in it is the node's name."),
  nodes: z.array(writtenNode).min(1).max(mostLabNodes),
});
