/**
 * A machine has told of itself: who is it, and is it as it was? What it has is looked up, the decision is pure
 * (lib/core/identification), and its outcome is one transaction with the node's. Reports may be lost, late or doubled.
 */

import type { Found } from "../contracts/found.ts";
import { machineKey, machinesOf } from "../contracts/keys.ts";
import { type Candidate, identify, type Lookup, type Outcome } from "../core/identification/identify.ts";
import { identitiesOfMachine, portIdentity } from "../core/identification/identity.ts";
import {
  type FoundMachine,
  isNews,
  machineIdOf,
  mostHeld,
  seenAgain,
  type Verdict,
} from "../core/identification/machine.ts";
import { defaultIdentification, type IdentificationSettings } from "../core/identification/settings.ts";
import type { Sighting } from "../core/identification/sighting.ts";
import type { NodeId } from "../core/ids.ts";
import type { Lab } from "../core/lab.ts";
import type { Actor } from "../core/node/node.ts";
import { type App, Contended, decideAgainAtMost } from "./app.ts";
import { type Attaching, attach } from "./attach.ts";
import { noteSeen } from "./drift.ts";
import { openIssue } from "./hardware-log.ts";
import { enrol } from "./import-lab.ts";
import { claimOf } from "./lookup.ts";

/** Null: heard; else why it is refused. */
export async function heedFound(app: App, lab: Lab, report: Found, actor: Actor): Promise<string | null> {
  const sighting: Sighting = { ...report, lab: lab.id };
  const settings = lab.identification ?? defaultIdentification;
  for (let round = 0; round < decideAgainAtMost; round += 1) {
    const known = await app.store.read("machine", machineKey(lab.id, machineIdOf(sighting)));
    if (!isNews(known, sighting)) return null;
    const lookup = await lookUp(app, sighting, known, settings);
    const outcome = identify(sighting, lookup, settings);
    const done = await carryOut(app, { sighting, known, outcome, settings, actor });
    if (done !== "again") return done === "done" ? null : done.refused;
  }
  throw new Contended(`machine ${machineIdOf(sighting)} of lab ${lab.id} was changed by others all the time`);
}

interface Decided {
  readonly sighting: Sighting;
  readonly known: FoundMachine | null;
  readonly outcome: Outcome;
  readonly settings: IdentificationSettings;
  readonly actor: Actor;
}

type Done = "done" | "again" | { readonly refused: string };

async function carryOut(app: App, decided: Decided): Promise<Done> {
  const { outcome } = decided;
  switch (outcome.kind) {
    case "held":
      return hold(app, decided, outcome);
    case "identified":
      return take(app, decided, outcome);
    case "ruled": {
      const { evidence } = outcome;
      const { rule, id, class: nodeClass, tags, power } = outcome.rule;
      const { sighting, actor } = decided;
      const taken = await app.store.read("node", id);
      if (taken !== null && taken.provision.state !== "unidentified") {
        const why = `rule ${rule} would call it ${id}, and there is another node of that name: claim it by hand`;
        return hold(app, decided, { kind: "held", reason: "unknown", why, candidates: [] });
      }
      const bmc = { ...power, options: {}, quiescentSeconds: 0 };
      const node = { id, lab: sighting.lab, class: nodeClass, tags: [...tags], macs: [], bmc };
      const enrolled = await enrol(app, node, { kind: "engine", name: `rule ${rule}` });
      if (enrolled.kind === "refused") return { refused: enrolled.why };
      return attached(app, decided, { node: id, by: "rule", evidence, replaces: false, actor });
    }
  }
}

async function take(
  app: App,
  decided: Decided,
  { node, by, evidence, findings }: Extract<Outcome, { kind: "identified" }>,
): Promise<Done> {
  const { known, sighting, actor, settings } = decided;
  const state = await app.store.read("node", node);
  if (state === null) return "again";
  if (state.provision.state === "unidentified")
    return attached(app, decided, { node, by, evidence, replaces: false, actor });
  const verdict: Verdict =
    known?.verdict.kind === "identified" && known.verdict.node === node && !known.forgotten
      ? known.verdict
      : { kind: "identified", node, by, evidence, at: app.clock.now() };
  const machine = seenAgain(known, sighting, verdict);
  const knownVersion = known?.version ?? null;
  return (await noteSeen(app, { machine, knownVersion, node, findings, settings, actor })) ? "done" : "again";
}

async function attached(app: App, { sighting, known }: Decided, attaching: Attaching): Promise<Done> {
  const verdict: Verdict = {
    kind: "identified",
    node: attaching.node,
    by: attaching.by,
    evidence: attaching.evidence,
    at: app.clock.now(),
  };
  const done = await attach(app, seenAgain(known, sighting, verdict), known?.version ?? null, attaching);
  return done ? "done" : "again";
}

async function hold(
  app: App,
  { sighting, known, actor }: Decided,
  { reason, why, candidates }: Extract<Outcome, { kind: "held" }>,
): Promise<Done> {
  if (known === null || known.verdict.kind !== "held" || known.forgotten) {
    const from = machinesOf(sighting.lab, "held");
    const { items } = await app.store.list("machine", mostHeld, from);
    const held = items.filter(({ lab, verdict }) => lab === sighting.lab && verdict.kind === "held");
    if (held.length >= mostHeld) {
      const refused = `lab ${sighting.lab} holds ${mostHeld} machines that nobody knows: claim or forget some; machine ${sighting.mac} is not taken down`;
      return { refused };
    }
  }
  // The node is not to be trusted either; its log is written first, so that whoever dies in between finds the same again.
  if (reason === "duplicate")
    for (const node of candidates) {
      const issue = { code: "identity-duplicate", message: why.slice(0, 1000), blocking: true, evidence: [] };
      await openIssue(app, node, issue, actor);
    }
  const verdict: Verdict = { kind: "held", reason, why, candidates, at: app.clock.now() };
  const value = seenAgain(known, sighting, verdict);
  const expect = known?.version ?? "absent";
  if ((await app.store.commit([{ kind: "machine", value, expect }])) === "conflict") return "again";
  app.log.warn("a machine is held", { machine: value.id, lab: value.lab, reason, why, by: actor.name });
  return "done";
}

/** All that the decision depends on. */
async function lookUp(
  app: App,
  sighting: Sighting,
  known: FoundMachine | null,
  settings: IdentificationSettings,
): Promise<Lookup> {
  const claims = (
    await Promise.all(identitiesOfMachine(sighting).map((identity) => claimOf(app, identity)))
  ).filter((claim) => claim !== null);
  const nodes = [
    ...new Set([...claims.map(({ node }) => node), ...(sighting.node === null ? [] : [sighting.node])]),
  ];
  const candidates = await Promise.all(nodes.map((node) => candidateOf(app, node)));
  return {
    claims,
    candidates: new Map(candidates.filter((each) => each !== null)),
    firstSeen: known === null || known.forgotten ? null : known.firstSeen,
    nextInOrder: claims.length > 0 ? null : await nextInOrder(app, settings, sighting),
  };
}

async function candidateOf({ store }: App, id: NodeId): Promise<readonly [NodeId, Candidate] | null> {
  const [node, spec, hardware] = await Promise.all([
    store.read("node", id),
    store.read("node-spec", id),
    store.read("node-hardware", id),
  ]);
  if (node === null || spec === null) return null;
  const machine =
    hardware === null ? null : await store.read("machine", machineKey(spec.lab, hardware.machine));
  return [
    id,
    {
      unidentified: node.provision.state === "unidentified",
      machine: machine === null ? null : { id: machine.id, lastSeen: machine.lastSeen },
      accepted: hardware?.accepted ?? null,
      switchPort: spec.switchPort === undefined ? null : portIdentity(spec.lab, spec.switchPort),
    },
  ];
}

async function nextInOrder(
  { store }: App,
  { order }: IdentificationSettings,
  { lab }: Sighting,
): Promise<NodeId | null> {
  for (const id of order) {
    const node = await store.read("node", id);
    if (node?.lab === lab && node.provision.state === "unidentified") return id;
  }
  return null;
}
