/** What every OS module waits for first: the operating system on the disk says that it runs. */
import { profileOf } from "../../correction/os-profiles.ts";
import { forAttempt } from "../../correction/policy.ts";
import { done, runsFromDisk, type Step, type StepContext, waiting } from "../step.ts";

/** Time-outs are those of the operating system and its version, per phase and install attempt (R9, R11). */
export function waitForOs(family: string, attempt: number, { policy, osVersion }: StepContext): Step {
  const limits = profileOf(policy.os, family, osVersion);
  return {
    stage: "post-load",
    name: "wait-for-os",
    awaits: "the operating system's word that it runs",
    actions: [],
    limits: {
      noProgressMs: ({ phase }) => {
        if (limits === null) return policy.osOverallMs;
        if (phase === "kernel" || phase === "init") return forAttempt(limits[phase], attempt);
        return forAttempt(limits.firmware, attempt);
      },
      overallMs: limits?.overall === undefined ? policy.osOverallMs : forAttempt(limits.overall, attempt),
    },
    settle: (seen) => (runsFromDisk(seen) && seen.operation.phase === "run" ? done : waiting),
  };
}
