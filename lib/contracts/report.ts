/**
 * What an agent tells the control plane: SQS messages on the reports queue, each with a few reports of one controller.
 * A report is believed only if the message's SenderId is that controller (functions/reports.ts).
 */
import * as z from "zod";
import type { ActionResult, Beacon, BuildReport, CommandResult, TestReport } from "../core/command.ts";
import { phases } from "../core/command.ts";
import type { Sighting } from "../core/console/console.ts";
import type { LabId } from "../core/ids.ts";
import type { Instant } from "../core/time.ts";
import { sighting } from "./console.ts";
import { type Found, found } from "./found.ts";
import { bmcFacts } from "./hardware.ts";
import {
  at,
  bootId,
  commandId,
  controllerId,
  imageSettings,
  installationId,
  journalId,
  labId,
  nodeId,
  revisionId,
  sentence,
  sha256,
  words,
} from "./scalars.ts";

export const fault = z.strictObject({
  class: z.enum(["node", "infrastructure", "configuration"]),
  code: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/),
  message: sentence,
});

export const osFacts = z.strictObject({
  revision: revisionId.nullable(),
  osBoot: z.string().min(1).max(64),
  logins: z.int().min(0),
  accounts: z.int().min(0),
  sessions: z.int().min(0),
});

export const buildReport = z.strictObject({
  installation: installationId,
  result: z.enum(["done", "retry", "fatal", "waiting"]),
  sign: words(200).nullable(),
  fault: fault.nullable(),
  captured: z
    .strictObject({
      content: z.strictObject({ sha256, sizeBytes: z.int().positive() }).nullable(),
      settings: imageSettings.exactOptional(),
    })
    .exactOptional(),
}) satisfies z.ZodType<BuildReport>;

const findings = z.array(words(500)).max(50);

export const testReport = z.strictObject({
  run: installationId,
  result: z.enum(["passed", "failed", "waiting"]),
  sign: words(200).nullable(),
  findings,
}) satisfies z.ZodType<TestReport>;

export const tested = z.strictObject({ result: z.enum(["passed", "failed"]), findings });

const actionResult = z.strictObject({
  verb: z.enum([
    "power.on",
    "power.off",
    "power.cycle",
    "power.reset",
    "power.status",
    "bmc.accounts",
    "boot.set",
    "netboot.set",
    "netboot.install",
    "netboot.visit",
    "netboot.clear",
    "network.apply",
    "bios.read",
    "bios.apply",
    "test.call",
    "image.prefetch",
    "image.remove",
    "image.capture",
    "os.probe",
    "os.address",
    "os.sessions",
    "os.reach",
    "os.run",
    "build.call",
    "vm.create",
    "vm.remove",
    "vm.capture",
    "console.tail",
    "identify",
    "fence",
  ]),
  outcome: z.enum(["done", "failed", "skipped", "unknown"]),
  observed: z
    .strictObject({
      power: z.enum(["on", "off", "unknown"]).exactOptional(),
      os: osFacts.exactOptional(),
      address: z.string().min(1).max(256).exactOptional(),
      console: z.array(z.string().max(400)).max(200).exactOptional(),
      consoleAt: z.array(at).max(200).exactOptional(),
      bmcAccounts: z.array(z.string().max(64)).max(64).exactOptional(),
      machine: bmcFacts.exactOptional(),
      build: buildReport.exactOptional(),
      bios: z
        .record(z.string(), z.union([z.string().max(500), z.number(), z.boolean(), z.null()]))
        .exactOptional(),
      test: testReport.exactOptional(),
    })
    .exactOptional(),
  fault: fault.exactOptional(),
  said: sentence.exactOptional(),
}) satisfies z.ZodType<ActionResult>;

export const commandResult = z.strictObject({
  command: commandId,
  node: nodeId,
  epoch: z.int().min(1),
  status: z.enum(["completed", "failed", "aborted", "expired", "refused", "unknown"]),
  startedAt: at.nullable(),
  endedAt: at,
  results: z.array(actionResult).max(9),
  reason: sentence.nullable(),
}) satisfies z.ZodType<CommandResult>;

export const beacon = z.strictObject({
  node: nodeId,
  boot: bootId.nullable(),
  installation: installationId,
  phase: z.enum(phases),
  at,
  progress: z.strictObject({ doneBytes: z.int().min(0), totalBytes: z.int().positive() }).exactOptional(),
  verified: z.strictObject({ sha256 }).exactOptional(),
  captured: z.strictObject({ sha256, sizeBytes: z.int().positive() }).exactOptional(),
  installed: z.literal(true).exactOptional(),
  address: z.string().min(1).max(256).exactOptional(),
  osBoot: z.string().min(1).max(64).exactOptional(),
  login: z.strictObject({ user: z.string().min(1).max(64) }).exactOptional(),
  fault: fault.exactOptional(),
  tested: tested.exactOptional(),
}) satisfies z.ZodType<Beacon>;

export type Report =
  | { readonly kind: "command"; readonly result: CommandResult }
  | { readonly kind: "beacon"; readonly beacon: Beacon }
  /** A line on a console that means something. */
  | { readonly kind: "console"; readonly sighting: Sighting }
  /** A ramdisk has told what it runs on. */
  | { readonly kind: "found"; readonly found: Found }
  /** The agent has started, or says that it is still there. */
  | { readonly kind: "alive"; readonly lab: LabId; readonly at: Instant };

export const report: z.ZodType<Report> = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("command"), result: commandResult }),
  z.strictObject({ kind: z.literal("beacon"), beacon }),
  z.strictObject({ kind: z.literal("console"), sighting }),
  z.strictObject({ kind: z.literal("found"), found }),
  z.strictObject({ kind: z.literal("alive"), lab: labId, at }),
]);

/** The body of one message on the reports queue. */
export const reports = z.strictObject({
  schema: z.literal("rackwright.reports/1"),
  controller: controllerId,
  journal: journalId,
  reports: z.array(report).min(1).max(20),
});
export type Reports = z.infer<typeof reports>;

type PatientReport = Extract<Report, { kind: "beacon" }>;

/** What a beacon says of the phase of a boot; any word beside these is one that somebody may be waiting for. */
const phaseWords: readonly string[] = ["node", "boot", "installation", "phase", "at", "osBoot"];

/** On the way to a running system: a step may wait for that, none for how far a boot has come before. */
export const isPatient = (report: Report): report is PatientReport =>
  report.kind === "beacon" &&
  ["firmware", "build", "kernel", "init"].includes(report.beacon.phase) &&
  Object.keys(report.beacon).every((word) => phaseWords.includes(word));
