/**
 * Jobs in which our ramdisk visits a machine and leaves its disk as it is: an operator's shell for a while, or tests. Both
 * end by time, and the machine boots its own disk afterwards.
 */
import { nodeFault } from "../fault.ts";
import type { BootId, InstallationId } from "../ids.ts";
import type { JobRun } from "../node/node.ts";
import { after, type Ms, minutes, seconds } from "../time.ts";
import type { ProgramContext } from "./context.ts";
import {
  askAgain,
  commandLimits,
  done,
  fatal,
  type Limits,
  type Outcome,
  onAnswer,
  retry,
  type Step,
  waiting,
} from "./step.ts";

export interface VisitIds {
  readonly installation: InstallationId;
  readonly boot: BootId;
}

type Context = Pick<ProgramContext, "policy" | "now">;

const within = (ms: Ms): Limits => ({ noProgressMs: () => ms, overallMs: ms });

const bootRamdisk = (
  { installation, boot }: VisitIds,
  visit: { readonly kind: "rescue" } | { readonly kind: "test"; readonly seconds: number },
  { policy }: Context,
): Step => ({
  stage: "inspect",
  name: "boot-ramdisk",
  awaits: "the agent's word that the node was off, was allowed one network boot, and is on",
  actions: [
    { verb: "power.off" },
    { verb: "netboot.visit", installation, boot, visit },
    { verb: "boot.set", device: "network", persistence: "once" },
    { verb: "power.on" },
  ],
  limits: commandLimits(policy),
  settle: onAnswer(),
});

const bootDisk = ({ policy }: Context): Step => ({
  stage: "inspect",
  name: "boot-disk",
  awaits: "the BMC's word that it was off and is on again, to boot its own disk",
  actions: [
    { verb: "netboot.clear" },
    { verb: "boot.set", device: "disk", persistence: "once" },
    { verb: "power.cycle" },
  ],
  limits: commandLimits(policy),
  settle: onAnswer(),
});

const orderMissing = (what: string, { policy }: Context): Step => ({
  stage: "inspect",
  name: "boot-ramdisk",
  awaits: "its order",
  actions: [{ verb: "power.status" }],
  limits: commandLimits(policy),
  settle: onAnswer(() =>
    retry({ class: "configuration", code: "no-order", message: `${what} was asked for without its time` }),
  ),
});

export function rescueSteps(ids: VisitIds, { order, stepSince }: JobRun, context: Context): readonly Step[] {
  if (order?.kind !== "rescue") return [orderMissing("a rescue", context)];
  const { forMs, ended } = order;
  return [
    bootRamdisk(ids, { kind: "rescue" }, context),
    {
      stage: "inspect",
      name: "hold",
      awaits: "the end of its rescue: an operator has a shell on its console",
      actions: [],
      limits: within(forMs),
      settle: () => (ended || context.now >= after(stepSince, forMs) ? done : waiting),
    },
    bootDisk(context),
  ];
}

/** A test that has said nothing for so long after its time is not waited for. */
const graceMs = minutes(10);
const askAgainMs = seconds(10);

export function burnInSteps(ids: VisitIds, { order }: JobRun, context: Context): readonly Step[] {
  if (order?.kind !== "burn-in") return [orderMissing("a burn-in", context)];
  const { test, minutes: wanted } = order;
  const limits = within(minutes(wanted) + graceMs);
  const run = {
    stage: "inspect",
    name: "run-tests",
    awaits: "what the tests of the machine have found",
    limits,
  } as const;
  if (test === null) {
    const ramdisk = bootRamdisk(ids, { kind: "test", seconds: 60 * wanted }, context);
    return [ramdisk, { ...run, actions: [], settle: verdict(waiting) }, bootDisk(context)];
  }
  const settle = onAnswer(verdict(askAgain(askAgainMs)));
  return [{ ...run, actions: [{ verb: "test.call", test, run: ids.installation, minutes: wanted }], settle }];
}

const verdict =
  (goesOn: Outcome): Step["settle"] =>
  ({ evidence: { test, fault }, installation }) => {
    if (fault !== null) return fatal(fault);
    if (test === undefined || test.run !== installation || test.result === "waiting") return goesOn;
    if (test.result === "passed") return done;
    const findings = test.findings.join("; ") || "it does not say what";
    return fatal(nodeFault("burn-in-failed", `a test of the machine failed: ${findings}`.slice(0, 1000)));
  };
