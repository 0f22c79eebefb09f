/** A machine becomes a node's machine: one transaction with the node, its specification and all that it can be known by. */
import type { NodeHardware } from "../contracts/identification.ts";
import { type Identity, identitiesOfNode, identityId, macsOf } from "../core/identification/identity.ts";
import type { FoundMachine } from "../core/identification/machine.ts";
import type { Strategy } from "../core/identification/settings.ts";
import type { NodeId } from "../core/ids.ts";
import { macKey } from "../core/inventory/claims.ts";
import { capacityOf, type Hardware } from "../core/node/hardware.ts";
import type { Actor, NodeSpec } from "../core/node/node.ts";
import type { Write } from "../ports/store.ts";
import { advanceNode } from "./advance-node.ts";
import { type App, Contended } from "./app.ts";
import { giving, holdersOf, taking } from "./claims.ts";
import { claimOf } from "./lookup.ts";

export interface Attaching {
  readonly node: NodeId;
  readonly by: Strategy | "claim" | "rule";
  readonly evidence: string;
  /** A person says that it takes the place of the node's machine. */
  readonly replaces: boolean;
  readonly actor: Actor;
}

const mostMacs = 16;

/** False: somebody else has changed the node, the machine or the look-ups meanwhile: read again, and decide again. */
export async function attach(
  app: App,
  machine: FoundMachine,
  knownVersion: number | null,
  { node, by, evidence, replaces, actor }: Attaching,
): Promise<boolean> {
  const { store } = app;
  const [spec, before] = await Promise.all([
    store.read("node-spec", node),
    store.read("node-hardware", node),
  ]);
  if (spec === null) return false;
  const own = await macsFor(app, machine, spec, replaces);
  const wanted: NodeSpec = { ...spec, macs: own.macs, version: spec.version + 1 };
  const hardware: NodeHardware = {
    node,
    version: (before?.version ?? 0) + 1,
    machine: machine.id,
    accepted: machine.hardware,
    seen: machine.hardware,
  };
  const also: readonly Write[] = [
    { kind: "node-spec", value: wanted, expect: spec.version },
    { kind: "node-hardware", value: hardware, expect: before?.version ?? "absent" },
    { kind: "machine", value: machine, expect: knownVersion ?? "absent" },
    ...own.writes,
    ...(await lookupWrites(app, wanted, machine.hardware)),
  ];
  const burnIn = (await store.read("lab", spec.lab))?.identification?.burnIn;
  const capacity = spec.hardware === undefined ? capacityOf(machine.hardware) : undefined;
  const event = {
    kind: "identified",
    machine: machine.id,
    by,
    evidence,
    replaces,
    ...(capacity === undefined ? {} : { capacity }),
    ...(burnIn === undefined ? {} : { burnIn: { kind: "burn-in", ...burnIn } as const }),
    actor,
  } as const;
  try {
    return (await advanceNode(app, node, event, { also })) === "changed";
  } catch (error) {
    if (error instanceof Contended) return false;
    throw error;
  }
}

/** The machine's interfaces, without any that is another node's; the node's own, unless the machine replaces one. */
async function macsFor(
  app: App,
  machine: FoundMachine,
  spec: NodeSpec,
  replaces: boolean,
): Promise<{ readonly macs: readonly string[]; readonly writes: readonly Write[] }> {
  const all = [...new Set([...macsOf(machine), ...(replaces ? [] : spec.macs)])].slice(0, mostMacs);
  const holders = await holdersOf(app.store, [...all, ...spec.macs].map(macKey));
  const holderOf = (mac: string) => holders.get(macKey(mac)) ?? null;
  const own = all.filter((mac) => (holderOf(mac)?.node ?? spec.id) === spec.id);
  const fresh = own.filter((mac) => holderOf(mac)?.node !== spec.id);
  const left = spec.macs.filter((mac) => !own.includes(mac) && holderOf(mac)?.node === spec.id);
  return {
    macs: own,
    writes: [
      ...fresh.map((mac) => taking(macKey(mac), spec.id, holderOf(mac))),
      ...left.map((mac) => giving(macKey(mac), holderOf(mac))),
    ],
  };
}

/** The look-ups that lead to a node and are nobody else's. Each counts only while the node has what it says. */
export async function lookupWrites(
  app: App,
  spec: NodeSpec,
  accepted: Hardware | null,
): Promise<readonly Write[]> {
  const identities = identitiesOfNode(spec, accepted).filter(({ by }) => by !== "mac");
  const missing = await Promise.all(
    identities.map(async (identity) => ((await claimOf(app, identity)) === null ? identity : null)),
  );
  return missing.filter((identity) => identity !== null).map((identity) => lookupWrite(spec, identity));
}

export const lookupWrite = ({ id: node }: NodeSpec, identity: Identity): Write => ({
  kind: "lookup",
  value: { id: identityId(identity), node },
  expect: "any",
});
