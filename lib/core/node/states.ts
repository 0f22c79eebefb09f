/**
 * The legal transitions of a node's provision state, each with its reason. `docs/states.md` draws its diagram from this
 * table, and `transition` is the only way from one state to another.
 */
import type { Instant } from "../time.ts";
import type { NodeState, Provision, ProvisionState } from "./node.ts";

export interface Transition {
  readonly from: ProvisionState;
  readonly to: ProvisionState;
  readonly because: string;
}

export const transitions: readonly Transition[] = [
  { from: "unidentified", to: "enrolled", because: "a machine was found that is this node" },
  { from: "enrolled", to: "available", because: "inspection proved that its BMC answers" },
  { from: "enrolled", to: "quarantined", because: "inspection failed" },
  { from: "available", to: "reserved", because: "claimed for a reservation" },
  { from: "available", to: "loading", because: "a reload was asked for" },
  { from: "available", to: "enrolled", because: "an inspection was asked for" },
  { from: "available", to: "maintenance", because: "an operator took it" },
  { from: "available", to: "retired", because: "an operator retired it" },
  { from: "enrolled", to: "maintenance", because: "checked while an operator has it" },
  { from: "enrolled", to: "loading", because: "checked, and a user had been in before it was taken" },
  { from: "enrolled", to: "retired", because: "an operator retired it" },
  { from: "reserved", to: "loading", because: "the right image is not proved to be on it" },
  {
    from: "reserved",
    to: "configuring",
    because: "the right image is proved to be on it: the load is skipped",
  },
  {
    from: "reserved",
    to: "in-use",
    because: "the right image is proved to be on it, and nothing is left to be configured",
  },
  { from: "reserved", to: "reclaiming", because: "the reservation ended first" },
  { from: "reserved", to: "available", because: "the reservation ended before anything was done" },
  { from: "reserved", to: "quarantined", because: "it failed for good" },
  { from: "reserved", to: "maintenance", because: "an operator took it" },
  { from: "reserved", to: "retired", because: "an operator retired it" },
  { from: "loading", to: "configuring", because: "bits verified and booted: handed to the OS module" },
  { from: "loading", to: "available", because: "released before any user had access" },
  {
    from: "loading",
    to: "quarantined",
    because: "ladder or attempts exhausted, or a load that must not be repeated",
  },
  { from: "loading", to: "maintenance", because: "an operator took it" },
  { from: "loading", to: "retired", because: "an operator retired it" },
  { from: "configuring", to: "loading", because: "the OS stage asked for another load" },
  { from: "configuring", to: "in-use", because: "access granted: handed over" },
  {
    from: "configuring",
    to: "available",
    because: "reload complete, or released before any user had access",
  },
  { from: "configuring", to: "reclaiming", because: "the reservation ended while access was being granted" },
  { from: "configuring", to: "quarantined", because: "ladder or attempts exhausted" },
  { from: "configuring", to: "maintenance", because: "an operator took it" },
  { from: "configuring", to: "retired", because: "an operator retired it" },
  { from: "in-use", to: "reclaiming", because: "the reservation ended" },
  { from: "in-use", to: "capturing", because: "what is on it is to become an image" },
  { from: "in-use", to: "maintenance", because: "an operator took it" },
  { from: "available", to: "capturing", because: "what is on it is to become an image" },
  { from: "capturing", to: "in-use", because: "captured or not, its user goes on working" },
  { from: "capturing", to: "available", because: "captured, and nobody had it" },
  {
    from: "capturing",
    to: "maintenance",
    because: "not captured at the end of its reservation: its data is kept",
  },
  { from: "capturing", to: "quarantined", because: "it did not come back from a capture, and nobody had it" },
  { from: "reclaiming", to: "available", because: "sanitized: proved that nobody had logged in" },
  {
    from: "reclaiming",
    to: "loading",
    because: "a reload was queued: a user was in, or it cannot be disproved",
  },
  { from: "reclaiming", to: "quarantined", because: "it cannot be made safe" },
  { from: "reclaiming", to: "maintenance", because: "an operator took it" },
  { from: "reclaiming", to: "retired", because: "an operator retired it" },
  { from: "maintenance", to: "enrolled", because: "an operator gave it back: inspect first" },
  {
    from: "maintenance",
    to: "loading",
    because: "an operator gave back a node that a user had: reload first",
  },
  { from: "maintenance", to: "retired", because: "an operator retired it" },
  { from: "quarantined", to: "maintenance", because: "an operator took it" },
  { from: "quarantined", to: "retired", because: "an operator retired it" },
  { from: "retired", to: "enrolled", because: "an operator brought it back: inspect first" },
  {
    from: "retired",
    to: "loading",
    because: "an operator brought back a node that a user had: reload first",
  },
  { from: "quarantined", to: "enrolled", because: "an operator gave it back: inspect first" },
  {
    from: "quarantined",
    to: "loading",
    because: "an operator gave back a node that a user had: reload first",
  },
];

/** Nothing is being done to a node at rest; every other state carries a deadline (invariant 3). */
export const atRest: Readonly<Record<ProvisionState, boolean>> = {
  unidentified: true,
  enrolled: false,
  available: true,
  reserved: false,
  loading: false,
  configuring: false,
  "in-use": true,
  capturing: false,
  reclaiming: false,
  maintenance: true,
  retired: true,
  quarantined: true,
};

const legal = new Set(transitions.map(({ from, to }) => `${from} ${to}`));

export const mayBecome = (from: ProvisionState, to: ProvisionState): boolean =>
  from === to || legal.has(`${from} ${to}`);

/** Moves a node to another provision state; throws on a transition that the table does not have, which is a bug here. */
export function transition(node: NodeState, to: Provision, now: Instant): NodeState {
  const from = node.provision.state;
  if (!mayBecome(from, to.state))
    throw new Error(`node ${node.id}: no transition from ${from} to ${to.state}`);
  return from === to.state ? { ...node, provision: to } : { ...node, provision: to, since: now, last: from };
}

/** The table as a Mermaid state diagram, for docs/states.md. */
export function diagram(): string {
  const lines = transitions.map(
    ({ from, to, because }) => `    ${from} --> ${to}: ${because.replaceAll(":", " –")}`,
  );
  const rest = Object.entries(atRest).flatMap(([state, rests]) => (rests ? [`    class ${state} rest`] : []));
  return [
    "stateDiagram-v2",
    "    [*] --> unidentified",
    "    [*] --> enrolled",
    ...lines,
    "    classDef rest fill:#dff3e4,stroke:#2b7a45",
    ...rest,
  ].join("\n");
}
