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
  /** Of one that is late: when it must be looked at again at the latest. Null for all others. */
  readonly due: number | null;
}

/** As it is stored beside a node, for an index to hold. */
export const fleetNode = z.object({
  id: z.string(),
  lab: z.string(),
  rack: z.string().nullable(),
  state: z.string(),
  phase: z.string(),
  offline: z.boolean(),
  late: z.boolean(),
  reservation: z.string().nullable(),
  issues: z.number(),
  due: z.number().nullable(),
}) satisfies z.ZodType<FleetNode>;

/** The same of a node that was stored before there were cells: the paths within it that one is made of. */
export const fleetPaths = [
  "id",
  "lab",
  "rack",
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
  rack: z.string().nullish(),
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
  const { id, lab, rack, provision, operation, administrative, openIssues, due } = stored.parse(body);
  const late = provision.job?.correction.late ?? false;
  return {
    id,
    lab,
    rack: rack ?? null,
    state: provision.state,
    phase: operation.phase,
    offline: administrative.state === "offline",
    late,
    reservation: provision.reservation ?? null,
    issues: openIssues.length,
    due: late ? (due ?? null) : null,
  };
}

export function fleetNodeOf(node: NodeState): FleetNode {
  const late = jobOf(node)?.correction.late ?? false;
  return {
    id: node.id,
    lab: node.lab,
    rack: node.rack,
    state: node.provision.state,
    phase: node.operation.phase,
    offline: node.administrative.state === "offline",
    late,
    reservation: reservationOf(node),
    issues: node.openIssues.length,
    due: late ? node.due : null,
  };
}
