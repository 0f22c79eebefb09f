/** What the agent and the executables that a lab's people keep on their controllers say to each other (docs/network.md). */
import * as z from "zod";
import { testReport } from "./report.ts";
import { words } from "./scalars.ts";

export const networkAnswer = z.strictObject({
  schema: z.literal("rackwright.network-answer/1"),
  /** The switch was asked afterwards, and says so. */
  applied: z.boolean(),
  why: words(500).nullable().default(null),
});

export const biosAnswer = z.strictObject({
  schema: z.literal("rackwright.bios-answer/1"),
  /** For `read`: those that were asked for; null: the firmware knows no such attribute. For `apply`: null. */
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).nullable(),
});

export const testAnswer = z.strictObject({
  schema: z.literal("rackwright.test-answer/1"),
  run: testReport.shape.run,
  result: testReport.shape.result,
  sign: testReport.shape.sign.default(null),
  findings: testReport.shape.findings.default([]),
});
