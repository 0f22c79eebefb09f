/** The store in memory: the same shapes, keys and indexes as the table, for tests and simulation. Deterministic. */
import {
  dueIn,
  type Identified,
  indexesOf,
  type Key,
  keyOf,
  keyOfValue,
  labNodesKey,
  ownerKey,
} from "../../contracts/keys.ts";
import { codecs, type Kind, type Ref, type Stored } from "../../contracts/stored.ts";
import type { Listed, Owned, Page, Store, Write } from "../../ports/store.ts";

interface Item {
  readonly kind: Kind;
  readonly key: Key;
  readonly value: unknown;
  readonly version: number | null;
  readonly due: Key | null;
  readonly pool: Key | null;
  readonly list: Key | null;
  readonly owner: Key | null;
}

const mostWrites = 100;
const text = ({ pk, sk }: Key): string => `${pk}\u0000${sk}`;
const indexes = ["due", "pool", "list", "owner", "key"] as const;
type Index = (typeof indexes)[number];
/** By the partition's key, then by the item's. */
type Partitions = Map<string, Map<string, Item>>;
const bySk = (index: Index) => (a: Item, b: Item) => {
  const [left, right] = [a[index]?.sk ?? "", b[index]?.sk ?? ""];
  return left < right ? -1 : left > right ? 1 : 0;
};

export function memoryStore(): Store {
  const items = new Map<string, Item>();
  const partitions: Readonly<Record<Index, Partitions>> = {
    due: new Map(),
    pool: new Map(),
    list: new Map(),
    owner: new Map(),
    key: new Map(),
  };

  function put(item: Item): void {
    const name = text(item.key);
    const before = items.get(name);
    items.set(name, item);
    for (const index of indexes) {
      const old = before?.[index]?.pk;
      const pk = item[index]?.pk;
      if (old !== undefined && old !== pk) partitions[index].get(old)?.delete(name);
      if (pk === undefined) continue;
      const partition = partitions[index].get(pk) ?? new Map<string, Item>();
      partitions[index].set(pk, partition);
      partition.set(name, item);
    }
  }

  function itemOf<K extends Kind>(kind: K, value: Stored[K]): Item {
    // The codec makes a value of its own: nobody shares an object with the store, and a bad value fails here.
    const body = codecs[kind].parse(value);
    const version = "version" in body && typeof body.version === "number" ? body.version : null;
    return { kind, key: keyOfValue(kind, body), value: body, version, ...indexesOf(kind, body) };
  }

  const holds = (write: Write, stored: Item | undefined): boolean => {
    if (write.expect === "any") return true;
    return write.expect === "absent" ? stored === undefined : stored?.version === write.expect;
  };

  const parse = <K extends Kind>(kind: K, item: Item): Stored[K] => codecs[kind].parse(item.value);
  const inPartition = (index: Index, pk: string): Item[] =>
    [...(partitions[index].get(pk)?.values() ?? [])].sort(bySk(index));

  function pageOf<K extends Listed | "node-spec">(
    index: "list" | "owner",
    pk: string,
    kind: K,
    from: string | null,
    limit: number,
  ): Page<Stored[K]> {
    const all = inPartition(index, pk).filter((item) => from === null || (item[index]?.sk ?? "") > from);
    return {
      items: all.slice(0, limit).map((item) => parse(kind, item)),
      next: all.length > limit ? (all[limit - 1]?.[index]?.sk ?? null) : null,
    };
  }

  return {
    read: async <K extends Identified>(kind: K, id: string) => {
      const item = items.get(text(keyOf(kind, id)));
      return item === undefined ? null : parse(kind, item);
    },
    readMany: async <K extends Identified>(kind: K, ids: readonly string[]) =>
      ids.flatMap((id) => {
        const item = items.get(text(keyOf(kind, id)));
        return item === undefined ? [] : [parse(kind, item)];
      }),
    commit: async (writes) => {
      if (writes.length > mostWrites)
        throw new Error(`a transaction has at most ${mostWrites} writes, not ${writes.length}`);
      const made = writes.map((write) => ({ write, item: itemOf(write.kind, write.value) }));
      if (new Set(made.map(({ item }) => text(item.key))).size < made.length) {
        throw new Error("a transaction cannot write one item twice");
      }
      if (!made.every(({ write, item }) => holds(write, items.get(text(item.key))))) return "conflict";
      for (const { item } of made) put(item);
      return "committed";
    },
    due: async (scope, by, limit) => {
      const prefix = `due#${scope}#`;
      return [...partitions.due]
        .flatMap(([pk, partition]) => (pk.startsWith(prefix) ? [...partition.values()] : []))
        .filter(({ due }) => due !== null && Number.parseInt(due.sk, 10) <= by)
        .sort(bySk("due"))
        .slice(0, limit)
        .map((item) => ({ ...refOf(item), due: dueIn(item.due?.sk ?? "") }));
    },
    pool: async (pool, limit) =>
      inPartition("pool", pool)
        .slice(0, limit)
        .map((item) => refOf(item).id),
    list: async <K extends Listed>(kind: K, limit: number, from: string | null) =>
      pageOf("list", kind, kind, from, limit),
    enrolled: async (lab, limit, from) => pageOf("list", labNodesKey(lab), "node-spec", from, limit),
    owned: async <K extends Owned>(kind: K, owner: string, limit: number, from: string | null) =>
      pageOf("owner", ownerKey(kind, owner), kind, from, limit),
    timeline: async ({ kind, id }, afterSequence, limit) =>
      inPartition("key", `${kind}#${id}`)
        .filter((item) => item.kind === "timeline")
        .map((item) => parse("timeline", item))
        .filter(({ sequence }) => sequence > afterSequence)
        .slice(0, limit),
    revisions: async (image) =>
      inPartition("key", `image#${image}`)
        .filter(({ kind }) => kind === "revision")
        .map((item) => parse("revision", item)),
    issues: async (node) =>
      inPartition("key", `node#${node}`)
        .filter(({ kind }) => kind === "issue")
        .map((item) => parse("issue", item)),
  };
}

function refOf({ kind, key }: Item): Ref {
  if (kind === "node-spec") return { kind: "node", id: key.pk.slice("node#".length) };
  if (kind !== "node" && kind !== "reservation")
    throw new Error(`${kind} is in no index of nodes and reservations`);
  return { kind, id: key.pk.slice(kind.length + 1) };
}
