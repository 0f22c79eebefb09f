/**
 * Maintenance: nobody new gets the node, whoever has it keeps it to his end, then it is kept out until its time is over.
 * Looked at whenever the node is: nothing depends on the moment in which it was asked for.
 */
import { branded, isIssueId } from "../ids.ts";
import { type Instant, spanText } from "../time.ts";
import { become, type Draft, setJob } from "./draft.ts";
import { checkAndReturn } from "./give-back.ts";
import { jobOf, type NodeState, type Upkeep } from "./node.ts";

export function foldUpkeep(draft: Draft, upkeep: Upkeep): void {
  const { upkeep: before, provision } = draft.node;
  const same =
    before?.to === upkeep.to &&
    before.reason === upkeep.reason &&
    before.until === upkeep.until &&
    before.atEnd === upkeep.atEnd;
  // Whoever wants to repair a retired node brings it back first.
  if (same || provision.state === "retired") return;
  draft.node = { ...draft.node, upkeep };
  const { until, reason } = upkeep;
  const span = until === null ? "" : ` for ${spanText(until - draft.context.now)}`;
  draft.notes.push(`to be ${upkeep.to === "retired" ? "retired" : `in maintenance${span}`}: ${reason}`);
  if (provision.state === "maintenance") become(draft, { state: "maintenance", reason });
}

/** It goes on with its next step; one that has not begun is over as soon as it has. */
export function endRescue(draft: Draft, reason: string): void {
  const order = jobOf(draft.node)?.order;
  if (order?.kind !== "rescue" || order.ended) return;
  setJob(draft, { order: { ...order, ended: true } });
  draft.notes.push(`its rescue is ended: ${reason}`);
}

/** Keeps out a node that is at rest, and brings it back when its time is over. */
export function heedUpkeep(draft: Draft): void {
  const { upkeep, provision, waiting } = draft.node;
  if (upkeep === null) return;
  const { to } = upkeep;
  switch (provision.state) {
    case "available":
      // What was asked for before is done first.
      if (waiting.length > 0) return;
      return isOver(draft, upkeep) ? drop(draft) : keepOut(draft, upkeep);
    case "quarantined":
      return isOver(draft, upkeep) ? drop(draft) : keepOut(draft, upkeep);
    case "maintenance":
      if (to === "retired") return keepOut(draft, upkeep);
      if (isOver(draft, upkeep)) end(draft, upkeep);
      return;
    default:
      return;
  }
}

const isOver = ({ context: { now } }: Draft, { until }: Upkeep): boolean => until !== null && until <= now;

function keepOut(draft: Draft, { to, reason }: Upkeep): void {
  become(draft, { state: to, reason });
  draft.notes.push(to === "retired" ? `retired: ${reason}` : `kept out for maintenance: ${reason}`);
}

function drop(draft: Draft): void {
  draft.node = { ...draft.node, upkeep: null };
  draft.notes.push("its maintenance is over");
}

function end(draft: Draft, upkeep: Upkeep): void {
  if (upkeep.atEnd === "return") {
    drop(draft);
    return checkAndReturn(draft, { kind: "engine", name: "maintenance" });
  }
  const { now } = draft.context;
  const { id, lab, version } = draft.node;
  draft.node = { ...draft.node, upkeep: { ...upkeep, until: null } };
  const message = `its maintenance (${upkeep.reason}) was to be over by now: give it back, or prolong it`;
  draft.notes.push(message);
  // It blocks nothing: the node is kept out as it is.
  draft.issue = {
    id: branded(isIssueId, `${id}.v${version}.maintenance-overdue`),
    node: id,
    lab,
    version: 1,
    state: "open",
    blocking: false,
    fault: { class: "infrastructure", code: "maintenance-overdue", message },
    evidence: [`in maintenance since ${draft.node.since}`],
    openedAt: now,
    openedBy: { kind: "engine", name: "maintenance" },
    closedAt: null,
    closedBecause: null,
  };
}

/** A node in maintenance is looked at then; null: it stays until somebody gives it back. */
export const upkeepEndsAt = ({ upkeep }: NodeState): Instant | null => upkeep?.until ?? null;
