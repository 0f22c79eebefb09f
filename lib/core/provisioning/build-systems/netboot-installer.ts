/**
 * A distribution's own installer, network-booted once with the lab's tree and a kickstart, preseed or autoinstall file that
 * the boot service renders for this installation. Done by the installer's own word under its boot's token, failed by what
 * it says, by what its console says, or by the clock (R14, R15, R47, R51).
 */
import { hopelessLine } from "../../console/patterns.ts";
import { nodeFault } from "../../fault.ts";
import type { ImageNeeds } from "../image-needs.ts";
import {
  type BuildSystem,
  commandLimits,
  done,
  onAnswer,
  retry,
  runsFromDisk,
  type Step,
  waiting,
} from "../step.ts";

const fileName = /^[a-z0-9][a-z0-9._-]{0,63}$/;

const needs: ImageNeeds = {
  content: "none",
  settings: {
    distro: {
      is: "the name of a distribution that the lab has registered",
      required: true,
      pattern: fileName,
    },
    template: { is: "the name of a template on the lab controller", required: true, pattern: fileName },
  },
  others: "opaque",
};

const install = (seen: Parameters<Step["settle"]>[0]) => {
  const { evidence, installation, console: lines } = seen;
  if (evidence.verified === installation) return done;
  if (evidence.fault !== null) return retry(evidence.fault);
  const line = hopelessLine(lines);
  return line === null ? waiting : retry(nodeFault("installer-failed", `its console says: ${line.trim()}`));
};

export const netbootInstaller: BuildSystem = {
  name: "netboot-installer",
  needs,
  load: (_attempt, { installation, boot, target, settings, policy, user }) => {
    const { distro = "", template = "", ...variables } = settings;
    const reserved = user === null ? {} : { user: user.name };
    return [
      {
        stage: "load",
        name: "network-boot",
        awaits: "the agent's word that the node was off, may boot the installer once, and is on",
        actions: [
          { verb: "power.off" },
          {
            verb: "netboot.install",
            installation,
            boot,
            revision: target.revision,
            distro,
            template,
            variables: { ...variables, ...reserved },
          },
          { verb: "boot.set", device: "network", persistence: "once" },
          { verb: "power.on" },
        ],
        limits: commandLimits(policy),
        settle: onAnswer(),
      },
      {
        stage: "load",
        name: "install",
        awaits: "the installer's word that all is on the disk",
        actions: [],
        limits: { noProgressMs: () => policy.build.firmwareMs, overallMs: policy.build.overallMs },
        settle: install,
      },
      {
        stage: "load",
        name: "boot-disk",
        awaits: "the machine's boot from the disk",
        actions: [],
        limits: { noProgressMs: () => policy.build.diskBootMs, overallMs: policy.build.overallMs },
        settle: (seen) => (runsFromDisk(seen) ? done : waiting),
      },
    ];
  },
};
