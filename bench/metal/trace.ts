/**
 * What a cycle on real machines was spent on, from what was written down while it ran: the agent's journal, and what was done
 * to each machine's chassis. Pure.
 */
import type { JournalRecord } from "../../lib/agent/state.ts";
import type { Phase } from "../../lib/core/command.ts";

/** Something that the agent saw or was asked for, and what it did next. Times in milliseconds since 1970. */
export interface Wait {
  readonly node: string;
  /** `request`: it was waited for from what the user has asked for. */
  readonly from: "evidence" | "request";
  readonly evidence: string;
  readonly command: string;
  readonly ms: number;
}

export interface Work {
  readonly waits: readonly Wait[];
  /** How long commands ran: the tools, the BMC, the machine's SSH server. */
  readonly runningMs: number;
}

interface Mark {
  readonly at: number;
  readonly name: string;
}

/**
 * For each command of the node: from the last piece of evidence that was at the agent before it (a beacon, a result), or
 * the user's own request, to its start. What was going on long before, in nobody's time, is no wait: a command before the
 * first of `requests` is left out.
 */
export function workOf(
  records: readonly JournalRecord[],
  node: string,
  requests: readonly Mark[],
  until: number,
): Work {
  const from = requests[0]?.at ?? 0;
  const verbs = new Map<string, string>();
  for (const each of records) {
    if (each.t !== "accepted" || each.command.node !== node) continue;
    verbs.set(each.command.id, each.command.actions.map(({ verb }) => verb).join(", "));
  }
  const evidence = [...requests, ...records.flatMap((each) => evidenceIn(each, node))];
  const starts = new Map<string, number>();
  let runningMs = 0;
  for (const each of records) {
    if (each.t === "started" && verbs.has(each.id)) starts.set(each.id, each.at);
    if (each.t !== "finished") continue;
    const { command, startedAt, endedAt } = each.result;
    if (verbs.has(command) && startedAt !== null && startedAt >= from && endedAt <= until)
      runningMs += endedAt - startedAt;
  }
  const waits = [...starts]
    .filter(([, at]) => at >= from && at <= until)
    .map(([id, at]): Wait => {
      const last = evidence.filter((each) => each.at <= at).sort((a, b) => b.at - a.at)[0];
      const asked = last !== undefined && requests.includes(last);
      const [command, ms] = [verbs.get(id) ?? "", at - (last?.at ?? at)];
      return { node, from: asked ? "request" : "evidence", evidence: last?.name ?? "", command, ms };
    });
  return { waits, runningMs };
}

function evidenceIn(each: JournalRecord, node: string): Mark[] {
  if (each.t !== "report") return [];
  const { report } = each;
  if (report.kind === "command" && report.result.node === node)
    return [{ at: report.result.endedAt, name: "the end of a command" }];
  return report.kind === "beacon" && report.beacon.node === node
    ? [{ at: report.beacon.at, name: nameOf(report.beacon) }]
    : [];
}

const nameOf = ({ phase, verified }: { phase: Phase; verified?: unknown }): string =>
  verified === undefined ? phase : "verified";

/** The physical parts of one load, each until the next; by what it is spent on. */
export const parts = [
  { until: "firmware", by: "BIOS, iPXE, DHCP, until the boot service is asked" },
  { until: "build", by: "kernel and ramdisk: fetched, unpacked, started" },
  { until: "verified", by: "the image: fetched, written, read back" },
  { until: "kernel", by: "restart, BIOS, boot loader, the disk's own kernel" },
  { until: "run", by: "init, SSH" },
] as const;

/** Milliseconds that each part took, in the order of `parts`, for every load of the node that came to its end. */
export function loadsOf(
  records: readonly JournalRecord[],
  node: string,
  poweredOn: readonly number[],
): number[][] {
  const marks = records.flatMap((each) => evidenceIn(each, node)).sort((a, b) => a.at - b.at);
  return poweredOn.flatMap((from, index) => {
    const end = poweredOn[index + 1] ?? Number.POSITIVE_INFINITY;
    const within = marks.filter(({ at }) => at >= from && at < end);
    let last = from;
    const spans: number[] = [];
    for (const { until } of parts) {
      const mark = within.find(({ at, name }) => at >= last && name === until);
      if (mark === undefined) return [];
      spans.push(mark.at - last);
      last = mark.at;
    }
    return [spans];
  });
}

/** When its BMC switched the machine on: lines of the rack's own record of its chassis. */
export const poweredOnIn = (effects: string): number[] =>
  effects
    .split("\n")
    .filter((line) => line.endsWith(" power 1"))
    .map((line) => Number(line.split(" ")[0]));
