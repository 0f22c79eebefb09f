/**
 * Virtual machines of libvirt: the image is a base that nobody writes to, each installation a thin disk on top of it. Loaded
 * means that the machine was made from it and is on (R15); giving one up deletes its disk, with whatever was on it (R44).
 */
import { nodeFault } from "../../fault.ts";
import { seconds } from "../../time.ts";
import { contentOf, type ImageNeeds } from "../image-needs.ts";
import { type BuildSystem, commandLimits, onAnswer, onBuildReport, retry, runsFromDisk } from "../step.ts";

const whole = /^[1-9][0-9]{0,6}$/;
const needs: ImageNeeds = {
  content: "required",
  settings: {
    memoryMib: { is: "the machine's memory, in MiB", required: true, pattern: whole },
    cpus: { is: "how many processors it has", required: true, pattern: /^[1-9][0-9]{0,2}$/ },
    diskGib: {
      is: "the size of its disk in GiB, not less than the image's",
      required: true,
      pattern: /^[1-9][0-9]{0,3}$/,
    },
  },
  others: "refused",
};

/** It answers at once; asked again only where an answer came without its word. */
const askAgainMs = seconds(60);
/** A copy takes minutes, and is over in seconds where the disk is small. */
const copyAgainMs = seconds(30);

export const libvirt: BuildSystem = {
  name: "libvirt",
  needs,
  load: (_attempt, { installation, target, settings, policy, ...context }) => {
    const { memoryMib, cpus, diskGib } = settings;
    const image = contentOf(context);
    return [
      {
        stage: "load",
        name: "make-machine",
        awaits: "the hypervisor's word that the machine was made from the image, and is on",
        actions: [
          { verb: "image.prefetch", image },
          {
            verb: "vm.create",
            installation,
            revision: target.revision,
            image,
            memoryMib: Number(memoryMib),
            cpus: Number(cpus),
            diskGib: Number(diskGib),
          },
          { verb: "power.on" },
        ],
        limits: commandLimits(policy),
        settle: onBuildReport(askAgainMs),
      },
    ];
  },
  capture: ({ installation, policy }, { before, after }) => [
    ...before,
    {
      stage: "capture",
      name: "copy-disk",
      awaits: "the agent's word that it holds a copy of the disk, and its checksum",
      actions: [{ verb: "power.off" }, { verb: "vm.capture", installation }],
      // While its host flattens a disk nothing is seen to grow.
      limits: { noProgressMs: () => policy.build.overallMs, overallMs: policy.build.overallMs },
      settle: (seen) => {
        const settled = onBuildReport(copyAgainMs)(seen);
        const isKept = seen.evidence.captured?.installation === installation;
        return settled.outcome === "done" && !isKept
          ? retry(nodeFault("not-captured", "the agent says that it is done, and names no copy"))
          : settled;
      },
    },
    {
      stage: "post-capture",
      name: "start-machine",
      awaits: "the hypervisor's word that the machine is on",
      actions: [{ verb: "power.on" }],
      limits: commandLimits(policy),
      unless: (seen) => runsFromDisk(seen) && seen.operation.phase === "run",
      settle: onAnswer(),
    },
    ...after,
  ],
  unload: ({ installation, installed, policy }) => [
    {
      stage: "unload",
      name: "remove-disk",
      awaits: "the hypervisor's word that the machine is off and its disk is gone",
      actions: [{ verb: "vm.remove", installation: installed ?? installation }],
      limits: commandLimits(policy),
      settle: onBuildReport(askAgainMs),
    },
  ],
};
