/**
 * Programs: which steps a job consists of, in order (R1). The list is made anew from the job and its attempt whenever it
 * is looked at; nothing of it is stored but the current step's name.
 */
import type { Action } from "../command.ts";
import type { Policy } from "../correction/policy.ts";
import { configurationFault, type Fault } from "../fault.ts";
import { type BootId, branded, type InstallationId, isBootId, isInstallationId } from "../ids.ts";
import type { ImageRevision } from "../image.ts";
import type { JobRun, NodeState, Target } from "../node/node.ts";
import { isLight, type LightProgram } from "../node/programs.ts";
import { isOver, type Reservation } from "../reservation/reservation.ts";
import type { Instant } from "../time.ts";
import { biosLook, biosSteps } from "./bios.ts";
import type { ProgramContext } from "./context.ts";
import { misfit } from "./image-needs.ts";
import { networkStep } from "./network.ts";
import {
  type AnchoredStep,
  commandLimits,
  done,
  fatal,
  onAnswer,
  retry,
  type Step,
  type StepContext,
} from "./step.ts";
import { burnInSteps, rescueSteps, type VisitIds } from "./visits.ts";

/** One install attempt of one job: what a netboot permission and a verified write are bound to. */
export const installationOf = (job: JobRun): InstallationId =>
  branded(isInstallationId, `${job.id}.${job.attempt}`);

export type Steps =
  | { readonly known: true; readonly steps: readonly Step[] }
  | { readonly known: false; readonly fault: Fault };

const inspect = (policy: Policy): Step => ({
  stage: "inspect",
  name: "read-power",
  awaits: "the BMC's answer",
  actions: [{ verb: "power.status" }, { verb: "bmc.accounts" }],
  limits: commandLimits(policy),
  settle: onAnswer(),
});

const removeImage = (sha256: string, policy: Policy): Step => ({
  ...inspect(policy),
  name: "remove-image",
  awaits: "the agent's word that an old image is in the lab's image store no more",
  actions: [{ verb: "image.remove", sha256 }],
  // A store that is away is asked again another day: the node has nothing to do with it.
  settle: ({ evidence: { answer } }) => {
    if (answer === null) return { outcome: "waiting" };
    return answer.fault === null ? done : fatal(answer.fault);
  },
});

/** Proved by the BMC's own word, read back. */
function light(
  program: LightProgram,
  node: NodeState,
  job: JobRun,
  context: ProgramContext,
): readonly Step[] {
  const { policy } = context;
  switch (program) {
    case "inspect":
      return job.order?.kind === "collect"
        ? [removeImage(job.order.sha256, policy)]
        : [inspect(policy), ...biosLook(node, context)];
    case "identify":
      return [identify(policy)];
    case "power-on":
      return [power("power.on", "that it is on", policy)];
    case "power-off":
      return [power("power.off", "that it is off", policy)];
    case "power-cycle":
      return [power("power.cycle", "that it was off and is on again", policy)];
    case "bios":
      return biosSteps(node, job, context);
    case "rescue":
      return rescueSteps(visitOf(node, job), job, context);
    case "burn-in":
      return burnInSteps(visitOf(node, job), job, context);
  }
}

const visitOf = (node: NodeState, job: JobRun): VisitIds => {
  const installation = installationOf(job);
  return { installation, boot: bootOf(installation, node) };
};
/** Long enough for a walk through the racks; a BMC keeps it lit by itself, or the agent does. */
const litSeconds = 120;

const identify = (policy: Policy): Step => ({
  ...inspect(policy),
  name: "light-up",
  awaits: "the BMC's word that its light was on",
  actions: [{ verb: "identify", seconds: litSeconds }],
  // A BMC without a light has none the next time either.
  settle: ({ evidence: { answer } }) => {
    if (answer === null) return { outcome: "waiting" };
    return answer.fault === null ? done : fatal(answer.fault);
  },
});

const power = (verb: "power.on" | "power.off" | "power.cycle", word: string, policy: Policy): Step => ({
  ...inspect(policy),
  name: verb.replace(".", "-"),
  awaits: `the BMC's word ${word}`,
  actions: [{ verb }],
});

/** The network boot that would be allowed now: no other command of the node has that epoch. */
const bootOf = (installation: InstallationId, { epoch }: NodeState): BootId =>
  branded(isBootId, `${installation}.b${epoch + 1}`);

export function stepsOf(node: NodeState, job: JobRun, context: ProgramContext): Steps {
  if (isLight(job.program)) return { known: true, steps: light(job.program, node, job, context) };
  const { image, policy, modules, reservation } = context;
  const { target } = job;
  if (target === null || image === null || image.revision !== target.revision) {
    const asked = target === null ? "no image" : `image ${target.image} revision ${target.revision}`;
    return missing("image-missing", `${asked} is not registered: import it and reserve again`);
  }
  const buildSystem = modules.buildSystems.find(({ name }) => name === image.buildSystem);
  const osModule = modules.osModules.find(({ name }) => name === image.osModule);
  if (buildSystem === undefined)
    return missing("build-system-unknown", `image ${image.image} asks for build system ${image.buildSystem}`);
  if (osModule === undefined)
    return missing("os-module-unknown", `image ${image.image} asks for OS module ${image.osModule}`);
  const wrong = misfit(buildSystem, image);
  if (wrong !== null) return missing("image-unfit", `revision ${image.revision}: ${wrong}; register it anew`);

  const step = contextOf(node, job, image, { policy, reservation });
  const address = osModule.address?.(step) ?? beaconAddress(step);
  const anchored = buildSystem.around?.(job.attempt, step) ?? [];
  const load = [
    ...networkStep("load", "provisioning", node, context),
    ...around("load", anchored, buildSystem.load(job.attempt, step)),
    ...around("post-load", anchored, [
      ...(buildSystem.postLoad?.(job.attempt, step) ?? []),
      ...osModule.postLoad(job.attempt, step),
    ]),
    ...(osModule.readsAddressInPostLoad === true ? [] : [address]),
  ];
  switch (job.program) {
    case "introduce":
      return { known: true, steps: osModule.introduce?.(step) ?? [] };
    case "provision": {
      const prove = osModule.prove?.(step) ?? buildSystem.nodeStatus?.(step);
      const check = prove === undefined ? [] : [proveIfLikely(prove, target)];
      const reserve = around("reserve", anchored, [
        ...networkStep("reserve", "reserved", node, context),
        readAgain(address, job.startedAt, policy),
        ...(osModule.grantAccess?.(step) ?? []),
      ]);
      return { known: true, steps: job.proved ? [...check, ...reserve] : [...check, ...load, ...reserve] };
    }
    case "reload":
      return { known: true, steps: after(beforeReload(node, osModule.revokeAccess?.(step) ?? []), load) };
    case "reclaim": {
      const unload = buildSystem.unload?.(step) ?? [];
      const back = networkStep("unload", "provisioning", node, context);
      if (unload.length > 0) return { known: true, steps: [...back, ...unload] };
      const steps = osModule.sanitize?.(step) ?? [];
      if (steps.length > 0)
        return {
          known: true,
          steps: [...networkStep("sanitize", "provisioning", node, context), ...steps],
        };
      return missing("not-proved-clean", `OS module ${osModule.name} names no step that proves a node clean`);
    }
    case "capture": {
      if (buildSystem.capture === undefined)
        return missing(
          "not-capturable",
          `build system ${buildSystem.name} makes no images of what it has loaded`,
        );
      const hooks = { before: osModule.preCapture?.(step) ?? [], after: osModule.postCapture?.(step) ?? [] };
      const steps = [...buildSystem.capture(step, hooks), { ...address, stage: "post-capture" } as const];
      return { known: true, steps: wanted(steps, job, reservation) };
    }
  }
}

/** One that has failed only brings the node back; of one whose reservation is over nobody wants it back. */
function wanted(steps: readonly Step[], job: JobRun, reservation: Reservation | null): readonly Step[] {
  if (job.failing !== undefined) return steps.filter(({ stage }) => stage === "post-capture");
  const forNobody = reservation !== null && isOver(reservation);
  return forNobody ? steps.filter(({ stage }) => stage !== "post-capture") : steps;
}

/** Of a reload, whose reservation may be gone, it is the one whom the node was tainted by. */
function userOf({ disk: { taint } }: NodeState, reservation: Reservation | null): StepContext["user"] {
  if (reservation !== null) return { name: reservation.user, publicKey: reservation.publicKey };
  return taint === null ? null : { name: taint.user, publicKey: null };
}

/** Only a user who was seen on a system that still runs can be sent away. */
const isUserIn = ({ disk: { taint }, operation }: NodeState): boolean =>
  taint !== null && taint.loggedInAt !== null && operation.phase === "run";

/** A user is sent away, and what he may have left where no load reaches is looked for. */
const beforeReload = (node: NodeState, revoke: readonly Action[]): readonly Action[] => [
  ...(isUserIn(node) ? revoke : []),
  ...(node.disk.taint === null ? [] : [{ verb: "bmc.accounts" } as const]),
];

/** In the very command of the first step, so that nothing more has to be waited for. */
const after = (actions: readonly Action[], [first, ...rest]: readonly Step[]): readonly Step[] =>
  first === undefined ? [] : [{ ...first, actions: [...actions, ...first.actions] }, ...rest];

/** Whether a reclaim gives the node up as its build system says, whoever was in (R44). */
export function unloads(node: NodeState, job: JobRun, context: ProgramContext): boolean {
  const program = stepsOf(node, job, context);
  return program.known && program.steps.some(({ stage }) => stage === "unload");
}

function contextOf(
  node: NodeState,
  job: JobRun,
  image: ImageRevision,
  { policy, reservation }: Pick<ProgramContext, "policy" | "reservation">,
): StepContext {
  const installation = installationOf(job);
  return {
    node: node.id,
    attempt: job.attempt,
    installation,
    boot: bootOf(installation, node),
    target: { image: image.image, revision: image.revision },
    content: image.content,
    settings: image.settings,
    osVersion: image.osVersion ?? null,
    ...(job.capture === undefined
      ? {}
      : { capture: { image: job.capture.image, comment: job.capture.comment } }),
    installed: node.disk.installation,
    policy,
    user: userOf(node, reservation),
    members: reservation?.members ?? [],
  };
}

/** A step of the build system beside a stage is corrected as that stage is: the load is tried again, the rest is rebooted. */
function around(
  of: AnchoredStep["of"],
  anchored: readonly AnchoredStep[],
  steps: readonly Step[],
): readonly Step[] {
  const on = (side: AnchoredStep["side"]): Step[] =>
    anchored
      .filter((each) => each.of === of && each.side === side)
      .map(({ step }) => ({ ...step, stage: of === "load" ? "load" : "build-post-load" }));
  return [...on("before"), ...steps, ...on("after")];
}

const missing = (code: string, message: string): Steps => ({
  known: false,
  fault: configurationFault(code, message),
});

/** An OS module without a way to ask believes what the running system says of itself (R29). */
const beaconAddress = ({ policy }: StepContext): Step => ({
  stage: "address",
  name: "read-address",
  awaits: "the address in the running system's beacon",
  actions: [],
  limits: commandLimits(policy),
  settle: ({ address, operation }) => {
    if (address !== null) return done;
    return operation.phase === "run"
      ? retry({ class: "node", code: "no-address", message: "the running system's beacon named no address" })
      : { outcome: "waiting" };
  },
});

/** At hand-over the address is read once more, unless it was read for this job or is young enough (R31, R33). */
const readAgain = (address: Step, jobStartedAt: Instant, policy: Policy): Step => ({
  ...address,
  stage: "reserve",
  name: "check-address",
  unless: (seen) =>
    seen.address !== null && seen.address.at > jobStartedAt - policy.reservation.addressFreshMs,
});

/** Asking is worth it only where the right revision was proved before, nobody had access since, and the system runs. */
const proveIfLikely = (prove: Step, target: Target): Step => ({
  ...prove,
  unless: ({ disk, operation }) =>
    disk.revision !== target.revision || disk.taint !== null || operation.phase !== "run",
});
