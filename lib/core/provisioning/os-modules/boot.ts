/** What every OS module waits for first: the operating system on the disk says that it runs. */
import { forAttempt } from "../../correction/policy.ts";
import { done, runsFromDisk, type Step, type StepContext, waiting } from "../step.ts";

/** Time-outs are the named module's own, per phase and install attempt (R9, R11). */
export function waitForOs(module: string, attempt: number, { policy }: StepContext): Step {
  const limits = policy.os[module];
  return {
    stage: "post-load",
    name: "wait-for-os",
    awaits: "the operating system's word that it runs",
    actions: [],
    limits: {
      noProgressMs: ({ phase }) => {
        if (limits === undefined) return policy.osOverallMs;
        if (phase === "kernel" || phase === "init") return forAttempt(limits[phase], attempt);
        return forAttempt(limits.firmware, attempt);
      },
      overallMs: policy.osOverallMs,
    },
    settle: (seen) => (runsFromDisk(seen) && seen.operation.phase === "run" ? done : waiting),
  };
}
