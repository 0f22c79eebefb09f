/** What `npm start` shows of a reservation while it works: one line for every node. Pure. */

import type { ReservationView } from "../../contracts/reservation-views.ts";
import type { NodeView } from "../../contracts/views.ts";
import { spanText } from "../../core/time.ts";

const barWidth = 16;

/** How far along a node is, from 0 to 1, by what has been proved so far; writing counts by its bytes. */
function fractionOf({ state, phase, job }: NodeView): number {
  if (state === "in-use" || state === "available") return 1;
  if (state === "reserved" || job === null) return 0;
  if (state === "configuring") return phase.name === "run" ? 0.95 : phase.name === "init" ? 0.9 : 0.85;
  if (job.step === "boot-disk") return 0.8;
  if (job.doneBytes !== null && job.totalBytes !== null) return 0.2 + (0.55 * job.doneBytes) / job.totalBytes;
  return job.step === "write-image" ? (phase.name === "build" ? 0.2 : 0.15) : 0.05;
}

const bar = (fraction: number): string => {
  const full = Math.round(fraction * barWidth);
  return `${"█".repeat(full)}${"░".repeat(barWidth - full)}`;
};

function doing({ state, job, phase, fault }: NodeView, now: number): string {
  if (fault !== null) return `quarantined: ${fault}`;
  if (state === "in-use") return "ready";
  if (state === "available") return "free again";
  if (job === null) return state;
  if (job.correcting !== null)
    return `hangs in ${phase.name}: ${job.correcting === "look" ? "looking again" : job.correcting}`;
  const left = Math.max(0, job.until - now);
  return `${job.step} (at most ${spanText(left)} more), awaiting ${job.awaits}`;
}

/** One line, without a line's end. */
export function nodeLine(node: NodeView, now: number): string {
  const reboots = node.correctiveReboots === 0 ? "" : ` · ${node.correctiveReboots} corrective reboots`;
  const attempt = node.job === null ? "" : `attempt ${node.job.attempt}`;
  return [
    node.id.padEnd(8),
    node.state.padEnd(11),
    node.phase.name.padEnd(8),
    bar(fractionOf(node)),
    attempt.padEnd(9),
    doing(node, now) + reboots,
  ].join(" ");
}

export function reservationLine({ id, state, count, image, nodes, cause }: ReservationView): string {
  const why = cause === null ? "" : `: ${cause.message}`;
  return `reservation ${id}  ${state}${why}  ${nodes.length} of ${count} nodes, image ${image}`;
}
