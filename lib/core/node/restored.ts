/**
 * A node whose record comes from a backup. What happened to the machine since is not known: somebody may be on it, its disk
 * may hold anything, and its agent has seen later commands. So nothing is done to it before a person has put it online
 * again, and then it is looked at first; what is only believed of its disk is forgotten, so that it is loaded before
 * anybody gets it; and all its numbers move on, so that nothing new is taken for something that was before.
 */
import { branded, isJobId } from "../ids.ts";
import type { Draft } from "./draft.ts";
import type { NodeEvent } from "./event.ts";
import { stopHands } from "./hands-off.ts";

/** More than a node can have counted between a backup and its return: a look a second for eleven days. */
export const leap = 1_000_000;

export function foldRestored(draft: Draft, event: Extract<NodeEvent, { kind: "restored" }>): void {
  const { actor, reason } = event;
  const { now } = draft.context;
  const { node } = draft;
  const version = node.version + leap;
  const inspection = {
    id: branded(isJobId, `${node.id}.restored.v${version}`),
    program: "inspect",
    target: null,
    requestedBy: actor,
    requestedAt: now,
  } as const;
  const inUse = node.provision.state === "in-use";
  draft.node = {
    ...node,
    version,
    epoch: node.epoch + leap,
    administrative: { state: "offline", reason, actor, since: now, handsOffAt: null },
    power: { observed: "unknown", at: now },
    waiting: [inspection, ...node.waiting],
    ...(inUse
      ? {}
      : {
          disk: { ...node.disk, image: null, revision: null, installation: null },
          certificate: null,
          address: null,
        }),
  };
  draft.notes.push(`restored from a backup: ${reason}`);
  stopHands(draft);
  draft.tellReservation = true;
}
