/** The hardware log of a node, and its return: what was kept out comes back only by way of a check or a load. */
import { newJob } from "../provisioning/job.ts";
import type { HardwareIssue } from "../timeline.ts";
import { become, type Draft } from "./draft.ts";
import type { Actor } from "./node.ts";

const mostOpenIssues = 32;

/**
 * A blocking issue keeps the node from everybody; with the last one closed, it is checked before anybody gets it: a
 * quarantined node comes back by that, a free one is inspected.
 */
export function foldIssue(draft: Draft, issue: HardwareIssue): void {
  const { openIssues: before } = draft.node;
  const others = before.filter((each) => each !== issue.id);
  const open = issue.state === "open";
  if (open && others.length >= mostOpenIssues) return;
  draft.issue = issue;
  draft.node = { ...draft.node, openIssues: open && issue.blocking ? [...others, issue.id] : others };
  draft.notes.push(`hardware log: ${issue.fault.message}${open ? "" : `; closed: ${issue.closedBecause}`}`);
  const { provision, openIssues } = draft.node;
  if (open || openIssues.length > 0) return;
  if (provision.state === "quarantined") giveBack(draft, issue.closedBecause ?? "its last issue was closed");
  if (provision.state === "available" && before.length > 0)
    checkAndReturn(draft, { kind: "engine", name: "hardware log" });
}

/** An operator's word: what is planned for the node is called off, and one that was kept out comes back. */
export function giveBack(draft: Draft, reason: string): void {
  const { state } = draft.node.provision;
  const isOut = state === "quarantined" || state === "maintenance" || state === "retired";
  if (!isOut && draft.node.upkeep === null) return;
  draft.node = { ...draft.node, upkeep: null };
  // Somebody has looked at it: what its BMC says now is what is right.
  if (isOut) draft.node = { ...draft.node, openIssues: [], bmcAccounts: null };
  draft.notes.push(isOut ? `given back: ${reason}` : `its maintenance is called off: ${reason}`);
  if (isOut) checkAndReturn(draft, { kind: "operator", name: "give-back" });
}

/** Nobody gets it before its BMC has answered, or, where a user was in, before it is loaded anew. */
export function checkAndReturn(draft: Draft, by: Actor): void {
  const { taint } = draft.node.disk;
  const id = `${draft.node.id}.v${draft.node.version + 1}`;
  if (taint === null) {
    become(draft, { state: "enrolled", job: newJob(draft, { id, program: "inspect", target: null, by }) });
  } else {
    const job = newJob(draft, { id, program: "reload", target: taint.target, by });
    become(draft, { state: "loading", reservation: null, job });
  }
}
