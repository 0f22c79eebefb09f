/**
 * Everything that is stored: its shape, its key, and which indexes it is in. Both stores (DynamoDB and in memory) read
 * and write through this page, so that they cannot differ.
 *
 * One table. `due` is sparse: it holds what carries a deadline, by lab and shard. `pool` is sparse: it holds the free
 * nodes of a class, and the reservations that wait for one. `list` holds what can be listed.
 */
import * as z from "zod";
import type { Calendar } from "../core/calendar/calendar.ts";
import type { Budget } from "../core/correction/budget.ts";
import type { Controller, Lease } from "../core/hands.ts";
import type { FoundMachine } from "../core/identification/machine.ts";
import type { NodeId } from "../core/ids.ts";
import type { Image, ImageRevision } from "../core/image.ts";
import type { JobRecord } from "../core/job-record.ts";
import type { Lab } from "../core/lab.ts";
import type { Progress } from "../core/node/draft.ts";
import { type NodeSpec, type NodeState, stages } from "../core/node/node.ts";
import { lightPrograms } from "../core/node/programs.ts";
import type { Experience } from "../core/prediction/experience.ts";
import type { Person, Project } from "../core/project.ts";
import { type Reservation, reservationStates } from "../core/reservation/reservation.ts";
import { type HardwareIssue, notices, type TimelineEntry } from "../core/timeline.ts";
import { block, type StoredBlock } from "./block.ts";
import { type Codec, codec } from "./codec.ts";
import { type NodeConsole, nodeConsole } from "./console.ts";
import { minimumHardware } from "./hardware.ts";
import {
  foundMachine,
  identification,
  type Lookup,
  lookup,
  type NodeBmc,
  type NodeHardware,
  nodeBmc,
  nodeHardware,
} from "./identification.ts";
import { type Identity, type Inventory, identity, inventory } from "./inventory.ts";
import { policyOverrides } from "./policy.ts";
import { quota } from "./quota.ts";
import { fault } from "./report.ts";
import {
  at,
  commandId,
  controllerId,
  imageId,
  issueId,
  jobId,
  journalId,
  labId,
  mac,
  nodeId,
  projectId,
  reservationId,
  revisionId,
} from "./scalars.ts";
import { storedImage, storedRevision } from "./stored-image.ts";
import { actor, nodeSpec, nodeState } from "./stored-node.ts";
import { biosProfiles, networkWish, switches } from "./wiring.ts";

/** A MAC belongs to one node: an item of its own, written in the same transaction as the node. */
export interface MacAddress {
  readonly mac: string;
  /** Null: nobody's any more. */
  readonly node: string | null;
  readonly version: number;
}

/** Where a watchdog that goes round goes on. */
export interface Cursor {
  readonly id: string;
  readonly from: string | null;
}

/** Free nodes of a class by the revision that runs on them, as far as a watchdog saw. */
export interface Stock {
  readonly id: string;
  readonly ready: Readonly<Record<string, readonly NodeId[]>>;
}

export interface NodeProgress extends Progress {
  readonly node: string;
}

/** By kind: what there is. */
export interface Stored {
  readonly node: NodeState;
  readonly "node-spec": NodeSpec;
  readonly progress: NodeProgress;
  readonly console: NodeConsole;
  readonly reservation: Reservation;
  readonly lab: Lab;
  readonly controller: Controller;
  readonly lease: Lease;
  readonly cursor: Cursor;
  readonly budget: Budget;
  readonly image: Image;
  readonly revision: ImageRevision;
  readonly issue: HardwareIssue;
  readonly machine: FoundMachine;
  readonly lookup: Lookup;
  readonly "node-hardware": NodeHardware;
  readonly "node-bmc": NodeBmc;
  readonly job: JobRecord;
  readonly mac: MacAddress;
  readonly identity: Identity;
  readonly inventory: Inventory;
  readonly project: Project;
  readonly person: Person;
  readonly block: StoredBlock;
  readonly calendar: Calendar;
  readonly timeline: TimelineEntry;
  readonly experience: Experience;
  readonly stock: Stock;
}
export type Kind = keyof Stored;

const member = z.strictObject({ node: nodeId, role: z.string().nullable(), address: z.string() });
const reservation = z.strictObject({
  id: reservationId,
  version: z.int().min(1),
  owner: z.string(),
  project: projectId.nullable().default(null),
  image: imageId,
  revision: revisionId,
  roles: z
    .array(z.strictObject({ name: z.string(), image: imageId, revision: revisionId, count: z.int().min(1) }))
    .default([]),
  roleOf: z.record(z.string(), z.string()).default({}),
  class: z.string(),
  tags: z.array(z.string()),
  minimum: minimumHardware.exactOptional(),
  needs: minimumHardware.exactOptional(),
  lab: labId.nullable(),
  network: networkWish.exactOptional(),
  prefer: z.array(nodeId),
  count: z.int().min(1),
  start: at,
  end: at,
  asap: z.boolean(),
  leadMs: z.number().min(0),
  placed: z.array(nodeId),
  passed: z.boolean().default(false),
  user: z.string(),
  publicKey: z.string().nullable(),
  email: z.string().nullable().default(null),
  members: z.array(member).default([]),
  membersAt: z.int().min(1).nullable().default(null),
  hearsLogins: z.boolean().default(false),
  state: z.enum(reservationStates),
  last: z.enum(reservationStates).nullable(),
  since: at,
  createdAt: at,
  nodes: z.array(nodeId),
  readyBy: at,
  readyAt: at.nullable(),
  warnedOf: at.nullable().default(null),
  endedAt: at.nullable(),
  outcome: z.enum(["complete", "failed"]).nullable(),
  cause: fault.nullable(),
  correctiveReboots: z.int().min(0),
  due: at.nullable(),
});

const rung = z.enum(["look-again", "reset", "power-cycle", "load-again", "quarantine"]);

const timeline = z.strictObject({
  entity: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("node"), id: nodeId }),
    z.strictObject({ kind: z.literal("reservation"), id: reservationId }),
  ]),
  sequence: z.int().min(1),
  at,
  actor,
  from: z.string(),
  to: z.string(),
  phase: z.string().nullable(),
  why: z.string(),
  evidence: z.string().nullable(),
  reservation: reservationId.nullable(),
  job: jobId.nullable(),
  attempt: z.int().nullable(),
  command: commandId.nullable(),
  correction: rung.nullable(),
  proposed: rung.nullable().default(null),
  tookMs: z.number().min(0).exactOptional(),
  notice: z.enum(notices).exactOptional(),
  cause: z.string().exactOptional(),
});

const byStage = z.partialRecord(
  z.enum(stages),
  z.strictObject({ count: z.int().min(1), meanMs: z.number().min(0), deviationMs: z.number().min(0) }),
);

/** The codecs. How a shape may change: docs/operations.md. */
export const codecs: { readonly [K in Kind]: Codec<Stored[K]> } = {
  node: codec(1, nodeState),
  "node-spec": codec(1, nodeSpec),
  progress: codec(
    1,
    z.strictObject({
      node: z.string(),
      installation: z.string(),
      boot: z.string(),
      doneBytes: z.int(),
      totalBytes: z.int(),
      at,
    }),
  ),
  console: codec(1, nodeConsole),
  reservation: codec(1, reservation),
  lab: codec(
    1,
    z.strictObject({
      id: labId,
      version: z.int().min(1),
      controllers: z.array(controllerId),
      classes: z.array(z.string()).default([]),
      correction: z.enum(["act", "observe"]),
      overrides: policyOverrides.nullable(),
      switches: switches.default({}),
      biosProfiles: biosProfiles.default({}),
      identification: identification.exactOptional(),
    }),
  ),
  controller: codec(
    1,
    z.strictObject({
      id: controllerId,
      version: z.int().min(1),
      journal: journalId,
      candidate: z.strictObject({ journal: journalId, since: at }).nullable(),
      reachable: z.boolean(),
      since: at.exactOptional(),
    }),
  ),
  cursor: codec(1, z.strictObject({ id: z.string(), from: z.string().nullable() })),
  lease: codec(
    1,
    z.strictObject({
      lab: labId,
      domain: z.string(),
      version: z.int().min(1),
      owner: controllerId,
      generation: z.int().min(1),
      until: at,
    }),
  ),
  budget: codec(
    1,
    z.strictObject({
      lab: labId,
      version: z.int().min(1),
      nodes: z.int().min(0),
      tokens: z.number(),
      at,
      late: z.array(z.strictObject({ node: nodeId, at })),
      blind: z.array(z.strictObject({ node: nodeId, domain: z.string(), at })).default([]),
      suspect: z
        .strictObject({
          since: at,
          allowance: z.number(),
          used: z.number(),
          intervalAt: at,
          canaries: z.array(nodeId),
        })
        .nullable(),
    }),
  ),
  image: codec(1, storedImage),
  revision: codec(1, storedRevision),
  issue: codec(
    1,
    z.strictObject({
      id: issueId,
      node: nodeId,
      lab: labId,
      version: z.int().min(1),
      state: z.enum(["open", "closed"]),
      blocking: z.boolean(),
      fault,
      evidence: z.array(z.string()),
      openedAt: at,
      openedBy: actor,
      closedAt: at.nullable(),
      closedBecause: z.string().nullable(),
    }),
  ),
  machine: codec(1, foundMachine),
  lookup: codec(1, lookup),
  "node-hardware": codec(1, nodeHardware),
  "node-bmc": codec(1, nodeBmc),
  job: codec(
    1,
    z.strictObject({
      id: jobId,
      version: z.int().min(1),
      kind: z.enum(["reserve", "end", "reload", "capture", ...lightPrograms]),
      node: nodeId.nullable(),
      reservation: reservationId.nullable(),
      requestedBy: actor,
      requestedAt: at,
      state: z.enum(["accepted", "done", "failed", "abandoned"]),
      cause: fault.nullable(),
      endedAt: at.nullable(),
      revision: revisionId.exactOptional(),
    }),
  ),
  block: codec(1, block),
  project: codec(
    1,
    z.strictObject({
      id: projectId,
      version: z.int().min(1),
      members: z.array(z.string()),
      quota,
      live: z.array(reservationId),
    }),
  ),
  person: codec(1, z.strictObject({ id: z.string(), version: z.int().min(1), live: z.array(reservationId) })),
  mac: codec(1, z.strictObject({ mac, node: nodeId.nullable(), version: z.int().min(1).default(1) })),
  identity: codec(1, identity),
  inventory: codec(1, inventory),
  calendar: codec(
    1,
    z.strictObject({
      node: nodeId,
      period: z.int().min(0),
      version: z.int().min(1),
      bookings: z.array(z.strictObject({ from: at, to: at, reservation: reservationId })),
    }),
  ),
  timeline: codec(1, timeline),
  experience: codec(
    1,
    z.strictObject({
      id: z.string(),
      version: z.int().min(1),
      stages: byStage,
      handedOver: z.int().min(0),
      withoutLoad: z.int().min(0),
      demand: z.strictObject({
        since: at,
        at,
        recent: z.number().min(0),
        hours: z.record(z.string(), z.number().min(0)),
      }),
    }),
  ),
  stock: codec(1, z.strictObject({ id: z.string(), ready: z.record(z.string(), z.array(nodeId)) })),
};

/** An item of the table, before its body is parsed by the codec of its kind. What changes often has it `packed`. */
export const storedItem = z.looseObject({
  pk: z.string(),
  sk: z.string(),
  kind: z.string(),
  schema: z.int(),
  body: z.unknown().optional(),
  packed: z.unknown().optional(),
});

/** What is packed: the body of one item, and entries of its timeline, the newest last. */
export const packedContent = z.object({ body: z.unknown(), entries: z.array(z.unknown()).default([]) });
export type PackedContent = z.infer<typeof packedContent>;

/** What can be woken, and has a timeline. */
export interface Ref {
  readonly kind: "node" | "reservation";
  readonly id: string;
}
