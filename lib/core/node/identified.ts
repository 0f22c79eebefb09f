/** A node gets its machine: from then on something can be built on it (R73, R83). */
import { branded, isJobId } from "../ids.ts";
import { become, type Draft } from "./draft.ts";
import type { NodeEvent } from "./event.ts";
import type { JobRequest } from "./node.ts";

export function foldIdentified(
  draft: Draft,
  { machine, by, evidence, replaces, capacity, burnIn }: Extract<NodeEvent, { kind: "identified" }>,
): void {
  const { provision, disk } = draft.node;
  const offered = capacity ?? draft.node.capacity;
  if (provision.state === "unidentified") {
    // After the inspection, which comes first: whatever waits keeps the node from everybody.
    const waiting = burnIn === undefined ? [] : [firstTest(draft, burnIn)];
    draft.node = { ...draft.node, capacity: offered, waiting: [...draft.node.waiting, ...waiting] };
    draft.notes.push(`machine ${machine} is this node: identified by ${by} (${evidence})`);
    draft.evidence = evidence;
    return become(draft, { state: "enrolled", job: null });
  }
  if (!replaces) return;
  draft.notes.push(`machine ${machine} is this node from now on, in the place of another (${evidence})`);
  draft.evidence = evidence;
  // Nothing is proved of the disks of another machine; that a user may have been on the node stays true.
  const unproved = { image: null, revision: null, installation: null, taint: disk.taint };
  draft.node = { ...draft.node, disk: unproved, capacity: offered, certificate: null, address: null };
}

const firstTest = (
  { node, context }: Draft,
  order: NonNullable<Extract<NodeEvent, { kind: "identified" }>["burnIn"]>,
): JobRequest => ({
  id: branded(isJobId, `${node.id}.burn-in.v${node.version}`),
  program: "burn-in",
  target: null,
  order,
  requestedBy: { kind: "engine", name: "enrolment" },
  requestedAt: context.now,
});
