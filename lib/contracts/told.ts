/**
 * Which entries of a timeline are told to others. Each event is paid for, and most changes of a node in the middle of a load
 * only say how far it has come: whoever follows that reads the timeline, or asks `…/progress`.
 */
import type { TimelineEntry } from "../core/timeline.ts";

const people: readonly string[] = ["user", "operator", "message"];

/**
 * All of a reservation. Of a node: a change of its state, a correction (also one that a lab only observes), a fault, and
 * what somebody has asked for.
 */
export const isTold = ({
  entity,
  from,
  to,
  correction,
  proposed,
  notice,
  cause,
  actor,
}: TimelineEntry): boolean =>
  entity.kind === "reservation" ||
  from !== to ||
  correction !== null ||
  proposed !== null ||
  notice !== undefined ||
  cause !== undefined ||
  people.includes(actor.kind);
