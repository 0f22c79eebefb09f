/**
 * Writes a disk image from our ramdisk: network boot allowed once, power off proved, power on, the ramdisk writes and
 * reads back, the machine boots its disk. “Loaded” needs observed boot state, not an accepted power command (R14, R15).
 */
import { contentOf, type ImageNeeds } from "../image-needs.ts";
import { type BuildSystem, commandLimits, done, onAnswer, retry, runsFromDisk, waiting } from "../step.ts";

const needs: ImageNeeds = {
  content: "required",
  settings: {
    grow: {
      is: "last-partition, which reaches to the end of the disk then",
      required: false,
      pattern: /^last-partition$/,
    },
    wipe: {
      is: "whole-disk, which is overwritten with zeros before the image is written",
      required: false,
      pattern: /^whole-disk$/,
    },
  },
  others: "refused",
};

export const netbootImage: BuildSystem = {
  name: "netboot-image",
  needs,
  load: (_attempt, { installation, boot, target, policy, settings, ...context }) => [
    {
      stage: "load",
      name: "network-boot",
      awaits: "the agent's word that the node was off, was allowed one network boot, and is on",
      actions: [
        { verb: "image.prefetch", image: contentOf(context) },
        { verb: "power.off" },
        {
          verb: "netboot.set",
          installation,
          boot,
          revision: target.revision,
          image: contentOf(context),
          ...(settings["grow"] === "last-partition" ? { grow: settings["grow"] } : {}),
          ...(settings["wipe"] === "whole-disk" ? { wipe: settings["wipe"] } : {}),
        },
        { verb: "boot.set", device: "network", persistence: "once" },
        { verb: "power.on" },
      ],
      limits: commandLimits(policy),
      settle: onAnswer(),
    },
    {
      stage: "load",
      name: "write-image",
      awaits: "the checksum of what is on the disk",
      actions: [],
      limits: {
        noProgressMs: ({ phase }) =>
          phase === "build" ? policy.build.noProgressMs : policy.build.firmwareMs,
        overallMs: policy.build.overallMs,
      },
      settle: ({ evidence, installation: current }) => {
        if (evidence.verified === current) return done;
        return evidence.fault === null ? waiting : retry(evidence.fault);
      },
    },
    {
      stage: "load",
      name: "boot-disk",
      awaits: "a sign of life from the system on the disk",
      actions: [],
      limits: { noProgressMs: () => policy.build.diskBootMs, overallMs: policy.build.overallMs },
      settle: (seen) =>
        runsFromDisk(seen) && ["kernel", "init", "run"].includes(seen.operation.phase) ? done : waiting,
    },
  ],
  capture: ({ installation, installed, boot, target, policy }, { before, after }) => [
    ...before,
    {
      stage: "capture",
      name: "boot-reader",
      awaits: "the agent's word that the node was off, was allowed one network boot to be read, and is on",
      actions: [
        { verb: "power.off" },
        {
          verb: "image.capture",
          installation,
          boot,
          installed: installed ?? installation,
          revision: target.revision,
        },
        { verb: "boot.set", device: "network", persistence: "once" },
        { verb: "power.on" },
      ],
      limits: commandLimits(policy),
      settle: onAnswer(),
    },
    {
      stage: "capture",
      name: "read-disk",
      awaits: "the agent's word that it holds the disk, with the checksum that the node has read",
      actions: [],
      limits: {
        noProgressMs: ({ phase }) =>
          phase === "build" ? policy.build.noProgressMs : policy.build.firmwareMs,
        overallMs: policy.build.overallMs,
      },
      settle: ({ evidence }) => {
        if (evidence.captured?.installation === installation) return done;
        return evidence.fault === null ? waiting : retry(evidence.fault);
      },
    },
    {
      stage: "post-capture",
      name: "boot-own-disk",
      awaits: "the agent's word that the node was off, may not boot from the network, and is on",
      actions: [{ verb: "power.off" }, { verb: "netboot.clear" }, { verb: "power.on" }],
      limits: commandLimits(policy),
      // The ramdisk has restarted the machine by itself, or it was never switched off.
      unless: (seen) =>
        seen.evidence.captured !== undefined || (runsFromDisk(seen) && seen.operation.phase === "run"),
      settle: onAnswer(),
    },
    ...after,
  ],
};
