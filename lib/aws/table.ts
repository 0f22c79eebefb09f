/** Makes the table of lib/contracts/table.ts where there is none. */
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  type KeySchemaElement,
  type Projection,
  ResourceInUseException,
  ResourceNotFoundException,
  UpdateTableCommand,
  type UpdateTableCommandInput,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import {
  type IndexName,
  indexKeysOf,
  indexNames,
  keyAttributes,
  projections,
  streamView,
  tableKeys,
} from "../contracts/table.ts";

export interface TableOptions {
  /** Whether changes are kept for a day for somebody to follow, as new images. With a stream every write costs more. */
  readonly stream: boolean;
}

export const tableDefinition = (
  name: string,
  { stream }: TableOptions = { stream: false },
): CreateTableCommandInput => ({
  TableName: name,
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: keyAttributes.map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
  KeySchema: schemaOf(tableKeys),
  GlobalSecondaryIndexes: indexNames.map((index) => ({
    IndexName: index,
    KeySchema: schemaOf(indexKeysOf(index)),
    Projection: projectionOf(index),
  })),
  ...(stream ? { StreamSpecification: { StreamEnabled: true, StreamViewType: streamView } } : {}),
});

function projectionOf(index: IndexName): Projection {
  const held = projections[index];
  return held === "KEYS_ONLY"
    ? { ProjectionType: "KEYS_ONLY" }
    : { ProjectionType: "INCLUDE", NonKeyAttributes: [...held] };
}

const schemaOf = ({ hash, range }: { readonly hash: string; readonly range: string }): KeySchemaElement[] => [
  { AttributeName: hash, KeyType: "HASH" },
  { AttributeName: range, KeyType: "RANGE" },
];

const patienceSeconds = 120;

/**
 * Creates the table where there is none, gives it the stream and the indexes that it lacks, and waits until it can be used.
 * Several may do so at once. A new index holds what was stored with its keys; the rest comes in when it is written next.
 */
export async function ensureTable(
  client: DynamoDBDocumentClient,
  name: string,
  options?: TableOptions,
): Promise<void> {
  const definition = tableDefinition(name, options);
  const { GlobalSecondaryIndexes = [], AttributeDefinitions, StreamSpecification } = definition;
  try {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
    const known = (Table?.GlobalSecondaryIndexes ?? []).map(({ IndexName }) => IndexName);
    const lacksStream = StreamSpecification !== undefined && Table?.StreamSpecification === undefined;
    const changes: UpdateTableCommandInput[] = [
      ...(lacksStream ? [{ TableName: name, StreamSpecification }] : []),
      // DynamoDB makes one at a time.
      ...GlobalSecondaryIndexes.filter(({ IndexName }) => !known.includes(IndexName)).map((Create) => ({
        TableName: name,
        AttributeDefinitions,
        GlobalSecondaryIndexUpdates: [{ Create }],
      })),
    ];
    if (changes.length === 0 && Table?.TableStatus === "ACTIVE") return;
    for (const change of changes) {
      await unlessBegun(client.send(new UpdateTableCommand(change)));
      await untilUsable(client, name);
    }
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
    await unlessBegun(client.send(new CreateTableCommand(definition)));
  }
  await untilUsable(client, name);
}

const untilUsable = (client: DynamoDBDocumentClient, TableName: string) =>
  waitUntilTableExists({ client, maxWaitTime: patienceSeconds }, { TableName });

async function unlessBegun(change: Promise<unknown>): Promise<void> {
  try {
    await change;
  } catch (error) {
    // Somebody else was doing it at the same moment, or has done it.
    const isThere = error instanceof Error && error.message.includes("already exists");
    if (!isThere && !(error instanceof ResourceInUseException)) throw error;
  }
}
