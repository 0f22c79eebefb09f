/**
 * The heart: `(node, event, snapshots, now) → new state, timeline entry, what is due`. Pure. It is asked whenever anybody
 * has a reason to look at the node, and answers “nothing” where there is nothing to do, so that asking twice is harmless.
 */

import type { Budget } from "../correction/budget.ts";
import { correct } from "../correction/correct.ts";
import { branded, isJobId, type ReservationId } from "../ids.ts";
import { run, startReload } from "../provisioning/engine.ts";
import { newJob, settle } from "../provisioning/job.ts";
import { installationOf, unloads } from "../provisioning/programs.ts";
import { partOf } from "../reservation/parts.ts";
import { isOver } from "../reservation/reservation.ts";
import { after, earliest, type Instant, latest, type Ms } from "../time.ts";
import type { HardwareIssue, TimelineEntry } from "../timeline.ts";
import { become, type Draft, draftOf, handsOff, issue, type NodeContext, setJob } from "./draft.ts";
import type { NodeEvent } from "./event.ts";
import { foldBeacon, foldResult } from "./evidence.ts";
import { isLight, jobOf, type NodeState, type Outstanding, type Provision, reservationOf } from "./node.ts";

export type NodeDecision =
  | { readonly kind: "nothing"; readonly node: NodeState }
  | {
      readonly kind: "commit";
      readonly node: NodeState;
      readonly entry: TimelineEntry;
      /** To be written in the same transaction, on the version that the decision saw. */
      readonly budget: Budget | null;
      readonly issue: HardwareIssue | null;
      /** To be sent after the commit. */
      readonly send: Outstanding | null;
      /** To be woken after the commit. */
      readonly tell: ReservationId | null;
    };

/** As many as an operator can oversee; a longer queue is a mistake of whoever fills it. */
export const mostWaitingJobs = 8;
const mostOpenIssues = 32;

export function decide(node: NodeState, event: NodeEvent, context: NodeContext): NodeDecision {
  const draft = draftOf(node, context);
  fold(draft, event);
  endFence(draft);
  if (draft.node.administrative.state === "online") {
    heedReservation(draft);
    startWaitingJob(draft);
    run(draft);
    if (draft.notes.length === 0) heedProgress(draft);
    correct(draft);
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
      return foldBeacon(draft, event.beacon);
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
    case "settings":
      draft.node = { ...draft.node, class: event.class, tags: event.tags };
      draft.notes.push(`its settings were changed: class ${event.class}`);
      return;
    case "issue":
      return foldIssue(draft, event.issue);
    case "give-back":
      return giveBack(draft, event.reason);
  }
}

/** What was given to the agent is ended, not waited for; the node's step begins anew when the node is online again. */
function stopHands(draft: Draft): void {
  if (!fence(draft)) handsOff(draft);
}

/** False: no hand is on the node. Else what its agent was given is being ended, and everything waits for that. */
function fence(draft: Draft): boolean {
  const command = jobOf(draft.node)?.command ?? null;
  if (command === null) return false;
  if (command.purpose === "fence") return true;
  const { now, policy } = draft.context;
  const isOver = now > after(command.mustEnd, policy.hands.clockMarginMs);
  if (command.to === null || command.sends === 0 || isOver) {
    setJob(draft, { command: null, retryAt: now });
    return false;
  }
  issue(draft, "fence", [{ verb: "fence" }]);
  // By then whatever was under way has ended, whether anybody says so or not.
  const { command: fencing } = jobOf(draft.node) ?? {};
  if (fencing != null) setJob(draft, { command: { ...fencing, mustEnd: command.mustEnd } });
  draft.notes.push(`command ${command.id} is being ended`);
  return true;
}

/** A fence is waited for until the agent says that nothing runs any more, or until everything must have ended. */
function endFence(draft: Draft): void {
  const command = jobOf(draft.node)?.command;
  const { now, policy } = draft.context;
  if (command?.purpose !== "fence" || now <= after(command.mustEnd, policy.hands.clockMarginMs)) return;
  setJob(draft, { command: null, retryAt: now });
  draft.notes.push("whatever was under way must have ended by now");
  handsOff(draft);
}

/** The clocks of an offline node stand still; what was seen of it before says nothing about it now. */
function shiftClocks(draft: Draft, stoodMs: Ms): void {
  const job = jobOf(draft.node);
  if (job === null) return;
  const { noProgressBy, overallBy } = job.clocks;
  setJob(draft, {
    clocks: {
      ...job.clocks,
      noProgressBy: after(noProgressBy, stoodMs),
      overallBy: after(overallBy, stoodMs),
    },
    correction: { ...job.correction, observation: null },
  });
}

function enqueue(draft: Draft, { request }: Extract<NodeEvent, { kind: "job" }>): void {
  const { waiting, lastJob } = draft.node;
  const known = [...waiting.map(({ id }) => id), jobOf(draft.node)?.id, lastJob?.id];
  // What nobody has asked for is not worth waiting for.
  if (request.requestedBy.kind === "watchdog" && draft.node.provision.state !== "available") return;
  if (known.includes(request.id) || waiting.length >= mostWaitingJobs) return;
  draft.node = { ...draft.node, waiting: [...waiting, request] };
  draft.notes.push(`${request.program} asked for by ${request.requestedBy.name}`);
}

/** A blocking issue keeps the node from everybody; with the last one closed, a quarantined node is checked and comes back. */
function foldIssue(draft: Draft, issue: HardwareIssue): void {
  const others = draft.node.openIssues.filter((each) => each !== issue.id);
  const open = issue.state === "open";
  if (open && others.length >= mostOpenIssues) return;
  draft.issue = issue;
  draft.node = { ...draft.node, openIssues: open && issue.blocking ? [...others, issue.id] : others };
  draft.notes.push(`hardware log: ${issue.fault.message}${open ? "" : `; closed: ${issue.closedBecause}`}`);
  const { provision, openIssues } = draft.node;
  if (!open && openIssues.length === 0 && provision.state === "quarantined")
    giveBack(draft, issue.closedBecause ?? "its last issue was closed");
}

function giveBack(draft: Draft, reason: string): void {
  const { state } = draft.node.provision;
  if (state !== "quarantined" && state !== "maintenance") return;
  draft.node = { ...draft.node, openIssues: [] };
  draft.notes.push(`given back: ${reason}`);
  const { taint } = draft.node.disk;
  const by = { kind: "operator", name: "give-back" } as const;
  const id = `${draft.node.id}.v${draft.node.version + 1}`;
  if (taint === null) {
    become(draft, { state: "enrolled", job: newJob(draft, { id, program: "inspect", target: null, by }) });
  } else {
    const job = newJob(draft, { id, program: "reload", target: taint.target, by });
    become(draft, { state: "loading", reservation: null, job });
  }
}

/** A node follows its reservation: it is prepared for it, and taken back when it is over. */
function heedReservation(draft: Draft): void {
  const { node, context } = draft;
  const id = reservationOf(node);
  if (id === null) return;
  const reservation = context.reservation?.id === id ? context.reservation : null;
  const over = reservation === null || isOver(reservation);
  const { provision } = node;
  switch (provision.state) {
    case "reserved":
      if (!over && provision.job === null) {
        const { image, revision, role } = partOf(reservation, node.id);
        const target = { image, revision };
        const by = { kind: "engine", name: `reservation ${id}` } as const;
        become(draft, {
          ...provision,
          job: newJob(draft, { id: `${id}.${node.id}.v${node.version}`, program: "provision", target, by }),
        });
        draft.notes.push(`to be made ready ${role === null ? "" : `as ${role} `}with ${image} (${revision})`);
      } else if (over) release(draft);
      return;
    case "loading":
    case "configuring":
      if (!over || provision.job.program !== "provision") return;
      if (node.disk.taint === null) release(draft);
      else if (provision.state === "configuring") takeBack(draft, id);
      else startReload(draft, "its reservation is over, and a user may have been in before this load began");
      return;
    case "in-use":
      // What a person has begun on it is ended first.
      if (over && !fence(draft)) takeBack(draft, id);
      return;
    default:
      return;
  }
}

/** Over before anybody had access: nothing to clean. What its disk holds counts only as far as it is proved. */
function release(draft: Draft): void {
  // Free means that no hand is on it: what is under way is ended first.
  if (fence(draft)) return;
  const job = jobOf(draft.node);
  draft.notes.push("its reservation is over before anybody had access: released");
  if (job !== null) settle(draft, job, "abandoned", null);
  // What it was being loaded with goes on without us; its signs of life still say what phase it is in (R67).
  if (job?.boot != null) {
    draft.node = { ...draft.node, disk: { ...draft.node.disk, installation: installationOf(job) } };
  }
  become(draft, { state: "available" });
}

function takeBack(draft: Draft, reservation: ReservationId): void {
  const { taint } = draft.node.disk;
  const by = { kind: "engine", name: `reservation ${reservation}` } as const;
  const job = newJob(draft, {
    id: `${reservation}.${draft.node.id}.reclaim.v${draft.node.version}`,
    program: "reclaim",
    target: taint?.target ?? null,
    by,
  });
  draft.notes.push("its reservation is over: reclaimed");
  become(draft, { state: "reclaiming", reservation, job });
  if (taint !== null && unloads(draft.node, job, draft.context)) return;
  const osModule = draft.context.modules.osModules.find(({ name }) => name === draft.context.image?.osModule);
  if (taint === null || taint.loggedInAt !== null) return startReload(draft, "a user was in");
  if (osModule?.sanitize === undefined) startReload(draft, "it cannot be proved that nobody was in");
}

function startWaitingJob(draft: Draft): void {
  const { provision, waiting } = draft.node;
  if (provision.state === "enrolled" && provision.job === null) {
    const id = `${draft.node.id}.inspect.v${draft.node.version}`;
    const by = { kind: "engine", name: "enrolment" } as const;
    become(draft, { state: "enrolled", job: newJob(draft, { id, program: "inspect", target: null, by }) });
    draft.notes.push("inspected before anybody can have it");
    return;
  }
  if (provision.state === "in-use") return startOnNodeInUse(draft, provision);
  const [next, ...rest] = waiting;
  if (next === undefined || provision.state !== "available") return;
  // Its image was not read for this look: the next one, which is due at once, begins it.
  if (next.target !== null && next.target.revision !== draft.context.imageFor) return;
  draft.node = { ...draft.node, waiting: rest };
  const job = newJob(draft, {
    id: branded(isJobId, next.id),
    program: next.program,
    target: next.target,
    by: next.requestedBy,
  });
  if (isLight(next.program)) become(draft, { state: "enrolled", job });
  else become(draft, { state: "loading", reservation: null, job });
  draft.notes.push(`${next.program} begins`);
}

/** Only what a person wants of its power: anything else waits until it is given back. */
function startOnNodeInUse(draft: Draft, provision: Extract<Provision, { state: "in-use" }>): void {
  const next = draft.node.waiting.find(({ program }) => isLight(program) && program !== "inspect");
  if (next === undefined || provision.job !== null) return;
  const { id, program, requestedBy: by } = next;
  draft.node = { ...draft.node, waiting: draft.node.waiting.filter((each) => each !== next) };
  become(draft, { ...provision, job: newJob(draft, { id, program, target: null, by }) });
  draft.notes.push(`${program} begins`);
}

/** Bytes that were written since count as a sign of life, at the moment when somebody would have thought it late. */
function heedProgress(draft: Draft): void {
  const { progress, now } = draft.context;
  const job = jobOf(draft.node);
  if (job === null || progress === null || job.boot !== progress.boot || job.command !== null) return;
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
  // It stays due, and whoever finds the lab back looks at it.
  if (draft.context.labIsSilent) return;
  const { command } = job;
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

/** When the node must be looked at again at the latest. */
export function dueOf(node: NodeState): Instant | null {
  const job = jobOf(node);
  if (node.administrative.state === "offline")
    return job?.command?.purpose === "fence" ? job.command.sendAgainAt : null;
  if (job === null) {
    const { state } = node.provision;
    if (state === "available" && node.waiting.length > 0) return node.since;
    return state === "reserved" || state === "enrolled" ? node.due : null;
  }
  if (job.command !== null) return job.command.sendAgainAt;
  if (job.retryAt !== null) return job.retryAt;
  // What waits for the budget, or for a BMC, is looked at then; never before it is late again.
  return latest(earliest(job.clocks.noProgressBy, job.clocks.overallBy), job.correction.budgetAt);
}

function conclude(draft: Draft, event: NodeEvent): NodeDecision {
  const { before, context } = draft;
  const moved: NodeState = { ...draft.node, version: before.version + 1 };
  const node: NodeState = { ...moved, due: dueOf(moved) };
  const job = jobOf(node) ?? jobOf(before);
  const reservation = reservationOf(node) ?? reservationOf(before);
  return {
    kind: "commit",
    node,
    budget: draft.budget === null ? null : { ...draft.budget, version: context.budget.version + 1 },
    issue: draft.issue,
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
    },
  };
}
