/**
 * What only one node can have is an item of its own, written in the transaction that gives it to a node or takes it from
 * one. An item that nobody has any more stays, with a version, so that two who want it cannot both get it.
 */
import type { NodeId } from "../core/ids.ts";
import { macKey } from "../core/inventory/claims.ts";
import type { Store, Write } from "../ports/store.ts";

export interface Holder {
  readonly node: string | null;
  readonly version: number;
}

const macPrefix = macKey("");

/** By claim: what stands there; what never was anybody's is left out. */
export async function holdersOf(store: Store, keys: readonly string[]): Promise<ReadonlyMap<string, Holder>> {
  const isMac = (key: string): boolean => key.startsWith(macPrefix);
  const [macs, others] = await Promise.all([
    store.readMany(
      "mac",
      keys.filter(isMac).map((key) => key.slice(macPrefix.length)),
    ),
    store.readMany(
      "identity",
      keys.filter((key) => !isMac(key)),
    ),
  ]);
  return new Map<string, Holder>([
    ...macs.map((each): [string, Holder] => [macKey(each.mac), each]),
    ...others.map((each): [string, Holder] => [each.id, each]),
  ]);
}

/** It is the node's from then on; `known` is what stands there now. */
export function taking(key: string, node: NodeId, known: Holder | null): Write {
  return write(key, node, (known?.version ?? 0) + 1, known?.version ?? "absent");
}

/** It is nobody's from then on. Whoever writes this holds it: the version of his own item is expected beside it. */
export function giving(key: string, known: Holder | null): Write {
  return write(key, null, (known?.version ?? 0) + 1, "any");
}

function write(key: string, node: NodeId | null, version: number, expect: Write["expect"]): Write {
  return key.startsWith(macPrefix)
    ? { kind: "mac", value: { mac: key.slice(macPrefix.length), node, version }, expect }
    : { kind: "identity", value: { id: key, node, version }, expect };
}
