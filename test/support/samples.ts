/** Valid values of what is stored, each with an id of its own. A test says only what matters to it. */
import { branded, isIssueId, isNodeId } from "../../lib/core/ids.ts";
import type { NodeState } from "../../lib/core/node/node.ts";
import { instant } from "../../lib/core/time.ts";
import type { HardwareIssue, TimelineEntry } from "../../lib/core/timeline.ts";
import { spec, timer, World } from "../core/world.ts";

let counter = 0;
/** Ids that no other test has: test files of one run may share a table. */
export function fresh(prefix: string): string {
  counter += 1;
  return `${prefix}-${process.pid}-${counter}`;
}

/** A free node at rest, in its first version. */
export function aNode(change: Partial<NodeState> = {}): NodeState {
  const { node } = new World().makeAvailable();
  return {
    ...node,
    id: branded(isNodeId, fresh("n")),
    version: 1,
    due: null,
    class: fresh("class"),
    ...change,
  };
}

export const anEntry = (
  node: NodeState,
  sequence: number,
  change: Partial<TimelineEntry> = {},
): TimelineEntry => ({
  entity: { kind: "node", id: node.id },
  sequence,
  at: instant(sequence),
  actor: timer,
  from: "available",
  to: "available",
  phase: "run",
  why: `entry ${sequence}`,
  evidence: null,
  reservation: null,
  job: null,
  attempt: null,
  command: null,
  correction: null,
  proposed: null,
  ...change,
});

/** An open issue that keeps the node from being handed out. */
export const anIssue = (node: NodeState, change: Partial<HardwareIssue> = {}): HardwareIssue => ({
  id: branded(isIssueId, fresh("issue")),
  node: node.id,
  lab: spec.lab,
  version: 1,
  state: "open",
  blocking: true,
  fault: { class: "node", code: "hung", message: "it hung in kernel" },
  evidence: ["console: panic"],
  openedAt: instant(1),
  openedBy: timer,
  closedAt: null,
  closedBecause: null,
  ...change,
});
