/**
 * The first state of a node. One whose interfaces are known is enrolled, and inspected before anybody can have it; nothing is
 * built on any other before its machine was found (R73, R81).
 */
import { after, type Instant, type Ms } from "../time.ts";
import { capacityOf } from "./hardware.ts";
import type { Actor, NodeSpec, NodeState } from "./node.ts";

export function enrolledNode(spec: NodeSpec, actor: Actor, now: Instant): NodeState {
  const isKnown = spec.macs.length > 0;
  return {
    id: spec.id,
    lab: spec.lab,
    class: spec.class,
    tags: spec.tags,
    rack: spec.rack?.name ?? null,
    switchPort: spec.switchPort ?? null,
    biosProfile: spec.biosProfile ?? null,
    bios: null,
    capacity: spec.hardware === undefined ? null : capacityOf(spec.hardware),
    version: 1,
    provision: isKnown ? { state: "enrolled", job: null } : { state: "unidentified" },
    since: now,
    last: null,
    administrative: { state: "online", reason: null, actor, since: now, handsOffAt: null },
    operation: {
      phase: "unknown",
      since: now,
      evidenceAt: after(now, 0),
      boot: null,
      installation: null,
      osBoot: null,
    },
    power: { observed: "unknown", at: now },
    disk: { image: null, revision: null, installation: null, taint: null },
    certificate: null,
    bmcAccounts: null,
    address: null,
    epoch: 0,
    loan: null,
    upkeep: null,
    waiting: [],
    openIssues: [],
    lastJob: null,
    lastUsedAt: now,
    correctiveReboots: 0,
    due: isKnown ? now : null,
  };
}

/** A lab of fewer nodes is inspected at once. */
const smallLab = 100;
const perNodeMs: Ms = 50;
/** A timer cannot be set for later than a quarter of an hour. */
const mostMs: Ms = 600_000;

/**
 * How long after its enrolment a node is looked at first. The nodes of a large lab come one after the other, so that ten
 * thousand inspections do not stand in each other's way, or in the way of the import that asks for them.
 */
export function firstLookAfter(id: string, nodes: number): Ms {
  if (nodes < smallLab) return 0;
  let sum = 0;
  for (const character of id) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return sum % Math.min(mostMs, nodes * perNodeMs);
}
