/**
 * The store on DynamoDB. Reads are strongly consistent, every write is conditional on what it expects, several writes are
 * one transaction. An index may lag: whoever reads one reads the item again before acting. An entry of a timeline travels in
 * the item of what it is about (lib/aws/item.ts), so that a change of one thing is one write.
 */
import {
  ConditionalCheckFailedException,
  TransactionCanceledException,
  TransactionConflictException,
} from "@aws-sdk/client-dynamodb";
import {
  BatchGetCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  type PutCommandInput,
  QueryCommand,
  type QueryCommandInput,
  TransactWriteCommand,
} from "@aws-sdk/lib-dynamodb";
import {
  dueIn,
  dueKey,
  dueShards,
  type Identified,
  type Key,
  keyOf,
  keyOfValue,
  labNodesKey,
  ownerKey,
  revisionKey,
  timelineKey,
} from "../contracts/keys.ts";
import type { Kind, Ref, Stored } from "../contracts/stored.ts";
import type { IndexName } from "../contracts/table.ts";
import type { TimelineEntry } from "../core/timeline.ts";
import type { Expected, Listed, Owned, Page, Store, Write } from "../ports/store.ts";
import {
  decode,
  encode,
  encodePage,
  entriesOf,
  hasTimeline,
  isSmall,
  keyIn,
  nameOfKey,
  type StoredItem,
} from "./item.ts";

/** DynamoDB's own limit (API reference, TransactWriteItems). */
const mostWrites = 100;

/** DynamoDB's own limit (API reference, BatchGetItem). */
const mostReads = 100;

export function dynamoStore({ client, table }: { client: DynamoDBDocumentClient; table: string }): Store {
  /** As many as are asked for, or all: one answer of DynamoDB ends at 1 MB, whatever was asked. */
  async function query(
    input: Omit<QueryCommandInput, "TableName" | "Limit" | "ExclusiveStartKey">,
    limit: number | null,
  ): Promise<{ items: StoredItem[]; more: boolean }> {
    const items: StoredItem[] = [];
    let from: QueryCommandInput["ExclusiveStartKey"];
    do {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new QueryCommand({
          TableName: table,
          ...input,
          ExclusiveStartKey: from,
          ...(limit === null ? {} : { Limit: limit - items.length }),
        }),
      );
      items.push(...Items);
      from = LastEvaluatedKey;
    } while (from !== undefined && (limit === null || items.length < limit));
    return { items, more: from !== undefined };
  }

  const inIndex = (index: IndexName, pk: string, from: string | null, limit: number) =>
    query(
      {
        IndexName: index,
        KeyConditionExpression: from === null ? "#pk = :pk" : "#pk = :pk AND #sk > :from",
        ExpressionAttributeNames: { "#pk": `${index}Pk`, ...(from === null ? {} : { "#sk": `${index}Sk` }) },
        ExpressionAttributeValues: { ":pk": pk, ...(from === null ? {} : { ":from": from }) },
      },
      limit,
    );

  async function pageOf<K extends Listed | "node-spec">(
    index: "list" | "owner",
    pk: string,
    kind: K,
    from: string | null,
    limit: number,
  ): Promise<Page<Stored[K]>> {
    const { items, more } = await inIndex(index, pk, from, limit);
    const last = items.at(-1)?.[`${index}Sk`];
    return {
      items: (await wholeOf(items)).map((item) => decode(kind, item)),
      next: more && typeof last === "string" ? last : null,
    };
  }

  /** An index holds only what seldom changes as a whole: the rest is read. */
  async function wholeOf(items: readonly StoredItem[]): Promise<readonly StoredItem[]> {
    const isWhole = (item: StoredItem) => item["body"] !== undefined && !hasTimeline(String(item["kind"]));
    const keys = items.filter((item) => !isWhole(item)).map(keyIn);
    const found = await readAll(keys, { consistent: false });
    return items
      .map((item) => (isWhole(item) ? item : found.get(nameOfKey(keyIn(item)))))
      .filter((item) => item !== undefined);
  }

  const beside = async (pk: string, from: string, to: string, limit: number | null) => {
    const { items } = await query(
      {
        KeyConditionExpression: "pk = :pk AND sk BETWEEN :from AND :to",
        ExpressionAttributeValues: { ":pk": pk, ":from": from, ":to": to },
        ConsistentRead: true,
      },
      limit,
    );
    return items;
  };

  /** Whatever order DynamoDB answers in, and however little of it at once (API reference, BatchGetItem: UnprocessedKeys). */
  async function readAll(
    keys: readonly Key[],
    { consistent } = { consistent: true },
  ): Promise<ReadonlyMap<string, StoredItem>> {
    const found = new Map<string, StoredItem>();
    for (let left: readonly Record<string, unknown>[] = keys.map((key) => ({ ...key })); left.length > 0; ) {
      const batch = { Keys: left.slice(0, mostReads), ConsistentRead: consistent };
      const { Responses, UnprocessedKeys } = await client.send(
        new BatchGetCommand({ RequestItems: { [table]: batch } }),
      );
      for (const item of Responses?.[table] ?? []) found.set(`${item["pk"]} ${item["sk"]}`, item);
      left = [...left.slice(mostReads), ...(UnprocessedKeys?.[table]?.Keys ?? [])];
    }
    return found;
  }

  /** Keys that are asked for in the same moment are one call: a look at a node reads six items at once. */
  let round: { readonly keys: Map<string, Key>; readonly found: ReturnType<typeof readAll> } | null = null;

  function beginRound(): NonNullable<typeof round> {
    const keys = new Map<string, Key>();
    const found = Promise.resolve().then(async () => {
      round = null;
      const [only, ...others] = keys.values();
      if (only === undefined || others.length > 0) return readAll([...keys.values()]);
      const { Item } = await client.send(
        new GetCommand({ TableName: table, Key: only, ConsistentRead: true }),
      );
      return new Map(Item === undefined ? [] : [[nameOfKey(only), Item]]);
    });
    return { keys, found };
  }

  async function itemAt(key: Key): Promise<StoredItem | null> {
    round ??= beginRound();
    round.keys.set(nameOfKey(key), key);
    return (await round.found).get(nameOfKey(key)) ?? null;
  }

  const carried = carriedEntries();

  /** Decodes, and keeps in mind which entries it carries: whoever changes it next has to carry them on. */
  function known<K extends Kind>(kind: K, item: StoredItem): Stored[K] {
    if (hasTimeline(kind)) carried.keep(item);
    return decode(kind, item);
  }

  /** Those that what is stored carries, if it is what the write expects: else the write is a conflict anyway. */
  async function carriedBy(write: Write): Promise<readonly TimelineEntry[]> {
    if (write.expect === "absent" || !isTimed(write)) return [];
    const key = keyOfValue(write.kind, write.value);
    const entries = typeof write.expect === "number" ? carried.of(key, write.expect) : null;
    if (entries !== null) return entries;
    const item = await itemAt(key);
    return item === null ? [] : entriesOf(item);
  }

  /**
   * The items of the writes, and the pages that have to be there before they are: entries that would make an item larger
   * than what one unit pays for. A page that was written and its item was not is written again, the same or a longer one,
   * and whoever reads both takes each entry once.
   */
  async function itemsOf(
    writes: readonly Write[],
  ): Promise<{ puts: readonly Put[]; pages: readonly StoredItem[] }> {
    const pages: StoredItem[] = [];
    const puts: Put[] = [];
    const folded = new Set<Write>();
    for (const write of writes) {
      if (!isTimed(write)) continue;
      const own = writes.find((each) => tellsOf(each, write));
      if (own !== undefined) folded.add(own);
      const fresh = own?.kind === "timeline" ? own.value : null;
      const before = await carriedBy(write);
      const together = encode(write.kind, write.value, { carried: before, fresh });
      if (before.length === 0 || isSmall(together)) puts.push({ write, item: together });
      else {
        pages.push(encodePage(before));
        puts.push({ write, item: encode(write.kind, write.value, { carried: [], fresh }) });
      }
    }
    const others = writes.filter((write) => !isTimed(write) && !folded.has(write));
    return {
      puts: [...puts, ...others.map((write) => ({ write, item: encode(write.kind, write.value) }))],
      pages,
    };
  }

  return {
    read: async <K extends Identified>(kind: K, id: string) => {
      const item = await itemAt(keyOf(kind, id));
      return item === null ? null : known(kind, item);
    },
    readMany: async <K extends Identified>(kind: K, ids: readonly string[]) => {
      const keys = ids.map((id) => keyOf(kind, id));
      // An id that is named twice is asked for once: DynamoDB refuses the other.
      const asked = [...new Map(keys.map((key) => [nameOfKey(key), key])).values()];
      const found = await readAll(asked);
      return keys.flatMap((key) => {
        const item = found.get(nameOfKey(key));
        return item === undefined ? [] : [known(kind, item)];
      });
    },
    commit: async (writes) => {
      if (writes.length > mostWrites)
        throw new Error(`a transaction has at most ${mostWrites} writes, not ${writes.length}`);
      if (writes.length === 0) return "committed";
      const { puts, pages } = await itemsOf(writes);
      const requests = puts.map(({ write, item }) => ({
        TableName: table,
        Item: item,
        ...conditionOf(write.expect),
      }));
      try {
        await Promise.all(pages.map((item) => client.send(new PutCommand({ TableName: table, Item: item }))));
        const [only] = requests;
        if (only !== undefined && requests.length === 1) await client.send(new PutCommand(only));
        else await client.send(new TransactWriteCommand({ TransactItems: requests.map((Put) => ({ Put })) }));
        for (const { write, item } of puts) if (isTimed(write)) carried.keep(item);
        return "committed";
      } catch (error) {
        if (isConflict(error)) return "conflict";
        throw new Error(`cannot write ${writes.map(nameOf).join(", ")}: ${reasonOf(error)}`, {
          cause: error,
        });
      }
    },
    due: async (scope, by, limit) => {
      const shards = await Promise.all(
        Array.from({ length: dueShards }, async (_, shard) => {
          const { items } = await query(
            {
              IndexName: "due",
              KeyConditionExpression: "duePk = :pk AND dueSk < :by",
              // `~` sorts behind `#`, which follows the instant in the key: all that is due by then, and at then.
              ExpressionAttributeValues: {
                ":pk": dueKey(scope, shard),
                ":by": `${String(by).padStart(15, "0")}~`,
              },
            },
            limit,
          );
          return items;
        }),
      );
      return shards
        .flat()
        .toSorted((a, b) => compare(String(a["dueSk"]), String(b["dueSk"])))
        .slice(0, limit)
        .map((item) => ({ ...refOf(item), due: dueIn(String(item["dueSk"])) }));
    },
    pool: async (pool, limit) =>
      (await inIndex("pool", pool, null, limit)).items.map((item) => refOf(item).id),
    list: <K extends Listed>(kind: K, limit: number, from: string | null) =>
      pageOf("list", kind, kind, from, limit),
    enrolled: (lab, limit, from) => pageOf("list", labNodesKey(lab), "node-spec", from, limit),
    owned: <K extends Owned>(kind: K, owner: string, limit: number, from: string | null) =>
      pageOf("owner", ownerKey(kind, owner), kind, from, limit),
    timeline: async ({ kind, id }, afterSequence, limit) => {
      // Its item first: what is moved to a page after that was in it.
      const item = await itemAt(keyOf(kind, id));
      const newest = item === null ? [] : entriesOf(item);
      const [oldest] = newest;
      const { pk, sk } = timelineKey(kind, id, afterSequence + 1);
      const isInside = oldest !== undefined && oldest.sequence <= afterSequence + 1;
      const pages = isInside ? [] : await beside(pk, sk, "timeline#~", limit);
      const bySequence = new Map(
        [...pages.flatMap(entriesOf), ...newest].map((entry) => [entry.sequence, entry]),
      );
      return [...bySequence.values()]
        .filter(({ sequence }) => sequence > afterSequence)
        .toSorted((a, b) => a.sequence - b.sequence)
        .slice(0, limit);
    },
    revisions: async (image) =>
      (await beside(`image#${image}`, revisionKey(""), revisionKey("~"), null)).map((item) =>
        decode("revision", item),
      ),
    issues: async (node) =>
      (await beside(`node#${node}`, "issue#", "issue#~", null)).map((item) => decode("issue", item)),
  };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

type Timed = Extract<Write, { kind: "node" | "reservation" }>;
const isTimed = (write: Write): write is Timed => hasTimeline(write.kind);

const tellsOf = (write: Write, { kind, value: { id } }: Timed): boolean =>
  write.kind === "timeline" && write.value.entity.kind === kind && write.value.entity.id === id;

interface Put {
  readonly write: Write;
  readonly item: StoredItem;
}

/** How many items' entries are kept in mind: more than a function handles in a batch. What is forgotten is read again. */
const mostCarried = 1000;

/** The entries that items carry, as this process has seen them last. Those of another version are no use to anybody. */
function carriedEntries() {
  const items = new Map<string, StoredItem>();
  return {
    keep: (item: StoredItem): void => {
      const name = nameOfKey(keyIn(item));
      items.delete(name);
      items.set(name, item);
      const [oldest] = items.keys();
      if (items.size > mostCarried && oldest !== undefined) items.delete(oldest);
    },
    of: (key: Key, version: number): readonly TimelineEntry[] | null => {
      const item = items.get(nameOfKey(key));
      return item === undefined || item["version"] !== version ? null : entriesOf(item);
    },
  };
}

function conditionOf(
  expect: Expected,
): Pick<PutCommandInput, "ConditionExpression" | "ExpressionAttributeNames" | "ExpressionAttributeValues"> {
  switch (expect) {
    case "any":
      return {};
    case "absent":
      return { ConditionExpression: "attribute_not_exists(pk)" };
    default:
      return {
        ConditionExpression: "#version = :expected",
        ExpressionAttributeNames: { "#version": "version" },
        ExpressionAttributeValues: { ":expected": expect },
      };
  }
}

/** Why a transaction was cancelled: the reasons of those writes that had one. */
const reasonsOf = (error: TransactionCanceledException) =>
  (error.CancellationReasons ?? []).filter(({ Code }) => Code !== undefined && Code !== "None");

/** Somebody else was first: the caller reads again. Anything else is a failure. */
function isConflict(error: unknown): boolean {
  if (error instanceof ConditionalCheckFailedException || error instanceof TransactionConflictException)
    return true;
  if (!(error instanceof TransactionCanceledException)) return false;
  const codes = reasonsOf(error).map(({ Code }) => Code);
  return (
    codes.length > 0 &&
    codes.every((code) => code === "ConditionalCheckFailed" || code === "TransactionConflict")
  );
}

const nameOf = ({ kind, value }: Write): string => nameOfKey(keyOfValue(kind, value));

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof TransactionCanceledException)) return `${error.name}: ${error.message}`;
  return `the transaction was cancelled: ${reasonsOf(error)
    .map(({ Code, Message = "no message" }) => `${Code}: ${Message}`)
    .join("; ")}`;
}

/** The key says of what kind it is: `node#…`, `reservation#…`. */
function refOf({ pk }: Record<string, unknown>): Ref {
  const [kind, ...rest] = String(pk).split("#");
  if (kind !== "node" && kind !== "reservation")
    throw new Error(`item ${String(pk)} is in an index of nodes and reservations`);
  return { kind, id: rest.join("#") };
}
