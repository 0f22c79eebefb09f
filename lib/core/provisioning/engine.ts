/**
 * The engine: runs a job's program step by step, counts install attempts (R4), and decides by the class of a fault what
 * becomes of the node. It settles steps on evidence, so a message that is lost, doubled or late changes nothing but time.
 */
import { unreachableCode, waitBlindly } from "../correction/late.ts";
import { progressBy } from "../correction/sighting.ts";
import { type Fault, nodeFault } from "../fault.ts";
import type { InstallationId } from "../ids.ts";
import { become, type Draft, issue, setJob } from "../node/draft.ts";
import { type JobRun, jobOf, type NodeState, reservationOf, type Stage } from "../node/node.ts";
import { isLight } from "../node/programs.ts";
import { spentBy } from "../prediction/experience.ts";
import { after, type Instant, type Ms, spanText } from "../time.ts";
import { finish, giveUp, startReload } from "./ending.ts";
import { noEvidence, taint } from "./job.ts";
import { installationOf, stepsOf } from "./programs.ts";
import type { Seen, Step } from "./step.ts";

/** No program is nearly as long; reaching it means that steps settle in a circle, which is a bug in a module. */
const mostStepsInOneLook = 32;

const ownOf = ({ disk }: NodeState, job: JobRun): InstallationId => disk.installation ?? installationOf(job);

const seenBy = (draft: Draft, job: JobRun): Seen => ({
  installation: job.program === "capture" ? ownOf(draft.node, job) : installationOf(job),
  operation: draft.node.operation,
  evidence: job.evidence,
  console: job.correction.observation?.console ?? [],
  disk: draft.node.disk,
  address: draft.node.address,
});

/** Goes as far as the evidence allows. */
export function run(draft: Draft): void {
  for (let round = 0; round < mostStepsInOneLook; round += 1) {
    const job = jobOf(draft.node);
    if (job === null) return;
    const { now } = draft.context;
    // A corrective power command is under way: what the node said before it is no evidence of what it does after it.
    const purpose = job.command?.purpose ?? "step";
    if (purpose === "reset" || purpose === "power-cycle" || purpose === "fence") return;
    const program = stepsOf(draft.node, job, draft.context);
    if (!program.known) return giveUp(draft, program.fault);
    const { steps } = program;
    if (job.step === "") {
      beginFrom(draft, steps, 0);
      continue;
    }
    if (job.retryAt !== null) {
      if (now < job.retryAt) return;
      const step = steps.find(({ stage, name }) => stage === job.stage && name === job.step);
      if (step !== undefined && askAgain(draft, job, step)) return;
      beginFrom(draft, steps, restartIndex(steps, job));
      continue;
    }
    const index = steps.findIndex(({ stage, name }) => stage === job.stage && name === job.step);
    const step = steps[index];
    if (step === undefined) {
      beginFrom(draft, steps, 0);
      continue;
    }
    const settled = step.settle(seenBy(draft, job));
    switch (settled.outcome) {
      case "waiting":
        return waitToAsk(draft, job, settled.askAgainMs);
      case "done":
        if (step.stage === "check") {
          draft.notes.push(`the right image is proved to be on it: nothing is loaded`);
          setJob(draft, { proved: true });
          const rest = stepsOf(draft.node, { ...job, proved: true }, draft.context);
          if (rest.known) beginFrom(draft, rest.steps, index + 1);
        } else {
          beginFrom(draft, steps, index + 1);
        }
        break;
      case "retry":
        again(draft, settled.fault);
        break;
      case "fatal":
        giveUp(draft, settled.fault);
        break;
    }
  }
  throw new Error(`node ${draft.node.id}: steps settle in a circle`);
}

/** Whoever is to be asked again is asked in time, but never instead of being found late. */
function waitToAsk(draft: Draft, job: JobRun, askAgainMs: Ms | undefined): void {
  if (askAgainMs === undefined || job.command !== null || job.evidence.answer === null) return;
  const { now } = draft.context;
  const deadline = deadlineOf(job);
  const next = after(now, askAgainMs);
  if (now < deadline) setJob(draft, { retryAt: next < deadline ? next : deadline });
}

const deadlineOf = ({ clocks: { noProgressBy, overallBy } }: JobRun): Instant =>
  noProgressBy < overallBy ? noProgressBy : overallBy;

/** True: the step goes on, by itself or as a late one. Its clocks are those that it began with. */
function askAgain(draft: Draft, job: JobRun, step: Step): boolean {
  const settled = step.settle(seenBy(draft, job));
  if (settled.outcome !== "waiting" || settled.askAgainMs === undefined || job.evidence.answer === null)
    return false;
  const { now } = draft.context;
  setJob(draft, { retryAt: null });
  if (now >= deadlineOf(job)) return true;
  setJob(draft, { evidence: { ...job.evidence, answer: null } });
  issue(draft, "step", step.actions);
  draft.notes.push(`${step.stage}: ${step.name} is asked again, still awaiting ${step.awaits}`);
  return true;
}

/** After a wait the load is begun from its first step, since it starts by proving the power off; any other step by itself. */
function restartIndex(steps: readonly Step[], job: JobRun): number {
  const stage = steps.findIndex(({ stage }) => stage === job.stage);
  if (job.stage === "load" || job.stage === "capture") return Math.max(0, stage);
  return Math.max(
    0,
    steps.findIndex(({ stage, name }) => stage === job.stage && name === job.step),
  );
}

/** Begins the step at `index`, passing over those that are not needed; past the last one, the program is finished. */
function beginFrom(draft: Draft, steps: readonly Step[], index: number): void {
  const job = jobOf(draft.node);
  if (job === null) return;
  const step = steps.slice(index).find(({ unless }) => unless?.(seenBy(draft, job)) !== true);
  if (step === undefined) return finish(draft);
  const opens = (stage: Stage): boolean =>
    step.stage === stage && step === steps.find((each) => each.stage === stage);
  begin(draft, job, step, opens("load") ? "load" : opens("capture") ? "capture" : null);
}

/** `fresh`: what was seen before a load or a capture begins is no evidence of it. */
function begin(draft: Draft, job: JobRun, step: Step, fresh: "load" | "capture" | null): void {
  const { now } = draft.context;
  const sameStage = job.stage === step.stage;
  setJob(draft, {
    stage: step.stage,
    step: step.name,
    stepSince: now,
    spent: spentBy(job, now),
    awaits: step.awaits,
    command: null,
    retryAt: null,
    evidence: fresh !== null ? noEvidence : { ...job.evidence, answer: null, os: null, build: null },
    // The ladder goes on where it was while the same stage of the same attempt is tried again.
    correction: {
      ...job.correction,
      rung: sameStage ? job.correction.rung : 0,
      observation: null,
      budgetAt: null,
    },
  });
  enterState(draft, step.stage);
  if (fresh === "load") {
    // From here on the disk holds nothing that is proved, and the old address is nobody's (R30).
    forgetDisk(draft);
    draft.node = { ...draft.node, disk: { ...draft.node.disk, installation: null }, address: null };
    // Whatever still runs from the boot before is history, even where this step arms none.
    setJob(draft, { boot: null });
  }
  // An operator with a shell may do anything to the disk: it is written anew before somebody else gets it.
  if (lendsShell(step) && draft.node.provision.state !== "in-use") forgetDisk(draft);
  if (step.grants === true) taint(draft);
  if (step.actions.length > 0) {
    issue(draft, "step", step.actions);
    const armed = step.actions.find((action) => "boot" in action);
    if (armed !== undefined) setJob(draft, { boot: armed.boot });
    // What speaks from now on is the system on the disk.
    else if (step.actions.some(({ verb }) => verb === "netboot.clear")) setJob(draft, { boot: null });
  }
  wind(draft, step);
  draft.notes.push(`${step.stage}: ${step.name}, awaiting ${step.awaits}`);
}

const lendsShell = ({ actions }: Step): boolean =>
  actions.some((action) => action.verb === "netboot.visit" && action.visit.kind === "rescue");

function forgetDisk(draft: Draft): void {
  const { disk } = draft.node;
  draft.node = { ...draft.node, disk: { ...disk, image: null, revision: null }, certificate: null };
}

/** Starts both clocks of the current step. */
function wind(draft: Draft, step: Step): void {
  const { now } = draft.context;
  const noProgressMs = step.limits.noProgressMs(draft.node.operation);
  setJob(draft, {
    clocks: {
      noProgressBy: progressBy(draft, noProgressMs),
      noProgressMs,
      overallBy: after(now, step.limits.overallMs),
    },
  });
}

/** The no-progress clock starts anew, with the time that the new phase may take. */
export function rewind(draft: Draft): void {
  const job = jobOf(draft.node);
  if (job === null) return;
  const program = stepsOf(draft.node, job, draft.context);
  const step = program.known
    ? program.steps.find(({ stage, name }) => stage === job.stage && name === job.step)
    : undefined;
  if (step === undefined) return;
  const noProgressMs = step.limits.noProgressMs(draft.node.operation);
  setJob(draft, {
    clocks: { ...job.clocks, noProgressMs, noProgressBy: progressBy(draft, noProgressMs) },
    correction: { ...job.correction, observation: null, budgetAt: null },
  });
}

function enterState(draft: Draft, stage: Stage): void {
  const { node } = draft;
  const job = jobOf(node);
  if (job === null) return;
  switch (stage) {
    case "inspect":
    case "check":
    case "sanitize":
    case "unload":
    case "pre-capture":
    case "capture":
    case "post-capture":
      return;
    case "load":
      return become(draft, { state: "loading", reservation: reservationOf(node), job });
    case "build-post-load":
    case "post-load":
    case "address":
    case "reserve":
      if (node.provision.state === "loading") {
        // The hand-off from build system to OS module goes through here, with its time in the timeline (R16).
        draft.notes.push("bits verified and booted: handed to the OS module");
      }
      return become(draft, { state: "configuring", reservation: reservationOf(node), job });
  }
}

/** “Try again” from any stage repeats the image load with the next attempt (R7); whose fault it was decides who pays. */
export function again(draft: Draft, fault: Fault): void {
  const job = jobOf(draft.node);
  if (job === null) return;
  const { policy, now } = draft.context;
  if (fault.code === unreachableCode) return againBlindly(draft, fault);
  if (job.program === "reclaim") return startReload(draft, fault.message);
  if (fault.class === "configuration") return giveUp(draft, fault);
  if (fault.class === "infrastructure") {
    const count = job.infrastructureFaults + 1;
    if (count > policy.infrastructureFaults) return giveUp(draft, fault);
    draft.notes.push(
      `${fault.message}; not the node's fault, tried again in ${spanText(policy.infrastructureRetryMs)}`,
    );
    setJob(draft, {
      infrastructureFaults: count,
      command: null,
      retryAt: after(now, policy.infrastructureRetryMs),
    });
    return;
  }
  if (job.program === "capture") return captureAgain(draft, job, fault);
  if (job.stage === "check") {
    draft.notes.push(`${fault.message}: it is loaded`);
    return loadAgain(draft, job, job.attempt);
  }
  if (job.attempt >= policy.installAttempts) {
    return giveUp(
      draft,
      nodeFault(fault.code, `${fault.message} (attempt ${job.attempt} of ${policy.installAttempts})`),
    );
  }
  draft.notes.push(`attempt ${job.attempt} failed: ${fault.message}`);
  if (isLight(job.program) || job.program === "introduce") {
    setJob(draft, {
      attempt: job.attempt + 1,
      command: null,
      retryAt: after(now, policy.infrastructureRetryMs),
    });
    return;
  }
  loadAgain(draft, job, job.attempt + 1);
}

/** The disk is read anew; a system that could not be prepared for it is left alone (R22). */
function captureAgain(draft: Draft, job: JobRun, fault: Fault): void {
  const { policy, now } = draft.context;
  // The way back has tries of its own, however often the disk was read in vain.
  const most = job.stage === "post-capture" ? 2 * policy.installAttempts : policy.installAttempts;
  if (job.stage === "pre-capture" || job.attempt >= most) return giveUp(draft, fault);
  draft.notes.push(`attempt ${job.attempt} failed: ${fault.message}`);
  const { correction } = job;
  setJob(draft, {
    attempt: job.attempt + 1,
    command: null,
    correction: { ...correction, rung: 0, observation: null, budgetAt: null },
    retryAt: job.stage === "capture" ? now : after(now, policy.infrastructureRetryMs),
  });
}

/** Nothing was done, and nothing is known: no attempt is counted. */
function againBlindly(draft: Draft, fault: Fault): void {
  const waiting = waitBlindly(draft);
  if (waiting.verdict === "give up") return giveUp(draft, fault);
  setJob(draft, { command: null, retryAt: waiting.until });
}

function loadAgain(draft: Draft, before: JobRun, attempt: number): void {
  const job = setJob(draft, {
    attempt,
    proved: false,
    command: null,
    retryAt: null,
    correction: { ...before.correction, rung: 0, observation: null, budgetAt: null },
  });
  restartLoad(draft, job);
}

/** Begins the load from its first step, within the current attempt. */
export function restartLoad(draft: Draft, job: JobRun): void {
  const program = stepsOf(draft.node, job, draft.context);
  if (!program.known) return giveUp(draft, program.fault);
  const index = program.steps.findIndex(({ stage }) => stage === "load");
  if (index < 0) return giveUp(draft, nodeFault("no-load", "the image's build system has no load step"));
  beginFrom(draft, program.steps, index);
}
