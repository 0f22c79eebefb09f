/**
 * What the agent takes and what it refuses, decided before anything is done (R56). Pure. A command that it knows is never
 * taken twice; one that is older than another for the same node, too late, or meant for another journal touches nothing.
 */
import { command } from "../contracts/command.ts";
import { explain } from "../contracts/scalars.ts";
import type { Command, CommandResult } from "../core/command.ts";
import type { JournalId, LabId } from "../core/ids.ts";
import { type Instant, instant } from "../core/time.ts";
import type { AgentState } from "./state.ts";

export type Verdict =
  | { readonly verdict: "accepted"; readonly command: Command; readonly aborts: readonly Command[] }
  | {
      readonly verdict: "known";
      readonly command: Command;
      readonly status: string;
      readonly result: CommandResult | null;
    }
  | {
      readonly verdict: "refused";
      readonly id: string | null;
      readonly reason: string;
      readonly result: CommandResult | null;
    };

export interface Desk {
  readonly state: AgentState;
  readonly lab: LabId;
  readonly journal: JournalId;
}

export function judge(given: unknown, { state, lab, journal }: Desk, now: Instant): Verdict {
  const parsed = command.safeParse(given);
  if (!parsed.success) {
    return {
      verdict: "refused",
      id: idOf(given),
      reason: explain(parsed.error).slice(0, 1000),
      result: null,
    };
  }
  const wanted = parsed.data;
  const known = state.commands.get(wanted.id);
  if (known !== undefined) {
    const status = known.result?.status ?? (known.startedAt === null ? "queued" : "running");
    return { verdict: "known", command: wanted, status, result: known.result };
  }
  const refuse = (status: "refused" | "expired", reason: string): Verdict => ({
    verdict: "refused",
    id: wanted.id,
    reason,
    result: resultOf(wanted, status, now, reason),
  });
  if (wanted.lab !== lab)
    return refuse("refused", `it is for lab ${wanted.lab}, this controller serves ${lab}`);
  if (wanted.journal !== journal) {
    return refuse(
      "refused",
      `it is for journal ${wanted.journal}, this controller keeps ${journal}: it was set up anew`,
    );
  }
  const highest = state.epochs.get(wanted.node) ?? 0;
  if (wanted.epoch <= highest && !onlyLooks(wanted)) {
    return refuse(
      "refused",
      `superseded: epoch ${wanted.epoch} of node ${wanted.node}, epoch ${highest} was seen`,
    );
  }
  if (now > wanted.notAfter) return refuse("expired", "expired: it was not to begin any more");
  const aborts = onlyLooks(wanted) ? [] : supersededBy(wanted, state);
  return { verdict: "accepted", command: wanted, aborts };
}

/** It reads what the agent has heard and touches nothing: no place in the order of a node's commands, and none in the journal. */
export const onlyLooks = ({ actions }: Pick<Command, "actions">): boolean =>
  actions.every(({ verb }) => verb === "console.tail");

/** What has not begun, and is older. */
export const supersededBy = (
  { node, epoch }: Pick<Command, "node" | "epoch">,
  state: AgentState,
): Command[] =>
  [...state.commands.values()]
    .filter(
      ({ command: each, startedAt, result }) =>
        each.node === node && each.epoch < epoch && startedAt === null && result === null,
    )
    .map((each) => each.command);

const idOf = (given: unknown): string | null =>
  typeof given === "object" && given !== null && "id" in given && typeof given.id === "string"
    ? given.id.slice(0, 200)
    : null;

/** The result of a command that touched nothing. */
export const resultOf = (
  { id, node, epoch }: Command,
  status: "refused" | "expired" | "aborted",
  now: number,
  reason: string,
): CommandResult => ({
  command: id,
  node,
  epoch,
  status,
  startedAt: null,
  endedAt: instant(now),
  results: [],
  reason,
});
