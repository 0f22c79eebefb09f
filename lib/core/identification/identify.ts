/**
 * Who a machine is. Each strategy names the nodes that claim what the machine has; the first that names one decides. What a
 * machine says of itself outvotes where it stands; where the words of a machine contradict each other it is held. Pure.
 */
import type { LabId, MachineId, NodeId } from "../ids.ts";
import type { Hardware } from "../node/hardware.ts";
import type { Instant } from "../time.ts";
import { driftOf, type Finding, isOtherBoard, sameDisks } from "./drift.ts";
import { type Identity, identityId, identityText, portsOf } from "./identity.ts";
import { type HeldReason, machineIdOf } from "./machine.ts";
import { type RuledNode, ruledNode } from "./rules.ts";
import { type IdentificationSettings, intrinsicStrategies, type Strategy } from "./settings.ts";
import type { Sighting } from "./sighting.ts";

/** A node that claims something that the machine has. */
export interface Claim {
  readonly node: NodeId;
  readonly lab: LabId;
  readonly identity: Identity;
}

/** What is known of a node that claims it. */
export interface Candidate {
  /** No machine was ever taken for it. */
  readonly unidentified: boolean;
  /** The machine that is taken for it; null: none was seen yet. */
  readonly machine: { readonly id: MachineId; readonly lastSeen: Instant } | null;
  readonly accepted: Hardware | null;
  /** Where it stands, as its inventory says. */
  readonly switchPort: Identity | null;
}

export interface Lookup {
  readonly claims: readonly Claim[];
  readonly candidates: ReadonlyMap<NodeId, Candidate>;
  /** When this very machine was seen first; null: now. */
  readonly firstSeen: Instant | null;
  /** The first node of the lab's range that has no machine yet. */
  readonly nextInOrder: NodeId | null;
}

export type Outcome =
  | {
      readonly kind: "identified";
      readonly node: NodeId;
      readonly by: Strategy;
      readonly evidence: string;
      /** What is not as it was, or not where it was. */
      readonly findings: readonly Finding[];
    }
  | { readonly kind: "ruled"; readonly rule: RuledNode; readonly evidence: string }
  | {
      readonly kind: "held";
      readonly reason: HeldReason;
      readonly why: string;
      readonly candidates: readonly NodeId[];
    };

export function identify(sighting: Sighting, lookup: Lookup, settings: IdentificationSettings): Outcome {
  const allowed = lookup.claims.filter(({ identity: { by } }) => settings.strategies.includes(by));
  const own = isOwnWord(sighting, allowed);
  const intrinsic = inChain(
    own.filter(({ identity }) => isIntrinsic(identity)),
    settings,
  );
  const positional = inChain(
    own.filter(({ identity }) => !isIntrinsic(identity)),
    settings,
  );
  const elsewhere = intrinsic.find(({ lab }) => lab !== sighting.lab);
  if (elsewhere !== undefined) {
    const whose = `its ${identityText(elsewhere.identity)} is that of node ${elsewhere.node} of lab ${elsewhere.lab}`;
    return held(
      "moved",
      `${whose}: the machine was moved to lab ${sighting.lab}. Move the node in the files of both labs, or put the machine back`,
      [elsewhere.node],
    );
  }
  const itself = nodesOf(own).find(
    (node) => lookup.candidates.get(node)?.machine?.id === machineIdOf(sighting),
  );
  // Who was taken for a node, and is as then, stays that node: what a person has decided is not asked again.
  const said = itself === undefined ? intrinsic[0] : own.find(({ node }) => node === itself);
  if (said !== undefined) {
    const words = itself === undefined ? intrinsic : [said];
    return bySaying(said, words, positional, sighting, lookup);
  }
  const place = positional[0];
  if (place !== undefined) return byPlace(place, positional, sighting, lookup);
  return byAppearance(sighting, lookup, settings);
}

const held = (reason: HeldReason, why: string, candidates: readonly NodeId[]): Outcome => ({
  kind: "held",
  reason,
  why,
  candidates,
});

const isIntrinsic = ({ by }: Identity): boolean => intrinsicStrategies.some((each) => each === by);

/** A boot that was allowed to one node speaks for that node, whatever the chain says. */
const isOwnWord = ({ node, lab, mac }: Sighting, claims: readonly Claim[]): readonly Claim[] =>
  node === null ? claims : [{ node, lab, identity: { by: "mac", value: mac } }, ...claims];

const inChain = (claims: readonly Claim[], { strategies }: IdentificationSettings): readonly Claim[] =>
  claims.toSorted((a, b) => strategies.indexOf(a.identity.by) - strategies.indexOf(b.identity.by));

const nodesOf = (claims: readonly Claim[]): readonly NodeId[] => [...new Set(claims.map(({ node }) => node))];

const whoseText = (claims: readonly Claim[]): string =>
  [...new Map(claims.map((each) => [`${each.node} ${identityId(each.identity)}`, each])).values()]
    .map(({ node, identity }) => `its ${identityText(identity)} is that of ${node}`)
    .join(", ");

function bySaying(
  said: Claim,
  intrinsic: readonly Claim[],
  positional: readonly Claim[],
  sighting: Sighting,
  lookup: Lookup,
): Outcome {
  const nodes = nodesOf(intrinsic);
  if (nodes.length > 1) {
    const why = `${whoseText(intrinsic)}: they cannot all be right. Correct the inventory, or claim the machine by hand`;
    return held("ambiguous", why, nodes);
  }
  const { node, identity } = said;
  const candidate = lookup.candidates.get(node);
  const id = machineIdOf(sighting);
  const other = candidate?.machine ?? null;
  const standsThere = positional.some((each) => each.node === node);
  if (candidate !== undefined && other !== null && other.id !== id) {
    const seenSince = lookup.firstSeen !== null && other.lastSeen > lookup.firstSeen;
    const { accepted } = candidate;
    const isAnother =
      accepted !== null &&
      isOtherBoard(accepted, sighting.hardware) &&
      sameDisks(accepted, sighting.hardware).length === 0 &&
      !standsThere;
    if (seenSince || isAnother) {
      const proof = seenSince
        ? "and both were seen since"
        : "and neither its firmware nor its disks are that node's";
      return held(
        "duplicate",
        `two machines have the ${identityText(identity)} of node ${node}: this one (${id}) and the one that is ${node} (${other.id}), ${proof}. Change one of them, or claim this one by hand if it takes the other's place`,
        [node],
      );
    }
  }
  const drift = candidate?.accepted == null ? [] : driftOf(candidate.accepted, sighting.hardware);
  return {
    kind: "identified",
    node,
    by: said.identity.by,
    evidence: identityText(identity),
    findings: [...drift, ...movedFrom(node, candidate, positional, sighting)],
  };
}

/** It hears another switch port than the one where it belongs. */
function movedFrom(
  node: NodeId,
  candidate: Candidate | undefined,
  positional: readonly Claim[],
  sighting: Sighting,
): readonly Finding[] {
  const heard = portsOf(sighting);
  const [here] = heard;
  const home = candidate?.switchPort ?? portsOfAccepted(candidate, sighting)[0] ?? null;
  if (home === null || here === undefined) return [];
  if (heard.some(({ value }) => value === home.value)) return [];
  const owner = positional.find((each) => each.identity.by === "switch-port" && each.node !== node);
  const whose = owner === undefined ? "" : `, the place of node ${owner.node}`;
  return [
    {
      code: "machine-moved",
      message: `it was moved, or its cable was: it is at ${identityText(here)}${whose}; it belongs to ${identityText(home)}`,
    },
  ];
}

const portsOfAccepted = (candidate: Candidate | undefined, { lab }: Sighting): readonly Identity[] =>
  candidate?.accepted == null ? [] : portsOf({ lab, hardware: candidate.accepted });

function byPlace(
  place: Claim,
  positional: readonly Claim[],
  { hardware }: Sighting,
  { candidates }: Lookup,
): Outcome {
  const nodes = nodesOf(positional);
  if (nodes.length > 1) {
    const why = `${whoseText(positional)}: they cannot all be right. Correct the inventory, or claim the machine by hand`;
    return held("ambiguous", why, nodes);
  }
  const { node, identity } = place;
  const candidate = candidates.get(node);
  const evidence = identityText(identity);
  if (candidate?.unidentified === true)
    return { kind: "identified", node, by: identity.by, evidence, findings: [] };
  const disks = candidate?.accepted == null ? [] : sameDisks(candidate.accepted, hardware);
  if (candidate?.accepted != null && disks.length > 0) {
    const findings = driftOf(candidate.accepted, hardware);
    return { kind: "identified", node, by: identity.by, evidence: `${evidence}, disk ${disks[0]}`, findings };
  }
  const why = `it stands where node ${node} stands (${evidence}), but has nothing of it: neither a MAC, nor its UUID, serial number or a disk. If the machine was replaced, claim this one as ${node}; if not, look at the cables`;
  return held("replaced", why, [node]);
}

function byAppearance(
  sighting: Sighting,
  { nextInOrder }: Lookup,
  settings: IdentificationSettings,
): Outcome {
  if (settings.strategies.includes("order") && nextInOrder !== null) {
    const evidence = `the first of the lab's range that had no machine yet`;
    return { kind: "identified", node: nextInOrder, by: "order", evidence, findings: [] };
  }
  const ruled = ruledNode(sighting, settings.rules);
  if (ruled.kind === "node") return { kind: "ruled", rule: ruled.rule, evidence: ruled.evidence };
  const also = ruled.kind === "lacking" ? `; ${ruled.why}` : "";
  const why = `nothing in lab ${sighting.lab} has its MAC, UUID, serial number or place${also}. Claim it by hand, or put it into the inventory`;
  return held("unknown", why, []);
}
