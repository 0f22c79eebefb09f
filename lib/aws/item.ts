/**
 * An item of the table, written and read. What changes often carries its newest timeline entries in itself, so that a change
 * and its entry are one small write: the entries go with the item until it would be larger than what one unit pays for, and
 * then into a page of their own.
 */
import { fleetNodeOf } from "../contracts/fleet.ts";
import { indexesOf, type Key, keyOfValue, timelineKey } from "../contracts/keys.ts";
import { explain } from "../contracts/scalars.ts";
import { codecs, type Kind, type PackedContent, type Stored, storedItem } from "../contracts/stored.ts";
import { cellAttribute, expiryAttribute, indexNames, toldAttribute } from "../contracts/table.ts";
import { isTold } from "../contracts/told.ts";
import { justRefused } from "../core/block.ts";
import type { TimelineEntry } from "../core/timeline.ts";
import { pack, unpack } from "./pack.ts";

export type StoredItem = Record<string, unknown>;

/** What has a timeline, and is written with every entry of it. */
export const hasTimeline = (kind: string): kind is "node" | "reservation" =>
  kind === "node" || kind === "reservation";

/** The kind of a page: entries that were moved out of their item, under the number of the last of them. */
const pageKind = "timeline-page";
const pageSchema = 1;

/** What one unit pays for. */
const mostBytes = 1024;

/** Of what has a timeline: the entries that it carries on, the newest last, and the one of this very write. */
interface Entries {
  readonly carried: readonly TimelineEntry[];
  readonly fresh: TimelineEntry | null;
}

const noEntries: Entries = { carried: [], fresh: null };

export function encode<K extends Kind>(
  kind: K,
  value: Stored[K],
  { carried, fresh }: Entries = noEntries,
): StoredItem {
  // Parsed before it is stored: what could not be read again is not written.
  const body = codecs[kind].parse(value);
  const indexed = indexesOf(kind, body);
  const indexKeys = indexNames.flatMap((index) => {
    const key = indexed[index];
    return key === null ? [] : [[`${index}Pk`, key.pk] as const, [`${index}Sk`, key.sk] as const];
  });
  const isNews =
    kind === "image" || ("starts" in body && justRefused(body) !== null) || (fresh !== null && isTold(fresh));
  const entries = fresh === null ? [...carried] : [...carried, fresh];
  return {
    ...keyOfValue(kind, body),
    kind,
    schema: codecs[kind].schema,
    ...("version" in body ? { version: body.version } : {}),
    ...("expiresAt" in body ? { [expiryAttribute]: Math.ceil(body.expiresAt / 1000) } : {}),
    ...Object.fromEntries(indexKeys),
    ...(isNews ? { [toldAttribute]: "1" } : {}),
    ...("provision" in body ? { [cellAttribute]: fleetNodeOf(body) } : {}),
    ...(hasTimeline(kind) ? { packed: pack({ body, entries }) } : { body }),
  };
}

/** Entries in an item of their own. */
export function encodePage(entries: readonly TimelineEntry[]): StoredItem {
  const last = entries.at(-1);
  if (last === undefined) throw new Error("a page of a timeline has an entry");
  return {
    ...timelineKey(last.entity.kind, last.entity.id, last.sequence),
    kind: pageKind,
    schema: pageSchema,
    packed: pack({ body: null, entries: [...entries] }),
  };
}

/** Whether a write of it is billed as one unit (DynamoDB Developer Guide, “Item sizes and formats”). */
export const isSmall = (item: StoredItem): boolean => bytesOf(item) - 3 <= mostBytes;

function bytesOf(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (value instanceof Uint8Array) return value.byteLength;
  // The most that a number takes of those that we store.
  if (typeof value === "number") return 9;
  if (typeof value !== "object" || value === null) return 1;
  return Object.entries(value).reduce((sum, [name, each]) => sum + name.length + 1 + bytesOf(each), 3);
}

/** Read tolerantly. Throws with the item's key where it is not one of ours, or of a shape that this program does not know. */
export function decode<K extends Kind>(kind: K, item: StoredItem): Stored[K] {
  const { where, body } = open(kind, item, codecs[kind].schema);
  return reading(where, kind, () => codecs[kind].read(body));
}

/** The entries that an item carries, or that a page holds, or that the item of an entry of its own is; the oldest first. */
export function entriesOf(item: StoredItem): readonly TimelineEntry[] {
  if (item["kind"] === "timeline") return [decode("timeline", item)];
  const kind = hasTimeline(String(item["kind"])) ? String(item["kind"]) : pageKind;
  const { where, entries } = open(kind, item, kind === pageKind ? pageSchema : null);
  return entries.map((entry) => reading(where, "timeline", () => codecs.timeline.read(entry)));
}

interface Opened extends PackedContent {
  readonly where: string;
}

function open(kind: string, item: StoredItem, expected: number | null): Opened {
  const where = `item ${String(item["pk"])} ${String(item["sk"])}`;
  const parsed = storedItem.safeParse(item);
  if (!parsed.success) throw new Error(`${where} is not one of ours: ${explain(parsed.error)}`);
  const { schema, body, packed, kind: found } = parsed.data;
  if (found !== kind) throw new Error(`${where} is a ${found}, not a ${kind}`);
  if (expected !== null && schema !== expected)
    throw new Error(`${where} has schema ${schema} of ${kind}; this program reads ${expected}`);
  // Stored by a version that did not pack: it carries no entries, each is an item.
  if (!(packed instanceof Uint8Array)) return { where, body, entries: [] };
  return { where, ...reading(where, kind, () => unpack(packed)) };
}

function reading<T>(where: string, kind: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(
      `${where} does not parse as ${kind}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

export const keyIn = ({ pk, sk }: StoredItem): Key => ({ pk: String(pk), sk: String(sk) });
export const nameOfKey = ({ pk, sk }: Key): string => `${pk} ${sk}`;
