/**
 * The least that a build system is: one method. It lets the machine boot our ramdisk once and is done when the checksum
 * was read back. `RACKWRIGHT_MODULES=examples/build-systems/minimal.ts npm run test:conformance` tries it alone; a module of
 * your own is named in the same way. docs/build-systems.md says what each method promises.
 */
import { contentAlone, contentOf } from "../../lib/core/provisioning/image-needs.ts";
import {
  type BuildSystem,
  commandLimits,
  done,
  onAnswer,
  retry,
  waiting,
} from "../../lib/core/provisioning/step.ts";

export const buildSystem: BuildSystem = {
  name: "minimal",
  needs: contentAlone,
  load: (_attempt, { installation, boot, target, policy, ...image }) => [
    {
      stage: "load",
      name: "boot-ramdisk",
      awaits: "the agent's word that the machine was off, may boot from the network once, and is on",
      actions: [
        { verb: "image.prefetch", image: contentOf(image) },
        { verb: "power.off" },
        { verb: "netboot.set", installation, boot, revision: target.revision, image: contentOf(image) },
        { verb: "boot.set", device: "network", persistence: "once" },
        { verb: "power.on" },
      ],
      limits: commandLimits(policy),
      settle: onAnswer(),
    },
    {
      stage: "load",
      name: "write",
      awaits: "the checksum of what is on the disk",
      actions: [],
      limits: { noProgressMs: () => policy.build.noProgressMs, overallMs: policy.build.overallMs },
      settle: ({ evidence }) => {
        if (evidence.verified === installation) return done;
        return evidence.fault === null ? waiting : retry(evidence.fault);
      },
    },
  ],
};
