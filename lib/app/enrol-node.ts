/** One node of a lab, as its people describe it: enrolled if it is new, changed if it is different, left alone if it is not. */
import { codecs } from "../contracts/stored.ts";
import { identitiesOfNode } from "../core/identification/identity.ts";
import { claimsOf } from "../core/inventory/claims.ts";
import { changesBetween, type FieldChange } from "../core/inventory/compare.ts";
import { descriptionOf } from "../core/inventory/description.ts";
import { enrolledNode } from "../core/node/enrol.ts";
import { type Capacity, capacityOf } from "../core/node/hardware.ts";
import type { Actor, NodeSpec, NodeState } from "../core/node/node.ts";
import type { Instant } from "../core/time.ts";
import type { Write } from "../ports/store.ts";
import { advanceNode } from "./advance-node.ts";
import { type App, Contended, decideAgainAtMost } from "./app.ts";
import { lookupWrite } from "./attach.ts";
import { giving, type Holder, holdersOf, taking } from "./claims.ts";

export type Enrolled =
  | { readonly kind: "enrolled" | "changed" | "unchanged" }
  | { readonly kind: "refused"; readonly why: string };

/** Idempotent. What another node has is refused: that node gives it up first. */
export function enrolNode(app: App, spec: NodeSpec, actor: Actor): Promise<Enrolled>;
/** `ifVersion`: only if the node is still as whoever asks has seen it. */
export function enrolNode(
  app: App,
  spec: NodeSpec,
  actor: Actor,
  ifVersion: number | null,
): Promise<Enrolled | { readonly kind: "other-version" }>;
export async function enrolNode(
  app: App,
  spec: NodeSpec,
  actor: Actor,
  ifVersion: number | null = null,
): Promise<Enrolled | { readonly kind: "other-version" }> {
  const wanted = codecs["node-spec"].parse(spec);
  for (let round = 0; round < decideAgainAtMost; round += 1) {
    const [known, state] = await Promise.all([
      app.store.read("node-spec", wanted.id),
      ifVersion === null ? null : app.store.read("node", wanted.id),
    ]);
    if (ifVersion !== null && state?.version !== ifVersion) return { kind: "other-version" };
    // Nearly always nobody has any of it yet: that is found out by trying.
    const done =
      known === null
        ? await enrolNew(app, wanted, actor, round > 0)
        : await changeKnown(app, known, wanted, actor, ifVersion);
    if (done !== "conflict") return done;
  }
  throw new Contended(`node ${wanted.id} was changed by others ${decideAgainAtMost} times in a row`);
}

async function enrolNew(
  app: App,
  spec: NodeSpec,
  actor: Actor,
  looksFirst: boolean,
): Promise<Enrolled | "conflict"> {
  const claims = claimsOf(descriptionOf(spec), spec.lab);
  const taken = looksFirst ? await heldNow(app.store, spec, claims) : new Map<string, Holder>();
  if (typeof taken === "string") return { kind: "refused", why: taken };
  const now = app.clock.now();
  const committed = await app.store.commit(enrolment(spec, actor, now, now, taken));
  if (committed === "conflict") return "conflict";
  app.outbox.wake({ entity: { kind: "node", id: spec.id }, due: null, by: "engine", group: spec.lab });
  return { kind: "enrolled" };
}

/** What has to be written for a node that is new. `due`: when it is looked at first. */
export function enrolment(
  spec: NodeSpec,
  actor: Actor,
  now: Instant,
  due: Instant,
  taken: ReadonlyMap<string, Holder>,
): readonly Write[] {
  const node = enrolledNode(spec, actor, now);
  return [
    { kind: "node-spec", value: spec, expect: "absent" },
    // One whose machine was not found yet is looked at when it is.
    { kind: "node", value: node.due === null ? node : { ...node, due }, expect: "absent" },
    ...claimsOf(descriptionOf(spec), spec.lab).map(({ key }) => taking(key, spec.id, taken.get(key) ?? null)),
    ...lookups(spec),
    firstEntry(spec, node, actor, now),
  ];
}

async function changeKnown(
  app: App,
  known: NodeSpec,
  given: NodeSpec,
  actor: Actor,
  ifVersion: number | null,
): Promise<Enrolled | "conflict"> {
  // What its machine has told stays: who names no interfaces says nothing against them.
  const wanted = given.macs.length === 0 ? { ...given, macs: known.macs } : given;
  if (known.lab !== wanted.lab)
    return {
      kind: "refused",
      why: `node ${wanted.id} belongs to lab ${known.lab}: it cannot be moved by an import`,
    };
  const changes = changesBetween(descriptionOf(known), descriptionOf(wanted));
  if (changes.length === 0) return { kind: "unchanged" };
  const [had, has] = [known, wanted].map((spec) => claimsOf(descriptionOf(spec), spec.lab));
  const fresh = (has ?? []).filter(({ key }) => had?.every((each) => each.key !== key));
  const gone = (had ?? []).filter(({ key }) => has?.every((each) => each.key !== key));
  const taken = await heldNow(app.store, wanted, fresh);
  if (typeof taken === "string") return { kind: "refused", why: taken };
  const holders = await holdersOf(
    app.store,
    gone.map(({ key }) => key),
  );
  const also: readonly Write[] = [
    { kind: "node-spec", value: { ...wanted, version: known.version + 1 }, expect: known.version },
    ...fresh.map(({ key }) => taking(key, wanted.id, taken.get(key) ?? null)),
    ...lookups(wanted),
    ...[...holders].flatMap(([key, holder]) => (holder.node === wanted.id ? [giving(key, holder)] : [])),
  ];
  return (await settle(app, known, wanted, changes, actor, { ifVersion, also }))
    ? { kind: "changed" }
    : "conflict";
}

/** False: somebody was first. */
async function settle(
  app: App,
  known: NodeSpec,
  wanted: NodeSpec,
  changes: readonly FieldChange[],
  actor: Actor,
  { ifVersion = null, also }: { readonly ifVersion?: number | null; readonly also: readonly Write[] },
): Promise<boolean> {
  const { id, class: nodeClass, tags, switchPort = null, biosProfile = null } = wanted;
  const rack = wanted.rack?.name ?? null;
  const fields = changes.map(({ field }) => field);
  try {
    const advanced = await advanceNode(
      app,
      id,
      {
        kind: "settings",
        class: nodeClass,
        tags,
        rack,
        switchPort,
        biosProfile,
        ...capacityChange(known, wanted),
        fields,
        actor,
      },
      { ifVersion, also },
    );
    return advanced !== "other-version";
  } catch (error) {
    if (error instanceof Contended) return false;
    throw error;
  }
}

/** What its people do not say, others may have found out: that stays. */
function capacityChange(known: NodeSpec, { hardware }: NodeSpec): { readonly capacity?: Capacity | null } {
  if (hardware !== undefined) return { capacity: capacityOf(hardware) };
  return known.hardware === undefined ? {} : { capacity: null };
}

/** What stands where a node wants something; or why it cannot have it. */
async function heldNow(
  store: App["store"],
  { id }: NodeSpec,
  claims: readonly { readonly key: string; readonly what: string }[],
): Promise<ReadonlyMap<string, Holder> | string> {
  const taken = await holdersOf(
    store,
    claims.map(({ key }) => key),
  );
  for (const { key, what } of claims) {
    const owner = taken.get(key)?.node ?? null;
    if (owner !== null && owner !== id) return `node ${id}: ${what} is already that of node ${owner}`;
  }
  return taken;
}

/**
 * A node gives up what another is to have. Unchanged: it does not have it. It cannot be without a BMC: that stays in its
 * description until it gets another, and only the claim to it is given up.
 */
export async function release(
  app: App,
  id: string,
  claim: string,
  actor: Actor,
): Promise<"released" | "unchanged"> {
  for (let round = 0; round < decideAgainAtMost; round += 1) {
    const known = await app.store.read("node-spec", id);
    const holder = (await holdersOf(app.store, [claim])).get(claim);
    if (known === null || holder?.node !== id) return "unchanged";
    const kept = without(known, claim);
    const also: readonly Write[] = [
      { kind: "node-spec", value: { ...kept, version: known.version + 1 }, expect: known.version },
      giving(claim, holder),
    ];
    const changes = changesBetween(descriptionOf(known), descriptionOf(kept));
    if (await settle(app, known, kept, changes, actor, { also })) return "released";
  }
  throw new Contended(`node ${id} was changed by others ${decideAgainAtMost} times in a row`);
}

function without(spec: NodeSpec, key: string): NodeSpec {
  const claim = claimsOf(descriptionOf(spec), spec.lab).find((each) => each.key === key);
  const [field, index] = claim?.path ?? [];
  if (field === "macs") return { ...spec, macs: spec.macs.filter((_, at) => at !== index) };
  if (field === "outlets") return { ...spec, outlets: (spec.outlets ?? []).filter((_, at) => at !== index) };
  const { uuid, serial, console, switchPort, rack, ...rest } = spec;
  const left = Object.entries({ uuid, serial, console, switchPort, rack }).filter(
    ([name, value]) => name !== field && value !== undefined,
  );
  return codecs["node-spec"].parse({ ...rest, ...Object.fromEntries(left) });
}

/** By what the machine of a node is looked for; that of one with known interfaces is found by them first. */
const lookups = (spec: NodeSpec): readonly Write[] =>
  identitiesOfNode(spec, null)
    .filter(({ by }) => by !== "mac" && (by !== "bmc-address" || spec.macs.length === 0))
    .map((identity) => lookupWrite(spec, identity));

const firstEntry = (
  spec: NodeSpec,
  { provision: { state } }: NodeState,
  actor: Actor,
  now: Instant,
): Write => ({
  kind: "timeline",
  expect: "absent",
  value: {
    entity: { kind: "node", id: spec.id },
    sequence: 1,
    at: now,
    actor,
    from: "(none)",
    to: state,
    phase: "unknown",
    why:
      state === "unidentified"
        ? `known in lab ${spec.lab} as ${spec.class}; its machine has yet to be found`
        : `enrolled in lab ${spec.lab} as ${spec.class}`,
    evidence: null,
    reservation: null,
    job: null,
    attempt: null,
    command: null,
    correction: null,
    proposed: null,
  },
});
