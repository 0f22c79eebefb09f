/**
 * The ladder (R70): what is done about a node that is late, one rung at a time. Nothing above `look-again` is done without
 * an observation that the agent made after the deadline, and no reboot without a token of the lab's budget.
 */
import type { PowerState } from "../command.ts";
import { asksWhoComes } from "../console/patterns.ts";
import { nodeFault } from "../fault.ts";
import { budgetOf, type Draft, issue, setJob } from "../node/draft.ts";
import { type JobRun, jobOf } from "../node/node.ts";
import { giveUp } from "../provisioning/ending.ts";
import { again, restartLoad } from "../provisioning/engine.ts";
import { recordCorrection } from "../provisioning/issue.ts";
import { after, type Instant, spanText } from "../time.ts";
import { take } from "./budget.ts";
import { markLate } from "./late.ts";
import type { Rung } from "./policy.ts";
import { evidenceOf, faultOfTrouble, needsLoad, troubleOf } from "./sighting.ts";

const consoleLines = 40;

/** The deadline that has passed, or null if the node is not late. */
function lateSince(job: JobRun, now: Instant): Instant | null {
  const { noProgressBy, overallBy } = job.clocks;
  const deadline = noProgressBy < overallBy ? noProgressBy : overallBy;
  return now >= deadline ? deadline : null;
}

export function correct(draft: Draft): void {
  const job = jobOf(draft.node);
  const { now, policy } = draft.context;
  // Invariant 7: the power of a node in use is its user's.
  if (draft.node.provision.state === "in-use") return;
  if (job === null || job.command !== null || job.retryAt !== null) return;
  const deadline = lateSince(job, now);
  if (deadline === null) return;
  if (job.correction.budgetAt !== null && now < job.correction.budgetAt) return;

  const { observation } = job.correction;
  if (observation === null || observation.at < deadline) {
    draft.correction = "look-again";
    const trouble = troubleOf(draft.node);
    draft.evidence = trouble === null ? `its deadline was ${deadline}` : evidenceOf(trouble);
    markLate(draft);
    draft.notes.push(
      `late: still awaiting ${job.awaits} after ${spanText(now - job.stepSince)} in ${job.step}; looking again`,
    );
    issue(draft, "look", [{ verb: "power.status" }, { verb: "console.tail", lines: consoleLines }]);
    return;
  }
  const rungs = ladderOf(draft, job);
  const lively = now < job.clocks.noProgressBy;
  const next = nextRung(rungs, job.correction.rung, lively || needsLoad(draft.node));
  const rung = suited(next.rung, job, observation.power, policy.installAttempts);
  if (!draft.context.corrects) return onlySay(draft, rung, job);
  if (rung !== "quarantine" && rung !== "look-again" && !pay(draft, job, rung)) return;
  draft.correction = rung;
  const { correction } = jobOf(draft.node) ?? job;
  setJob(draft, { correction: { ...correction, rung: next.index + 1, budgetAt: null } });
  climb(draft, rung, job);
}

function ladderOf({ context: { policy, modules, image } }: Draft, { stage }: JobRun): readonly Rung[] {
  const rungs = policy.ladder[stage];
  const builder = modules.buildSystems.find(({ name }) => name === image?.buildSystem);
  return stage === "load" && builder?.switchesItself === true
    ? rungs.filter((rung) => rung !== "reset" && rung !== "power-cycle")
    : rungs;
}

/** In a lab that only observes: what would have been done, and then the node has its time once more. */
function onlySay(draft: Draft, rung: Rung, job: JobRun): void {
  const { now } = draft.context;
  draft.proposed = rung;
  draft.notes.push(
    `it hangs in ${draft.node.operation.phase}: correction would ${sayings[rung]}, but its lab only observes`,
  );
  const { correction, clocks } = jobOf(draft.node) ?? job;
  setJob(draft, {
    correction: { ...correction, observation: null },
    clocks: {
      ...clocks,
      noProgressBy: after(now, clocks.noProgressMs),
      overallBy: clocks.overallBy <= now ? after(now, clocks.noProgressMs) : clocks.overallBy,
    },
  });
}

const sayings: Readonly<Record<Rung, string>> = {
  "look-again": "look again",
  reset: "reset it",
  "power-cycle": "power-cycle it",
  "load-again": "load it again",
  quarantine: "quarantine it",
};

/** A node that is lively but past its overall cap, or has nothing to boot, is not rebooted where it is: it is loaded again. */
function nextRung(rungs: readonly Rung[], from: number, onlyLoads: boolean): { rung: Rung; index: number } {
  const index = rungs.findIndex(
    (rung, at) =>
      at >= from && rung !== "look-again" && (!onlyLoads || rung === "load-again" || rung === "quarantine"),
  );
  return index < 0
    ? { rung: "quarantine", index: rungs.length }
    : { rung: rungs[index] ?? "quarantine", index };
}

/** A reset does nothing for a machine that is off, and there is no other load after the last attempt. */
function suited(rung: Rung, job: JobRun, power: PowerState, attempts: number): Rung {
  if (rung === "reset" && power === "off") return "power-cycle";
  const installs = job.program !== "reclaim" && job.stage !== "check";
  return rung === "load-again" && installs && job.attempt >= attempts ? "quarantine" : rung;
}

function pay(draft: Draft, job: JobRun, rung: Rung): boolean {
  const { now, policy } = draft.context;
  const before = budgetOf(draft);
  const taking = take(before, policy.budget, draft.node.id, now, rung === "power-cycle");
  draft.budget = taking.budget;
  const { suspect } = taking.budget;
  if (before.suspect === null && suspect !== null)
    draft.notes.push(`the correction budget of lab ${before.lab} is spent: the lab is suspect`);
  if (taking.taken) {
    if (suspect !== null) draft.notes.push("corrected on probation: its lab is suspect");
    return true;
  }
  draft.notes.push(`the lab is suspect, others are tried first: waiting ${spanText(taking.retryAt - now)}`);
  const { correction } = jobOf(draft.node) ?? job;
  setJob(draft, { correction: { ...correction, budgetAt: taking.retryAt } });
  return false;
}

function climb(draft: Draft, rung: Rung, job: JobRun): void {
  const phase = draft.node.operation.phase;
  const trouble = troubleOf(draft.node);
  const runs = asksWhoComes(job.correction.observation?.console ?? []);
  const hint = runs ? "; its console asks who logs in, so it runs and cannot be reached" : "";
  const late =
    trouble === null
      ? nodeFault(
          `late-in-${phase}`,
          `it hangs in ${phase}: ${job.awaits} did not come within ${spanText(job.clocks.noProgressMs)}${hint}`,
        )
      : faultOfTrouble(trouble);
  switch (rung) {
    case "look-again":
      return;
    case "reset":
      countReboot(draft);
      recordCorrection(draft, job, late, rung);
      draft.notes.push(`it hangs in ${phase}: reset`);
      return issue(draft, "reset", [{ verb: "power.reset" }]);
    case "power-cycle":
      countReboot(draft);
      recordCorrection(draft, job, late, rung);
      draft.notes.push(`it hangs in ${phase}: power cycle`);
      // During a load the load's own steps are the power cycle: off, proved off, network boot allowed anew, on.
      if (job.stage === "load") return restartLoad(draft, jobOf(draft.node) ?? job);
      return issue(draft, "power-cycle", [{ verb: "power.cycle" }]);
    case "load-again":
      countReboot(draft);
      recordCorrection(draft, job, late, rung);
      return again(draft, late);
    case "quarantine":
      return giveUp(draft, late);
  }
}

function countReboot(draft: Draft): void {
  draft.node = { ...draft.node, correctiveReboots: draft.node.correctiveReboots + 1 };
}
