/** How a lab tells its machines apart, and machines as they were found: docs/identification.md. */
import * as z from "zod";
import { type FoundMachine, heldReasons } from "../core/identification/machine.ts";
import {
  defaultIdentification,
  driftCodes,
  type IdentificationSettings,
  strategies,
} from "../core/identification/settings.ts";
import type { MachineId, NodeId } from "../core/ids.ts";
import type { BmcFacts, Hardware } from "../core/node/hardware.ts";
import { powerSettings } from "./command.ts";
import { bmcFacts, hardware, minimumHardware } from "./hardware.ts";
import { at, labFileName, labId, mac, machineId, nodeId, words } from "./scalars.ts";
import { mostTestMinutes } from "./wiring.ts";

const claimRule = z.strictObject({
  name: words(63),
  minimum: minimumHardware.default({}).describe("The machine has at least this."),
  manufacturer: words(128).exactOptional().describe("Its manufacturer's name begins like this."),
  product: words(128).exactOptional().describe("Its product's name begins like this."),
  class: words(63),
  tags: z.array(words(63)).max(50).default([]),
  nodeName: words(63).describe(
    "What the new node is called: {mac}, {serial} or {uuid} stand for the machine's.",
  ),
  power: z
    .strictObject({
      driver: powerSettings.shape.driver,
      address: powerSettings.shape.address.describe(
        "Where its BMC is: {bmc} stands for the address that the machine tells",
      ),
      credential: powerSettings.shape.credential,
    })
    .describe("driver, address, credential of the new node's BMC."),
});

export const identification = z.strictObject({
  strategies: z
    .array(z.enum(strategies))
    .min(1)
    .max(strategies.length)
    .default([...defaultIdentification.strategies])
    .describe("Tried in this order; what is left out is not tried."),
  order: z
    .array(nodeId)
    .max(500)
    .default([])
    .describe("Nodes that machines which nothing else tells apart become, as they appear."),
  rules: z
    .array(claimRule)
    .max(50)
    .default([])
    .describe("Machines that nobody knows become new nodes; the first rule that fits decides."),
  burnIn: z
    .strictObject({
      minutes: z.int().min(1).max(mostTestMinutes),
      test: labFileName.nullable().default(null),
    })
    .exactOptional()
    .describe(
      "A machine that becomes a node is tested first: minutes, and test where it is not our ramdisk's (docs/maintenance.md).",
    ),
  drift: z
    .partialRecord(z.enum(driftCodes), z.enum(["block", "log", "ignore"]))
    .default({})
    .describe("What is done about hardware that is not as it was, where it differs from the usual."),
}) satisfies z.ZodType<IdentificationSettings>;

/**
 * Where to look for the node of a machine, by what the machine tells. It counts only while the node still has that, so that
 * nothing has to be tidied up.
 */
export interface Lookup {
  /** `uuid#…`, `serial#…`: lib/core/identification/identity.ts. */
  readonly id: string;
  readonly node: NodeId;
}

/** What a node's machine is made of: as it was taken, and as it was seen last. */
export interface NodeHardware {
  readonly node: NodeId;
  readonly version: number;
  readonly machine: MachineId;
  readonly accepted: Hardware;
  readonly seen: Hardware;
}

export const lookup = z.strictObject({ id: z.string(), node: nodeId }) satisfies z.ZodType<Lookup>;

export const nodeHardware = z.strictObject({
  node: nodeId,
  version: z.int().min(1),
  machine: machineId,
  accepted: hardware,
  seen: hardware,
}) satisfies z.ZodType<NodeHardware>;

/** What a node's BMC tells of its machine: as it was taken, and as it was told last. */
export interface NodeBmc {
  readonly node: NodeId;
  readonly version: number;
  /** Which machine it was told of; null: none was known yet. Of another one it is told anew. */
  readonly machine: MachineId | null;
  readonly accepted: BmcFacts;
  readonly seen: BmcFacts;
}

export const nodeBmc = z.strictObject({
  node: nodeId,
  version: z.int().min(1),
  machine: machineId.nullable(),
  accepted: bmcFacts,
  seen: bmcFacts,
}) satisfies z.ZodType<NodeBmc>;

export const verdict = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("identified"),
    node: nodeId,
    by: z.enum([...strategies, "claim", "rule"]),
    evidence: z.string(),
    at,
  }),
  z.strictObject({
    kind: z.literal("held"),
    reason: z.enum(heldReasons),
    why: z.string(),
    candidates: z.array(nodeId),
    at,
  }),
]);

export const foundMachine = z.strictObject({
  id: machineId,
  lab: labId,
  version: z.int().min(1),
  mac,
  hardware,
  bmcAddress: z.string().nullable(),
  firstSeen: at,
  lastSeen: at,
  boots: z.int().min(1),
  verdict,
  forgotten: z.boolean(),
}) satisfies z.ZodType<FoundMachine>;

/** Who a found machine is, as an operator says: a node of the inventory, or a new one. */
export const claimBody = z.union([
  z.strictObject({
    node: nodeId.describe("A node of the lab that has no machine, or whose machine this one replaces"),
  }),
  z.strictObject({
    node: nodeId,
    class: words(63),
    tags: z.array(words(63)).max(50).default([]),
    bmc: z
      .strictObject({
        driver: powerSettings.shape.driver,
        address: powerSettings.shape.address,
        credential: powerSettings.shape.credential,
        options: powerSettings.shape.options.default({}),
      })
      .describe("How the new node's power is reached"),
  }),
]);
export type ClaimBody = z.infer<typeof claimBody>;

const some = <T extends z.ZodType>(shape: T) => z.array(shape).readonly();

/** As people see it. */
const hardwareView = z.object({
  cpus: z.int(),
  memoryMiB: z.int(),
  disks: some(z.object({ name: z.string(), sizeBytes: z.int(), serial: z.string().exactOptional() })),
  nics: some(
    z.object({
      mac: z.string(),
      name: z.string().exactOptional(),
      speedMbps: z.int().exactOptional(),
      link: z.enum(["up", "down"]).exactOptional(),
    }),
  ),
  features: some(z.string()).exactOptional(),
  firmware: z.object({ vendor: z.string(), version: z.string() }).exactOptional(),
  system: z
    .object({
      manufacturer: z.string().exactOptional(),
      product: z.string().exactOptional(),
      uuid: z.string().exactOptional(),
      serial: z.string().exactOptional(),
      assetTag: z.string().exactOptional(),
    })
    .exactOptional(),
  lldp: some(
    z.object({
      mac: z.string(),
      chassis: z.string(),
      port: z.string(),
      systemName: z.string().exactOptional(),
    }),
  ).exactOptional(),
}) satisfies z.ZodType<Hardware>;

export const machineView = z
  .object({
    id: z.string(),
    lab: z.string(),
    state: z.enum(["held", "identified"]),
    reason: z.string().nullable().describe("Why it is held: unknown, ambiguous, duplicate, moved, replaced"),
    why: z.string().describe("In plain words: what it was known by, or why it is held and what to do"),
    node: z.string().nullable().describe("Who it is"),
    candidates: z.array(z.string()).readonly(),
    mac: z.string().describe("Of the interface that it booted from"),
    bmcAddress: z.string().nullable(),
    hardware: hardwareView,
    firstSeen: z.int().describe("Milliseconds since 1970"),
    lastSeen: z.int(),
    boots: z.int(),
  })
  .meta({ id: "Machine" });
export type MachineView = z.infer<typeof machineView>;
