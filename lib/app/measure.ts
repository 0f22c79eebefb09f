/**
 * What a timeline entry counts for. Entries come from the table's stream, at least once: one that comes again is counted
 * again, which happens only where a batch has failed.
 */
import type { Measured } from "../contracts/metrics.ts";
import type { Report } from "../contracts/report.ts";
import type { TimelineEntry } from "../core/timeline.ts";

export function measuredBy(entry: TimelineEntry): readonly Measured[] {
  return entry.entity.kind === "node" ? ofNode(entry) : ofReservation(entry);
}

function ofNode({ from, to, correction, reservation, tookMs }: TimelineEntry): readonly Measured[] {
  const measured: Measured[] = [];
  const moved = from !== to;
  if (moved && tookMs !== undefined && timed.has(from))
    measured.push({ metric: "Seconds", value: tookMs / 1000, of: from });
  if (moved && to === "in-use") measured.push({ metric: "Provisions", value: 1, of: "handed-over" });
  if (moved && to === "quarantined") {
    measured.push({ metric: "Quarantined", value: 1 });
    if (reservation !== null) measured.push({ metric: "Provisions", value: 1, of: "given-up" });
  }
  if (correction !== null) measured.push({ metric: "Corrections", value: 1, of: correction });
  return measured;
}

/** At rest a node stays as long as nobody wants it, which measures nothing. */
const timed: ReadonlySet<string> = new Set(["enrolled", "reserved", "loading", "configuring", "reclaiming"]);

function ofReservation({ from, to, tookMs }: TimelineEntry): readonly Measured[] {
  if (from === to) return [];
  switch (to) {
    case "reserved":
      return [
        { metric: "Reservations", value: 1, of: "ready" },
        ...(tookMs === undefined ? [] : [{ metric: "ReadySeconds", value: tookMs / 1000 } as const]),
      ];
    case "complete":
    case "failed":
      return [{ metric: "Reservations", value: 1, of: to }];
    default:
      return [];
  }
}

/** How long results were on their way. A controller's clock may be ahead by as much as it may be off. */
export const delaysIn = (reports: readonly Report[], nowMs: number): readonly Measured[] =>
  reports.flatMap((report) =>
    report.kind === "command"
      ? [{ metric: "ReportSeconds", value: Math.max(0, nowMs - report.result.endedAt) / 1000 } as const]
      : [],
  );
