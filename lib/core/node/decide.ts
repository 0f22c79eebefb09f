/**
 * The heart: `(node, event, snapshots, now) → new state, timeline entry, what is due`. Pure. It is asked whenever anybody
 * has a reason to look at the node, and answers “nothing” where there is nothing to do, so that asking twice is harmless.
 */

import type { Budget } from "../correction/budget.ts";
import { correct } from "../correction/correct.ts";
import { foldSighting, troubleOf } from "../correction/sighting.ts";
import type { Fault } from "../fault.ts";
import type { LabId, ReservationId } from "../ids.ts";
import { giveUp } from "../provisioning/ending.ts";
import { run } from "../provisioning/engine.ts";
import { after, earliest, type Instant, latest } from "../time.ts";
import type { HardwareIssue, TimelineEntry } from "../timeline.ts";
import { type Captured, type Draft, draftOf, type NodeContext, setJob } from "./draft.ts";
import type { NodeEvent } from "./event.ts";
import { foldBeacon, foldResult } from "./evidence.ts";
import { heedReservation } from "./follow.ts";
import { foldIssue, giveBack } from "./give-back.ts";
import { endFence, shiftClocks, stopHands } from "./hands-off.ts";
import { foldIdentified } from "./identified.ts";
import { jobOf, type NodeState, type Outstanding, reservationOf } from "./node.ts";
import { foldRestored } from "./restored.ts";
import { endRescue, foldUpkeep, heedUpkeep, upkeepEndsAt } from "./upkeep.ts";
import { canBegin, enqueue, startWaitingJob } from "./waiting-jobs.ts";

export type NodeDecision =
  | { readonly kind: "nothing"; readonly node: NodeState }
  | {
      readonly kind: "commit";
      readonly node: NodeState;
      readonly entry: TimelineEntry;
      /** To be written in the same transaction, on the version that the decision saw. */
      readonly budget: Budget | null;
      readonly issue: HardwareIssue | null;
      readonly captured: Captured | null;
      /** To be sent after the commit. */
      readonly send: Outstanding | null;
      /** To be woken after the commit. */
      readonly tell: ReservationId | null;
    };

export function decide(node: NodeState, event: NodeEvent, context: NodeContext): NodeDecision {
  const draft = draftOf(node, context);
  fold(draft, event);
  endFence(draft);
  if (draft.node.administrative.state === "online") {
    heedReservation(draft);
    heedUpkeep(draft);
    startWaitingJob(draft);
    run(draft);
    if (draft.notes.length === 0) heedProgress(draft);
    if (event.kind === "look") heedAbandoned(draft);
    correct(draft);
    heedUpkeep(draft);
    startWaitingJob(draft);
    run(draft);
    sendAgain(draft);
  } else if (jobOf(draft.node)?.command?.purpose === "fence") {
    sendAgain(draft);
  }
  if (draft.notes.length === 0) return { kind: "nothing", node };
  return conclude(draft, event);
}

function fold(draft: Draft, event: NodeEvent): void {
  const { now } = draft.context;
  switch (event.kind) {
    case "look":
      return;
    case "command":
      return foldResult(draft, event.result);
    case "beacon":
      for (const beacon of event.earlier ?? []) foldBeacon(draft, beacon);
      return foldBeacon(draft, event.beacon);
    case "console":
      return foldSighting(draft, event.sighting);
    case "job":
      return enqueue(draft, event);
    case "offline":
    case "online": {
      if (draft.node.administrative.state === event.kind) return;
      draft.node = {
        ...draft.node,
        administrative: {
          state: event.kind,
          reason: event.reason,
          actor: event.actor,
          since: now,
          handsOffAt: null,
        },
      };
      draft.notes.push(`${event.kind}: ${event.reason}`);
      if (event.kind === "offline") stopHands(draft);
      if (event.kind === "online") shiftClocks(draft, now - draft.before.administrative.since);
      draft.tellReservation = true;
      return;
    }
    case "loan": {
      const { loan, reason } = event;
      draft.node = { ...draft.node, loan };
      draft.notes.push(
        `${loan === null ? "given back by whoever it was lent to" : `lent to ${loan.to}`}: ${reason}`,
      );
      return;
    }
    case "identified":
      return foldIdentified(draft, event);
    case "settings": {
      const { class: nodeClass, tags, switchPort, biosProfile } = event;
      const { capacity = draft.node.capacity, rack = draft.node.rack } = event;
      draft.node = { ...draft.node, class: nodeClass, tags, rack, switchPort, biosProfile, capacity };
      draft.notes.push(`its settings were changed: ${event.fields.join(", ")}`);
      return;
    }
    case "issue":
      return foldIssue(draft, event.issue);
    case "upkeep":
      return foldUpkeep(draft, { ...event.upkeep, actor: event.actor, since: now });
    case "end-rescue":
      return endRescue(draft, event.reason);
    case "restored":
      return foldRestored(draft, event);
    case "give-back":
      return giveBack(draft, event.reason);
  }
}

/** Bytes that were written since count as a sign of life, at the moment when somebody would have thought it late. */
function heedProgress(draft: Draft): void {
  const { progress, now } = draft.context;
  const job = jobOf(draft.node);
  if (job === null || progress === null || job.boot !== progress.boot || job.command !== null) return;
  if (troubleOf(draft.node) !== null) return;
  const { clocks } = job;
  const extended = after(progress.at, clocks.noProgressMs);
  if (now < clocks.noProgressBy || extended <= now) return;
  setJob(draft, { clocks: { ...clocks, noProgressBy: extended } });
  const percent = Math.floor((100 * progress.doneBytes) / progress.totalBytes);
  draft.notes.push(`still writing: ${percent} % of ${progress.totalBytes} bytes`);
}

/** No word from the agent: the same command once more. The agent answers from its journal, or refuses what is too old. */
function sendAgain(draft: Draft): void {
  const job = jobOf(draft.node);
  const { now, policy } = draft.context;
  if (job?.command == null || draft.send || now < job.command.sendAgainAt) return;
  const { command } = job;
  // It stays due, and whoever finds the lab back looks at it.
  if (draft.context.labIsSilent) return;
  const wait = Math.min(policy.command.sendAgainMs * 2 ** command.sends, policy.command.sendAgainAtMostMs);
  setJob(draft, { command: { ...command, sends: command.sends + 1, sendAgainAt: after(now, wait) } });
  const first = command.sends === 0;
  draft.notes.push(
    first
      ? `command ${command.id} is due`
      : `no word about command ${command.id}: sent again (${command.sends + 1})`,
  );
  draft.send = true;
}

/** Nobody will carry out what is outstanding: the job ends, with that as its cause. */
function heedAbandoned(draft: Draft): void {
  const { labIsSilent, labIsAbandoned, now } = draft.context;
  const command = jobOf(draft.node)?.command ?? null;
  if (!labIsSilent || !labIsAbandoned || command === null || draft.send) return;
  if (command.purpose !== "fence" && now >= command.sendAgainAt) giveUp(draft, abandoned(draft.node.lab));
}

const abandoned = (lab: LabId): Fault => ({
  class: "infrastructure",
  code: "lab-abandoned",
  message: `lab ${lab} has been silent for so long that nobody waits for it any more: when it is back, give back what was kept out`,
});

/** When the node must be looked at again at the latest. */
export function dueOf(node: NodeState): Instant | null {
  const job = jobOf(node);
  if (node.administrative.state === "offline")
    return job?.command?.purpose === "fence" ? job.command.sendAgainAt : null;
  if (job === null) {
    const { state } = node.provision;
    if (canBegin(node)) return node.since;
    if (state === "maintenance") return upkeepEndsAt(node);
    return state === "reserved" || state === "enrolled" ? node.due : null;
  }
  if (job.command !== null) return job.command.sendAgainAt;
  if (job.retryAt !== null) return job.retryAt;
  // What waits for the budget, or for a BMC, is looked at then; never before it is late again.
  return latest(earliest(job.clocks.noProgressBy, job.clocks.overallBy), job.correction.budgetAt);
}

function conclude(draft: Draft, event: NodeEvent): NodeDecision {
  const { before, context } = draft;
  const moved: NodeState = { ...draft.node, version: draft.node.version + 1 };
  const node: NodeState = { ...moved, due: dueOf(moved) };
  const job = jobOf(node) ?? jobOf(before);
  const reservation = reservationOf(node) ?? reservationOf(before);
  return {
    kind: "commit",
    node,
    budget: draft.budget === null ? null : { ...draft.budget, version: context.budget.version + 1 },
    issue: draft.issue,
    captured: draft.captured,
    send: draft.send ? (jobOf(node)?.command ?? null) : null,
    tell: draft.tellReservation || node.provision.state === "in-use" ? reservation : null,
    entry: {
      entity: { kind: "node", id: node.id },
      sequence: node.version,
      at: context.now,
      actor: event.actor,
      from: before.provision.state,
      to: node.provision.state,
      phase: node.operation.phase,
      why: draft.notes.join("; "),
      evidence: draft.evidence,
      reservation,
      job: job?.id ?? null,
      attempt: job?.attempt ?? null,
      command: jobOf(node)?.command?.id ?? jobOf(before)?.command?.id ?? null,
      correction: draft.correction,
      proposed: draft.proposed,
      ...(node.provision.state === before.provision.state ? {} : { tookMs: context.now - before.since }),
    },
  };
}
