/** A policy as it is given to the functions: JSON in the environment variable POLICY, or nothing for the defaults. */
import * as z from "zod";
import { defaultPolicy, type Policy, type PolicyOverrides } from "../core/correction/policy.ts";
import { stages } from "../core/node/node.ts";
import { quota } from "./quota.ts";

const span = z
  .number()
  .min(0)
  .max(30 * 24 * 3_600_000);
/** A year. */
const longSpan = z
  .number()
  .min(0)
  .max(366 * 24 * 3_600_000);
const rungs = z.array(z.enum(["look-again", "reset", "power-cycle", "load-again", "quarantine"])).max(8);
const byAttempt = z.array(span).min(1).max(10);

const build = z.strictObject({ firmwareMs: span, noProgressMs: span, overallMs: span, diskBootMs: span });
const osProfileName = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,31}([/][a-z0-9][a-z0-9.-]{0,31})?$/,
    "is no operating system: family or family/version, as in windows/2008",
  );
const os = z.record(
  osProfileName,
  z.strictObject({
    firmware: byAttempt,
    kernel: byAttempt,
    init: byAttempt,
    channel: byAttempt.exactOptional(),
    overall: byAttempt.exactOptional(),
  }),
);
const osChanges = z.record(
  osProfileName,
  z.strictObject({
    firmware: byAttempt.exactOptional(),
    kernel: byAttempt.exactOptional(),
    init: byAttempt.exactOptional(),
    channel: byAttempt.exactOptional(),
    overall: byAttempt.exactOptional(),
  }),
);
const budget = z.strictObject({
  capacity: z.number().min(1),
  refillMs: span,
  windowMs: span,
  suspectShare: z.number().min(0).max(1),
  suspectAtLeast: z.int().min(1),
  intervalMs: span,
});
const blind = z.strictObject({
  retryMs: span,
  giveUpMs: span,
  atMostMs: span.default(defaultPolicy.blind.atMostMs),
});
const installAttempts = z.int().min(1).max(10);

/** What a lab file or an image may set for itself. */
export const policyOverrides = z.strictObject({
  installAttempts: installAttempts.exactOptional(),
  build: build.exactOptional(),
  os: osChanges.exactOptional(),
  osOverallMs: span.exactOptional(),
  ladder: z
    .strictObject(Object.fromEntries(stages.map((stage) => [stage, rungs.exactOptional()])))
    .exactOptional(),
  budget: budget.exactOptional(),
  blind: blind.exactOptional(),
}) satisfies z.ZodType<PolicyOverrides>;

export const policy = z.strictObject({
  installAttempts,
  infrastructureFaults: z.int().min(0).max(100),
  infrastructureRetryMs: span,
  command: z.strictObject({ notAfterMs: span, runMs: span, sendAgainMs: span, sendAgainAtMostMs: span }),
  hands: z.strictObject({ leaseMs: span, clockMarginMs: span }),
  build,
  os,
  osOverallMs: span,
  ladder: z.strictObject({
    inspect: rungs,
    check: rungs,
    load: rungs,
    "build-post-load": rungs,
    "post-load": rungs,
    address: rungs,
    reserve: rungs,
    sanitize: rungs,
    unload: rungs,
    "pre-capture": rungs.default([...defaultPolicy.ladder["pre-capture"]]),
    capture: rungs.default([...defaultPolicy.ladder.capture]),
    "post-capture": rungs.default([...defaultPolicy.ladder["post-capture"]]),
  }),
  budget,
  blind,
  silentMs: span,
  abandonMs: span.default(defaultPolicy.abandonMs),
  reservation: z.strictObject({
    readyWithinMs: span,
    lookAgainMs: span,
    addressFreshMs: span,
    leadMs: span,
    turnaroundMs: span,
    horizonMs: longSpan,
    warnBeforeMs: span,
    connectWithinMs: span.nullable(),
    longestWaitMs: longSpan,
    personal: quota.default(defaultPolicy.reservation.personal),
  }),
  readiness: z.strictObject({
    leadAtLeastMs: span,
    leadAtMostMs: span,
    leadMarginMs: span,
    horizonMs: span,
    freeForMs: span,
    atOnce: z.int().min(0).max(50),
    spareShare: z.number().min(0).max(1),
    gain: z.number().min(0.01).max(1),
  }),
}) satisfies z.ZodType<Policy>;
