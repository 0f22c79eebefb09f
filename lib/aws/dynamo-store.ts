/**
 * The store on DynamoDB. Reads are strongly consistent, every write is conditional on what it expects, several writes are
 * one transaction. An index may lag: whoever reads one reads the item again before acting.
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
  dueKey,
  dueShards,
  type Identified,
  indexesOf,
  type Key,
  keyOf,
  keyOfValue,
  labNodesKey,
  ownerKey,
  revisionKey,
  timelineKey,
} from "../contracts/keys.ts";
import { explain } from "../contracts/scalars.ts";
import { codecs, type Kind, type Ref, type Stored, storedItem } from "../contracts/stored.ts";
import { expiryAttribute, type IndexName, indexNames } from "../contracts/table.ts";
import type { Expected, Listed, Owned, Page, Store, Write } from "../ports/store.ts";

/** DynamoDB's own limit (API reference, TransactWriteItems). */
const mostWrites = 100;

/** DynamoDB's own limit (API reference, BatchGetItem). */
const mostReads = 100;

export function dynamoStore({ client, table }: { client: DynamoDBDocumentClient; table: string }): Store {
  /** As many as are asked for, or all: one answer of DynamoDB ends at 1 MB, whatever was asked. */
  async function query(
    input: Omit<QueryCommandInput, "TableName" | "Limit" | "ExclusiveStartKey">,
    limit: number | null,
  ): Promise<{ items: Record<string, unknown>[]; more: boolean }> {
    const items: Record<string, unknown>[] = [];
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
      items: items.map((item) => decode(kind, item)),
      next: more && typeof last === "string" ? last : null,
    };
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
  async function readAll(keys: readonly Key[]): Promise<ReadonlyMap<string, Record<string, unknown>>> {
    const found = new Map<string, Record<string, unknown>>();
    for (let left: readonly Record<string, unknown>[] = keys.map((key) => ({ ...key })); left.length > 0; ) {
      const batch = { Keys: left.slice(0, mostReads), ConsistentRead: true };
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

  return {
    read: async <K extends Identified>(kind: K, id: string) => {
      const key = keyOf(kind, id);
      round ??= beginRound();
      round.keys.set(nameOfKey(key), key);
      const item = (await round.found).get(nameOfKey(key));
      return item === undefined ? null : decode(kind, item);
    },
    readMany: async <K extends Identified>(kind: K, ids: readonly string[]) => {
      const keys = ids.map((id) => keyOf(kind, id));
      // An id that is named twice is asked for once: DynamoDB refuses the other.
      const asked = [...new Map(keys.map((key) => [nameOfKey(key), key])).values()];
      const found = await readAll(asked);
      return keys.flatMap((key) => {
        const item = found.get(nameOfKey(key));
        return item === undefined ? [] : [decode(kind, item)];
      });
    },
    commit: async (writes) => {
      if (writes.length > mostWrites)
        throw new Error(`a transaction has at most ${mostWrites} writes, not ${writes.length}`);
      if (writes.length === 0) return "committed";
      const puts = writes.map((write) => ({ TableName: table, ...putOf(write) }));
      try {
        const [only] = puts;
        if (only !== undefined && puts.length === 1) await client.send(new PutCommand(only));
        else await client.send(new TransactWriteCommand({ TransactItems: puts.map((Put) => ({ Put })) }));
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
        .map(refOf);
    },
    pool: async (pool, limit) =>
      (await inIndex("pool", pool, null, limit)).items.map((item) => refOf(item).id),
    list: <K extends Listed>(kind: K, limit: number, from: string | null) =>
      pageOf("list", kind, kind, from, limit),
    enrolled: (lab, limit, from) => pageOf("list", labNodesKey(lab), "node-spec", from, limit),
    owned: <K extends Owned>(kind: K, owner: string, limit: number, from: string | null) =>
      pageOf("owner", ownerKey(kind, owner), kind, from, limit),
    timeline: async ({ kind, id }, afterSequence, limit) => {
      const { pk, sk } = timelineKey(kind, id, afterSequence + 1);
      const items = await beside(pk, sk, "timeline#~", limit);
      return items.map((item) => decode("timeline", item));
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

function putOf(write: Write): Omit<PutCommandInput, "TableName"> {
  return { Item: encode(write.kind, write.value), ...conditionOf(write.expect) };
}

function encode<K extends Kind>(kind: K, value: Stored[K]): Record<string, unknown> {
  // Parsed before it is stored: what could not be read again is not written.
  const body = codecs[kind].parse(value);
  const keys: Key = keyOfValue(kind, body);
  const indexed = indexesOf(kind, body);
  const indexKeys = indexNames.flatMap((index) => {
    const key = indexed[index];
    return key === null ? [] : [[`${index}Pk`, key.pk] as const, [`${index}Sk`, key.sk] as const];
  });
  return {
    ...keys,
    kind,
    schema: codecs[kind].schema,
    ...("version" in body ? { version: body.version } : {}),
    ...("expiresAt" in body ? { [expiryAttribute]: Math.ceil(body.expiresAt / 1000) } : {}),
    ...Object.fromEntries(indexKeys),
    body,
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

const nameOfKey = ({ pk, sk }: Key): string => `${pk} ${sk}`;
const nameOf = ({ kind, value }: Write): string => nameOfKey(keyOfValue(kind, value));

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof TransactionCanceledException)) return `${error.name}: ${error.message}`;
  return `the transaction was cancelled: ${reasonsOf(error)
    .map(({ Code, Message = "no message" }) => `${Code}: ${Message}`)
    .join("; ")}`;
}

function decode<K extends Kind>(kind: K, item: Record<string, unknown>): Stored[K] {
  const where = `item ${String(item["pk"])} ${String(item["sk"])}`;
  const parsed = storedItem.safeParse(item);
  if (!parsed.success) throw new Error(`${where} is not one of ours: ${explain(parsed.error)}`);
  const { schema, body, kind: found } = parsed.data;
  if (found !== kind) throw new Error(`${where} is a ${found}, not a ${kind}`);
  if (schema !== codecs[kind].schema) {
    throw new Error(`${where} has schema ${schema} of ${kind}; this program reads ${codecs[kind].schema}`);
  }
  try {
    return codecs[kind].read(body);
  } catch (error) {
    throw new Error(
      `${where} does not parse as ${kind}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** The key says of what kind it is: `node#…`, `reservation#…`. */
function refOf({ pk }: Record<string, unknown>): Ref {
  const [kind, ...rest] = String(pk).split("#");
  if (kind !== "node" && kind !== "reservation")
    throw new Error(`item ${String(pk)} is in an index of nodes and reservations`);
  return { kind, id: rest.join("#") };
}
