/**
 * The first state of a node. One whose interfaces are known is enrolled, and inspected before anybody can have it; nothing is
 * built on any other before its machine was found (R73, R81).
 */
import { after, type Instant } from "../time.ts";
import { capacityOf } from "./hardware.ts";
import type { Actor, NodeSpec, NodeState } from "./node.ts";

export function enrolledNode(spec: NodeSpec, actor: Actor, now: Instant): NodeState {
  const isKnown = spec.macs.length > 0;
  return {
    id: spec.id,
    lab: spec.lab,
    class: spec.class,
    tags: spec.tags,
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
