/**
 * What the agent and an executable that wraps another build system say to each other: one request as JSON on standard
 * input, one answer as JSON on standard output, exit code 0. docs/build-systems.md has it for people.
 */
import * as z from "zod";
import { buildCalls } from "../core/command.ts";
import { buildReport } from "./report.ts";
import { imageId, imageSettings, installationId, mac, nodeId, revisionId } from "./scalars.ts";

export const buildRequest = z.strictObject({
  schema: z.literal("rackwright.build-request/1"),
  call: z.enum(buildCalls),
  node: nodeId,
  macs: z.array(mac),
  installation: installationId,
  attempt: z.int().min(1),
  image: imageId,
  revision: revisionId,
  settings: imageSettings,
  /** Of the call `capture`: what it becomes. */
  capture: z.strictObject({ image: imageId, comment: z.string() }).exactOptional(),
  /** With these the installed system speaks for itself (lib/contracts/boot.ts); null: it has no voice now. */
  beacon: z.strictObject({ url: z.url(), token: z.string() }).nullable(),
  managementKey: z.string(),
});
export type BuildRequest = z.infer<typeof buildRequest>;

/** Of any other installation than the one that was asked about, the answer is refused. */
export const buildAnswer = z.strictObject({
  schema: z.literal("rackwright.build-answer/1"),
  installation: installationId,
  result: buildReport.shape.result,
  sign: buildReport.shape.sign.default(null),
  fault: buildReport.shape.fault.default(null),
  captured: buildReport.shape.captured,
});
