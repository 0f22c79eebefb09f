/**
 * A draft is the node that a decision is building. Everything in core/ that changes a node changes a draft; the decision
 * ends with one new state, one timeline entry and the effects that are due. Nothing leaks out of `decide`.
 */
import type { Action, ImageContent } from "../command.ts";
import type { Budget } from "../correction/budget.ts";
import { branded, type CommandId, isCommandId, type RevisionId } from "../ids.ts";
import type { ProgramContext } from "../provisioning/context.ts";
import { after, type Instant } from "../time.ts";
import type { HardwareIssue, TimelineEntry } from "../timeline.ts";
import type { CaptureOrder, JobRun, NodeState, Outstanding, Provision } from "./node.ts";
import { jobOf } from "./node.ts";
import { transition } from "./states.ts";

export interface NodeContext extends ProgramContext {
  /** The revision that `image` was looked up for; it is null where that one is not registered. */
  readonly imageFor: RevisionId | null;
  readonly budget: Budget;
  /** What its BMC shares with others. Looked up only where that matters: when a BMC did not answer. */
  readonly powerDomain: string | null;
  /** False: the lab wants to see first what correction would do. */
  readonly corrects: boolean;
  /** Nothing is sent again to a lab of which no controller can be reached. Looked up only when something is due again. */
  readonly labIsSilent: boolean;
  /** So for so long that nobody waits for it any more. */
  readonly labIsAbandoned: boolean;
  /** Bytes written since the last transition; kept beside the state so that progress costs no transition. */
  readonly progress: Progress | null;
}

export interface Progress {
  readonly installation: string;
  readonly boot: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly at: Instant;
}

/** An image's new revision: what it is of, and its bytes, unless its build system keeps them. */
export interface Captured {
  readonly job: JobRun;
  readonly order: CaptureOrder;
  readonly content: ImageContent | null;
  /** What its build system finds it by, beside the settings of what the node was loaded with. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface Draft {
  node: NodeState;
  readonly before: NodeState;
  readonly context: NodeContext;
  /** Sentences for the timeline, in order. Nothing noted means that nothing happened. */
  readonly notes: string[];
  evidence: string | null;
  correction: TimelineEntry["correction"];
  proposed: TimelineEntry["proposed"];
  /** The outstanding command is to be sent, for the first time or again. */
  send: boolean;
  budget: Budget | null;
  issue: HardwareIssue | null;
  /** What a capture has made, to be registered. */
  captured: Captured | null;
  /** The reservation is to look at its nodes. */
  tellReservation: boolean;
}

export const draftOf = (node: NodeState, context: NodeContext): Draft => ({
  node,
  before: node,
  context,
  notes: [],
  evidence: null,
  correction: null,
  proposed: null,
  send: false,
  budget: null,
  issue: null,
  captured: null,
  tellReservation: false,
});

/** The lab's budget as this decision has made it so far. */
export const budgetOf = ({ budget, context }: Draft): Budget => budget ?? context.budget;

export function become(draft: Draft, to: Provision): void {
  draft.node = transition(draft.node, to, draft.context.now);
}

/** Replaces the job of a node that has one. */
export function setJob(draft: Draft, change: Partial<JobRun>): JobRun {
  const job = jobOf(draft.node);
  if (job === null) throw new Error(`node ${draft.node.id} has no job`);
  const changed = { ...job, ...change };
  const { provision } = draft.node;
  if (!("job" in provision)) throw new Error(`a node in ${provision.state} has no job`);
  draft.node = { ...draft.node, provision: { ...provision, job: changed } };
  return changed;
}

/** Commits a command to the node: a new epoch, and its id derived from job and epoch, so that a retry makes the same one. */
export function issue(draft: Draft, purpose: Outstanding["purpose"], actions: readonly Action[]): void {
  const job = jobOf(draft.node);
  if (job === null) throw new Error(`node ${draft.node.id} has no job to issue a command for`);
  const { now, policy } = draft.context;
  const epoch = draft.node.epoch + 1;
  const id: CommandId = branded(isCommandId, `${job.id}.${epoch}`);
  const notAfter = after(now, policy.command.notAfterMs);
  draft.node = { ...draft.node, epoch };
  setJob(draft, {
    command: {
      id,
      purpose,
      epoch,
      actions,
      to: null,
      issuedAt: now,
      notAfter,
      mustEnd: after(notAfter, policy.command.runMs),
      sends: 1,
      sendAgainAt: after(now, policy.command.sendAgainMs),
    },
  });
  draft.send = true;
}

/** An offline node that nobody touches any more. */
export function handsOff(draft: Draft): void {
  const { administrative } = draft.node;
  if (administrative.state !== "offline" || administrative.handsOffAt !== null) return;
  draft.node = { ...draft.node, administrative: { ...administrative, handsOffAt: draft.context.now } };
  draft.notes.push("no hand is on it");
}
