/** A node as the whole fleet is shown: the few words that thousands of cells can hold. */
import * as z from "zod";
import { jobOf, type NodeState, reservationOf } from "../core/node/node.ts";

export interface FleetNode {
  readonly id: string;
  readonly lab: string;
  /** Null: nobody has said which. */
  readonly rack: string | null;
  /** docs/states.md */
  readonly state: string;
  readonly phase: string;
  readonly offline: boolean;
  /** It was found late, and has given no sign of life since. */
  readonly late: boolean;
  readonly reservation: string | null;
  /** Open blocking issues of its hardware log. */
  readonly issues: number;
  /** When it must be looked at again at the latest. */
  readonly due: number | null;
}

/** A tag `rack:…` says in which rack a node is. */
const rackTag = "rack:";
const rackOf = (tags: readonly string[]): string | null =>
  tags.find((tag) => tag.startsWith(rackTag))?.slice(rackTag.length) ?? null;

/** The paths within a stored node that a cell is made of: an index need hand out no more. */
export const fleetPaths = [
  "id",
  "lab",
  "tags",
  "provision.state",
  "provision.reservation",
  "provision.job.correction.late",
  "operation.phase",
  "administrative.state",
  "openIssues",
  "due",
] as const;

const stored = z.object({
  id: z.string(),
  lab: z.string(),
  tags: z.array(z.string()),
  provision: z.object({
    state: z.string(),
    reservation: z.string().nullish(),
    job: z.object({ correction: z.object({ late: z.boolean() }) }).nullish(),
  }),
  operation: z.object({ phase: z.string() }),
  administrative: z.object({ state: z.string() }),
  openIssues: z.array(z.string()),
  due: z.number().nullish(),
});

/** Of what `fleetPaths` leaves of a stored node. */
export function parseFleetNode(body: unknown): FleetNode {
  const { id, lab, tags, provision, operation, administrative, openIssues, due } = stored.parse(body);
  return {
    id,
    lab,
    rack: rackOf(tags),
    state: provision.state,
    phase: operation.phase,
    offline: administrative.state === "offline",
    late: provision.job?.correction.late ?? false,
    reservation: provision.reservation ?? null,
    issues: openIssues.length,
    due: due ?? null,
  };
}

export const fleetNodeOf = (node: NodeState): FleetNode => ({
  id: node.id,
  lab: node.lab,
  rack: rackOf(node.tags),
  state: node.provision.state,
  phase: node.operation.phase,
  offline: node.administrative.state === "offline",
  late: jobOf(node)?.correction.late ?? false,
  reservation: reservationOf(node),
  issues: node.openIssues.length,
  due: node.due,
});
