/** A node as it is stored. A change of shape is a new version with a migration (lib/contracts/stored.ts). */
import * as z from "zod";
import { phases } from "../core/command.ts";
import {
  type Actor,
  type CaptureOrder,
  type JobRun,
  type NodeSpec,
  type NodeState,
  type Provision,
  stages,
} from "../core/node/node.ts";
import { lightPrograms, programs } from "../core/node/programs.ts";
import { action, imageContent, powerSettings } from "./command.ts";
import { heard } from "./console.ts";
import { capacity } from "./hardware.ts";
import { wiring } from "./inventory.ts";
import { buildReport, fault, osFacts, testReport } from "./report.ts";
import {
  at,
  bootId,
  commandId,
  controllerId,
  imageId,
  imageSettings,
  installationId,
  issueId,
  jobId,
  journalId,
  labId,
  mac,
  nodeId,
  reservationId,
  revisionId,
  sha256,
} from "./scalars.ts";
import { switchPort } from "./wiring.ts";

export const actor = z.strictObject({
  kind: z.enum(["user", "operator", "message", "watchdog", "timer", "agent", "node", "engine"]),
  name: z.string().max(200),
}) satisfies z.ZodType<Actor>;

export const nodeSpec = z.strictObject({
  id: nodeId,
  lab: labId,
  class: z.string(),
  tags: z.array(z.string()),
  macs: z.array(mac),
  power: powerSettings,
  ...wiring,
  version: z.int().min(1),
}) satisfies z.ZodType<NodeSpec>;

const target = z.strictObject({ image: imageId, revision: revisionId });

const captureOrder = z.strictObject({
  image: imageId,
  comment: z.string(),
  reservation: reservationId.nullable(),
}) satisfies z.ZodType<CaptureOrder>;

const outstanding = z.strictObject({
  id: commandId,
  purpose: z.enum(["step", "look", "reset", "power-cycle", "fence"]),
  epoch: z.int().min(1),
  actions: z.array(action),
  to: z.strictObject({ controller: controllerId, journal: journalId }).nullable(),
  issuedAt: at,
  notAfter: at,
  mustEnd: at,
  sends: z.int().min(0),
  sendAgainAt: at,
});

const biosValue = z.union([z.string(), z.number(), z.boolean()]);

const order = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("rescue"), forMs: z.number().min(0), ended: z.boolean() }),
  z.strictObject({ kind: z.literal("burn-in"), test: z.string().nullable(), minutes: z.int().min(1) }),
  z.strictObject({ kind: z.literal("introduce"), membersAt: z.int().min(1) }),
  z.strictObject({ kind: z.literal("collect"), revision: revisionId, sha256 }),
]);

const jobRun = z.strictObject({
  id: jobId,
  program: z.enum(programs),
  requestedBy: actor,
  target: target.nullable(),
  capture: captureOrder.exactOptional(),
  failing: fault.exactOptional(),
  order: order.exactOptional(),
  startedAt: at,
  attempt: z.int().min(1),
  boot: bootId.nullable(),
  stage: z.enum(stages),
  step: z.string(),
  stepSince: at,
  spent: z.partialRecord(z.enum(stages), z.number().min(0)).default({}),
  awaits: z.string(),
  clocks: z.strictObject({ noProgressBy: at, noProgressMs: z.number().min(0), overallBy: at }),
  command: outstanding.nullable(),
  evidence: z.strictObject({
    answer: z
      .strictObject({ status: z.enum(["completed", "failed"]), fault: fault.nullable(), at })
      .nullable(),
    verified: installationId.nullable(),
    os: osFacts.nullable(),
    build: buildReport.nullable().default(null),
    captured: z
      .strictObject({
        installation: installationId,
        content: imageContent.nullable(),
        settings: imageSettings.exactOptional(),
      })
      .exactOptional(),
    test: testReport.exactOptional(),
    fault: fault.nullable(),
    heard: heard.exactOptional(),
  }),
  hands: controllerId.nullable().default(null),
  correction: z.strictObject({
    rung: z.int().min(0),
    observation: z
      .strictObject({ power: z.enum(["on", "off", "unknown"]), at, console: z.array(z.string()) })
      .nullable(),
    budgetAt: at.nullable(),
    late: z.boolean(),
  }),
  infrastructureFaults: z.int().min(0),
  blindSince: at.nullable(),
  retryAt: at.nullable(),
  proved: z.boolean(),
}) satisfies z.ZodType<JobRun>;

const provision = z.discriminatedUnion("state", [
  z.strictObject({ state: z.literal("unidentified") }),
  z.strictObject({ state: z.literal("enrolled"), job: jobRun.nullable() }),
  z.strictObject({ state: z.literal("available") }),
  z.strictObject({ state: z.literal("reserved"), reservation: reservationId, job: jobRun.nullable() }),
  z.strictObject({
    state: z.enum(["loading", "configuring"]),
    reservation: reservationId.nullable(),
    job: jobRun,
  }),
  z.strictObject({
    state: z.literal("in-use"),
    reservation: reservationId,
    grantedAt: at,
    introducedAt: z.int().min(1).nullable().default(null),
    job: jobRun.nullable().default(null),
  }),
  z.strictObject({
    state: z.literal("capturing"),
    reservation: reservationId.nullable(),
    grantedAt: at,
    job: jobRun,
  }),
  z.strictObject({ state: z.literal("reclaiming"), reservation: reservationId, job: jobRun }),
  z.strictObject({ state: z.enum(["maintenance", "retired"]), reason: z.string() }),
  z.strictObject({ state: z.literal("quarantined"), fault }),
]) satisfies z.ZodType<Provision>;

export const provisionState = z.enum([
  "unidentified",
  "enrolled",
  "available",
  "reserved",
  "loading",
  "configuring",
  "in-use",
  "capturing",
  "reclaiming",
  "maintenance",
  "retired",
  "quarantined",
]);

export const nodeState = z.strictObject({
  id: nodeId,
  lab: labId,
  class: z.string(),
  tags: z.array(z.string()),
  rack: z.string().nullable().default(null),
  switchPort: switchPort.nullable().default(null),
  biosProfile: z.string().nullable().default(null),
  bios: z
    .strictObject({
      profile: z.string(),
      at,
      drift: z.array(z.strictObject({ name: z.string(), wanted: biosValue, found: biosValue.nullable() })),
      issue: z.strictObject({ id: issueId, openedAt: at }).nullable(),
    })
    .nullable()
    .default(null),
  capacity: capacity.nullable().default(null),
  version: z.int().min(1),
  provision,
  since: at,
  last: provisionState.nullable(),
  administrative: z.strictObject({
    state: z.enum(["online", "offline"]),
    reason: z.string().nullable(),
    actor,
    since: at,
    handsOffAt: at.nullable(),
  }),
  operation: z.strictObject({
    phase: z.enum(phases),
    since: at,
    evidenceAt: at,
    boot: bootId.nullable(),
    installation: installationId.nullable(),
    osBoot: z.string().nullable(),
  }),
  power: z.strictObject({ observed: z.enum(["on", "off", "unknown"]), at }),
  disk: z.strictObject({
    image: imageId.nullable(),
    revision: revisionId.nullable(),
    installation: installationId.nullable(),
    taint: z
      .strictObject({
        reservation: reservationId,
        target,
        user: z.string(),
        since: at,
        osBoot: z.string().nullable(),
        loggedInAt: at.nullable(),
      })
      .nullable(),
  }),
  bmcAccounts: z.array(z.string()).nullable().default(null),
  certificate: z
    .strictObject({
      how: z.enum(["written", "sanitized"]),
      image: imageId,
      revision: revisionId,
      at,
      job: jobId,
      controller: controllerId.nullable(),
      proved: z.array(z.string()),
    })
    .nullable()
    .default(null),
  address: z.strictObject({ value: z.string(), at }).nullable(),
  epoch: z.int().min(0),
  loan: z.strictObject({ to: z.string(), until: at.nullable(), reason: z.string() }).nullable().default(null),
  upkeep: z
    .strictObject({
      to: z.enum(["maintenance", "retired"]),
      reason: z.string(),
      until: at.nullable(),
      atEnd: z.enum(["return", "remind"]),
      actor,
      since: at,
    })
    .nullable()
    .default(null),
  waiting: z.array(
    z.strictObject({
      id: jobId,
      program: z.enum(["reload", "capture", ...lightPrograms]),
      target: target.nullable(),
      capture: captureOrder.exactOptional(),
      order: order.exactOptional(),
      requestedBy: actor,
      requestedAt: at,
    }),
  ),
  openIssues: z.array(issueId),
  lastJob: z
    .strictObject({
      id: jobId,
      program: z.enum(programs),
      reservation: reservationId.nullable(),
      outcome: z.enum(["done", "failed", "abandoned"]),
      fault: fault.nullable(),
      at,
    })
    .nullable(),
  lastUsedAt: at,
  correctiveReboots: z.int().min(0),
  due: at.nullable(),
}) satisfies z.ZodType<NodeState>;
