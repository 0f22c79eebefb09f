/**
 * The smallest OS module: a system that tells by beacon when it runs, and nothing more. `postLoad` alone is mandatory.
 * Nothing is run on such a system, so it is never proved clean, and every reclaim of it is a reload.
 * `RACKWRIGHT_MODULES=examples/os-modules/minimal.ts npm run test:conformance` tries it alone; a module of your own is named
 * in the same way. docs/os-modules.md says what each method promises, and how it is shipped.
 */
import { forAttempt } from "../../lib/core/correction/policy.ts";
import { done, type OsModule, runsFromDisk, waiting } from "../../lib/core/provisioning/step.ts";
import { minutes } from "../../lib/core/time.ts";

/** It checks its flash on the first boot after a write; a second attempt gets twice the time. */
const selfTest = [minutes(5), minutes(10)];

export const osModule: OsModule = {
  name: "firmware-appliance",
  postLoad: (attempt, { policy }) => [
    {
      stage: "post-load",
      name: "wait-for-appliance",
      awaits: "the appliance's word that its self-test is over",
      actions: [],
      limits: {
        noProgressMs: () => forAttempt(selfTest, attempt),
        overallMs: policy.osOverallMs,
      },
      settle: (seen) => (runsFromDisk(seen) && seen.operation.phase === "run" ? done : waiting),
    },
  ],
};
