/**
 * What DynamoDB bills for a request, from the request itself and from what was stored before (DynamoDB Developer Guide,
 * “Read and write operations”, “Global secondary indexes”, “Item sizes and formats”). An entry of an index is written at
 * the plain rate, also for a transaction; a change of its key is a deletion and a write.
 */
import { indexKeysOf, indexNames, projections } from "../../lib/contracts/table.ts";

/** DynamoDB's notation of an item: `{ pk: { S: "…" } }`. */
export type Item = Readonly<Record<string, unknown>>;

const text = (value: string): number => Buffer.byteLength(value);

/** A number takes a byte for two digits and one more; a list or a map three, and one for each member. */
function valueBytes(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const [kind = "", inner]: readonly unknown[] = Object.entries(value)[0] ?? [];
  if (kind === "S") return text(String(inner));
  if (kind === "N") return Math.ceil(String(inner).replace(/[-.]/g, "").length / 2) + 1;
  if (kind === "B" && inner instanceof Uint8Array) return inner.byteLength;
  if (kind === "L" && Array.isArray(inner))
    return 3 + inner.reduce<number>((sum, each) => sum + 1 + valueBytes(each), 0);
  if (kind === "M" && typeof inner === "object" && inner !== null)
    return 3 + Object.values(inner).length + itemBytes({ ...inner });
  return 1;
}

export const itemBytes = (item: Item): number =>
  Object.entries(item).reduce((sum, [name, value]) => sum + text(name) + valueBytes(value), 0);

const writeUnits = (bytes: number): number => Math.max(1, Math.ceil(bytes / 1024));
export const readUnits = (bytes: number, consistent: boolean): number =>
  Math.max(1, Math.ceil(bytes / 4096)) * (consistent ? 1 : 0.5);

/** What a global secondary index holds of an item; null: nothing. */
function entryOf(item: Item | null, index: (typeof indexNames)[number]): Item | null {
  const { hash, range } = indexKeysOf(index);
  if (item === null || !(hash in item) || !(range in item)) return null;
  const held = projections[index];
  const names = ["pk", "sk", hash, range, ...(held === "KEYS_ONLY" ? [] : held)];
  return Object.fromEntries(names.flatMap((name) => (name in item ? [[name, item[name]]] : [])));
}

/** Of one item in place of another, in the table and in its indexes. */
export function putUnits(before: Item | null, after: Item, inTransaction: boolean): number {
  const table = writeUnits(Math.max(itemBytes(after), before === null ? 0 : itemBytes(before)));
  const indexes = indexNames.map((index) => {
    const [old, fresh] = [entryOf(before, index), entryOf(after, index)];
    if (old === null && fresh === null) return 0;
    if (old === null || fresh === null) return writeUnits(itemBytes({ ...old, ...fresh }));
    if (JSON.stringify(old) === JSON.stringify(fresh)) return 0;
    const { hash, range } = indexKeysOf(index);
    const moved = [hash, range].some((name) => JSON.stringify(old[name]) !== JSON.stringify(fresh[name]));
    if (moved) return writeUnits(itemBytes(old)) + writeUnits(itemBytes(fresh));
    return writeUnits(Math.max(itemBytes(old), itemBytes(fresh)));
  });
  return table * (inTransaction ? 2 : 1) + indexes.reduce((sum, each) => sum + each, 0);
}
