/**
 * Any other build system, wrapped by an executable on the lab controller that answers in JSON (R85, R89). Its images and
 * settings are opaque to us (R86). It is asked to load, then how far it is, until it says that the node has booted what it
 * installed; asked twice for the same installation it only says how far it is.
 */
import type { BuildCall } from "../../command.ts";
import { nodeFault } from "../../fault.ts";
import { type Ms, seconds } from "../../time.ts";
import type { ImageNeeds } from "../image-needs.ts";
import {
  type BuildSystem,
  commandLimits,
  done,
  onBuildReport,
  retry,
  type Step,
  type StepContext,
} from "../step.ts";

const needs: ImageNeeds = {
  content: "none",
  settings: {
    system: {
      is: "the name of an executable on the lab controller",
      required: true,
      pattern: /^[a-z0-9][a-z0-9._-]{0,63}$/,
    },
    unload: {
      is: "yes: a node is given up by it at the end of a reservation",
      required: false,
      pattern: /^(yes|no)$/,
    },
  },
  others: "opaque",
};

const askAgainMs: Ms = seconds(60);

const call = (
  name: BuildCall,
  installation: StepContext["installation"],
  { attempt, target, settings, capture }: StepContext,
): Step["actions"] => {
  const { system = "", unload: _, ...others } = settings;
  return [
    {
      verb: "build.call",
      system,
      call: name,
      installation,
      attempt,
      image: target.image,
      revision: target.revision,
      settings: others,
      ...(name === "capture" && capture !== undefined ? { capture } : {}),
    },
  ];
};

const settle = onBuildReport(askAgainMs);

export const external: BuildSystem = {
  name: "external",
  needs,
  switchesItself: true,
  load: (_attempt, context) => {
    const { installation, policy } = context;
    return [
      {
        stage: "load",
        name: "start-build",
        awaits: "the build system's word that it has begun",
        actions: call("load", installation, context),
        limits: commandLimits(policy),
        settle: (seen) => {
          const settled = settle(seen);
          return settled.outcome === "waiting" && seen.evidence.answer !== null ? done : settled;
        },
      },
      {
        stage: "load",
        name: "finish-build",
        awaits: "the build system's word that the node has booted what it installed",
        actions: call("status", installation, context),
        limits: { noProgressMs: () => policy.build.firmwareMs, overallMs: policy.build.overallMs },
        unless: ({ evidence, installation: current }) => evidence.verified === current,
        settle,
      },
    ];
  },
  nodeStatus: (context) => ({
    stage: "check",
    name: "ask-build-system",
    awaits: "the build system's word on what the node holds",
    actions: call("status", context.installed ?? context.installation, context),
    limits: commandLimits(context.policy),
    settle: (seen) => {
      const settled = settle(seen);
      return settled.outcome === "waiting" && seen.evidence.answer !== null
        ? retry(nodeFault("not-ready", "the build system is still at work on it"))
        : settled;
    },
  }),
  capture: (context, { before, after }) => [
    ...before,
    {
      stage: "capture",
      name: "capture-node",
      awaits:
        "the build system's word that it has an image of the node, and that the node's own system starts again",
      actions: call("capture", context.installation, context),
      limits: {
        noProgressMs: () => context.policy.build.firmwareMs,
        overallMs: context.policy.build.overallMs,
      },
      settle: (seen) => {
        const settled = settle(seen);
        const isKept = seen.evidence.captured?.installation === context.installation;
        return settled.outcome === "done" && !isKept
          ? retry(
              nodeFault(
                "not-captured",
                "the build system is done, and does not say by what it finds the image again",
              ),
            )
          : settled;
      },
    },
    ...after,
  ],
  unload: (context) =>
    context.settings["unload"] === "yes"
      ? [
          {
            stage: "unload",
            name: "give-up",
            awaits: "the build system's word that nothing of it is left",
            actions: call("unload", context.installed ?? context.installation, context),
            limits: commandLimits(context.policy),
            settle,
          },
        ]
      : [],
};
