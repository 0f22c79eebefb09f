/**
 * In a lab that only observes: what correction would have done, and what came of the node without it. That is how people see
 * whether they can let it act. Pure.
 */
import type { NodeId } from "../ids.ts";
import type { Instant, Ms } from "../time.ts";
import type { TimelineEntry } from "../timeline.ts";
import type { Rung } from "./policy.ts";

export interface Proposal {
  readonly node: NodeId;
  readonly at: Instant;
  /** The phase that it was late in. */
  readonly phase: string | null;
  readonly would: Rung;
  /** How often it was proposed before anything happened. */
  readonly times: number;
  readonly outcome:
    | "came back by itself"
    /** An operator or a user acted on it, or its job ended. */
    | "somebody acted"
    | "still late";
  /** From the first proposal to the outcome; null: there is none yet. */
  readonly afterMs: Ms | null;
}

type Open = Omit<Proposal, "outcome" | "afterMs">;

/** Of one node's entries, in their order. */
export function proposalsOf(entries: readonly TimelineEntry[]): readonly Proposal[] {
  const proposals: Proposal[] = [];
  let open: Open | null = null;
  for (const entry of entries) {
    if (entry.entity.kind !== "node") continue;
    const { at, phase, proposed, entity } = entry;
    if (open !== null) {
      const outcome = outcomeOf(open, entry);
      if (outcome !== null) {
        proposals.push({ ...open, outcome, afterMs: at - open.at });
        open = null;
      }
    }
    if (proposed === null) continue;
    const before: Open = open ?? { node: entity.id, at, phase, would: proposed, times: 0 };
    open = { ...before, times: before.times + 1 };
  }
  if (open !== null) proposals.push({ ...open, outcome: "still late", afterMs: null });
  return proposals;
}

function outcomeOf({ phase }: Pick<Proposal, "phase">, entry: TimelineEntry): Proposal["outcome"] | null {
  const { actor, from, to } = entry;
  if (actor.kind === "node" && entry.phase !== phase) return "came back by itself";
  return actor.kind === "operator" || actor.kind === "user" || from !== to ? "somebody acted" : null;
}
