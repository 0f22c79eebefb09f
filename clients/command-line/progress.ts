/** How a reservation and its nodes stand, in words. Pure. */
import type { Node, Reservation } from "../typescript/client.ts";
import { spanText } from "./text.ts";

export const isReady = ({ state }: Pick<Reservation, "state">): boolean =>
  state === "reserved" || state === "in-use";
export const isOver = ({ state }: Pick<Reservation, "state">): boolean =>
  state === "complete" || state === "failed";

/** `nowMs`: without it nothing in it changes by itself. */
export function reservationLine(
  { id, state, count, image, nodes, placed, position, expected, cause }: Reservation,
  nowMs: number | null = null,
): string {
  const why = cause === null ? "" : `: ${cause.message}`;
  const promised = nodes.length === 0 && placed.length > 0 ? `, ${placed.join(", ")} promised` : "";
  const line = position == null || placed.length > 0 ? "" : `, number ${position} in line`;
  const left = (atMs: number): string => spanText(Math.max(0, atMs - (nowMs ?? 0)));
  const ready =
    nowMs === null || expected == null
      ? ""
      : `, ready in about ${left(expected.at)} (${left(expected.latest)} at most, as a rule)`;
  return `${id}  ${state}${why}  ${nodes.length} of ${count} nodes, image ${image}${promised}${line}${ready}`;
}

/** What a node does, and which evidence it awaits. Without a time nothing in it changes by itself. */
export function nodeDoing(node: Node, nowMs: number | null): string {
  const { state, job, phase, fault, correctiveReboots } = node;
  const reboots = correctiveReboots === 0 ? "" : ` (${correctiveReboots} corrective reboots)`;
  if (fault !== null) return `quarantined: ${fault}${reboots}`;
  if (state === "in-use") return `ready${reboots}`;
  if (job === null) return `-${reboots}`;
  if (job.correcting !== null) return `hangs in ${phase.name}: ${job.correcting}${reboots}`;
  const left = nowMs === null ? "" : ` (at most ${spanText(Math.max(0, job.until - nowMs))} more)`;
  const attempt = job.attempt > 1 ? `attempt ${job.attempt}: ` : "";
  const awaits = job.awaits === "" ? "its turn" : job.awaits;
  return `${attempt}${job.step}${nowMs === null ? "" : written(job)}${left}, awaiting ${awaits}${reboots}`;
}

function written({ doneBytes, totalBytes }: NonNullable<Node["job"]>): string {
  if (doneBytes === null || totalBytes === null || totalBytes === 0) return "";
  return ` ${Math.floor((100 * doneBytes) / totalBytes)} %`;
}

export const nodeLine = (node: Node, nowMs: number | null): string =>
  `  ${node.id.padEnd(12)} ${node.state.padEnd(12)} ${node.phase.name.padEnd(9)} ${nodeDoing(node, nowMs)}`;
