/** The hardware log of a node, and its return: what was kept out comes back only by way of a check or a load. */
import { newJob } from "../provisioning/job.ts";
import type { HardwareIssue } from "../timeline.ts";
import { become, type Draft } from "./draft.ts";

const mostOpenIssues = 32;

/** A blocking issue keeps the node from everybody; with the last one closed, a quarantined node is checked and comes back. */
export function foldIssue(draft: Draft, issue: HardwareIssue): void {
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

export function giveBack(draft: Draft, reason: string): void {
  const { state } = draft.node.provision;
  if (state !== "quarantined" && state !== "maintenance") return;
  // Somebody has looked at it: what its BMC says now is what is right.
  draft.node = { ...draft.node, openIssues: [], bmcAccounts: null };
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
