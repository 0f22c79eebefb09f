/**
 * A node's firmware against its profile: read at every inspection, set by a job of its own on a node at rest. Its stage is
 * that of an inspection, whose ladder switches nothing: the job's own steps are the only ones that touch the power meanwhile.
 */
import { nodeFault } from "../fault.ts";
import type { BiosProfile } from "../lab.ts";
import type { BiosDrift } from "../node/firmware.ts";
import type { JobRun, NodeState } from "../node/node.ts";
import { after, seconds } from "../time.ts";
import type { ProgramContext } from "./context.ts";
import { askAgain, commandLimits, done, fatal, onAnswer, retry, type Step, waiting } from "./step.ts";

type Context = Pick<ProgramContext, "lab" | "policy">;

/** Null: it has none, or its lab has none of that name. */
export const biosProfileOf = (
  { biosProfile }: NodeState,
  { lab }: Pick<Context, "lab">,
): BiosProfile | null => (biosProfile === null ? null : (lab.biosProfiles[biosProfile] ?? null));

export const driftText = (drift: readonly BiosDrift[]): string =>
  drift
    .map(({ name, wanted, found }) =>
      found === null ? `it knows no ${name}` : `${name} is ${String(found)}, not ${String(wanted)}`,
    )
    .join("; ");

const read = ({ driver, attributes }: BiosProfile, { policy }: Context): Step => ({
  stage: "inspect",
  name: "read-bios",
  awaits: "the firmware's attributes",
  actions: [{ verb: "bios.read", driver, names: Object.keys(attributes) }],
  limits: commandLimits(policy),
  settle: onAnswer(),
});

/** Part of an inspection: a BMC that tells nothing of its firmware is no worse for that. */
export function biosLook(node: NodeState, context: Context): readonly Step[] {
  const profile = biosProfileOf(node, context);
  if (profile === null) return [];
  return [
    { ...read(profile, context), settle: ({ evidence }) => (evidence.answer === null ? waiting : done) },
  ];
}

const askAgainMs = seconds(15);

export function biosSteps(node: NodeState, job: JobRun, context: Context): readonly Step[] {
  const profile = biosProfileOf(node, context);
  const { policy } = context;
  if (profile === null) return [noProfile(node, context)];
  const drift = node.bios?.drift ?? [];
  const { driver } = profile;
  const attributes = Object.fromEntries(drift.map(({ name, wanted }) => [name, wanted]));
  const unless = (): boolean => drift.length === 0;
  const proveMs = policy.build.firmwareMs;
  return [
    read(profile, context),
    {
      stage: "inspect",
      name: "apply-bios",
      awaits: "the BMC's word that it took them, and that the machine was off and is on again",
      actions: [{ verb: "bios.apply", driver, attributes }, { verb: "power.off" }, { verb: "power.on" }],
      limits: commandLimits(policy),
      unless,
      settle: onAnswer(),
    },
    {
      ...read(profile, context),
      name: "verify-bios",
      awaits: "the firmware's attributes as the profile wants them",
      limits: { noProgressMs: () => proveMs + commandLimits(policy).overallMs, overallMs: 2 * proveMs },
      unless,
      settle: onAnswer(({ evidence: { answer } }) => {
        if (drift.length === 0) return done;
        // A firmware takes them over in its self-test, which may take minutes.
        if (answer === null || answer.at < after(job.stepSince, proveMs)) return askAgain(askAgainMs);
        return fatal(
          nodeFault("bios-unchanged", `the firmware does not take its profile: ${driftText(drift)}`),
        );
      }),
    },
  ];
}

const noProfile = ({ biosProfile }: NodeState, { policy }: Context): Step => ({
  stage: "inspect",
  name: "read-bios",
  awaits: "a BIOS profile",
  // No job ends in the very look that begins it: each has its end on record by itself.
  actions: [{ verb: "power.status" }],
  limits: commandLimits(policy),
  settle: onAnswer(() =>
    retry({
      class: "configuration",
      code: "no-bios-profile",
      message:
        biosProfile === null
          ? "the node has no BIOS profile: give it one in its lab file"
          : `its lab has no BIOS profile ${biosProfile}: put it into the lab file`,
    }),
  ),
});
