/** Makes the table of lib/contracts/table.ts where there is none. */
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  type KeySchemaElement,
  ResourceInUseException,
  ResourceNotFoundException,
  UpdateTableCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import {
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
    Projection: { ProjectionType: projections[index] },
  })),
  ...(stream ? { StreamSpecification: { StreamEnabled: true, StreamViewType: streamView } } : {}),
});

const schemaOf = ({ hash, range }: { readonly hash: string; readonly range: string }): KeySchemaElement[] => [
  { AttributeName: hash, KeyType: "HASH" },
  { AttributeName: range, KeyType: "RANGE" },
];

const patienceSeconds = 120;

/** Creates the table where there is none, gives it a stream where it lacks one that is wanted, and waits until it can be used. Several may do so at once. */
export async function ensureTable(
  client: DynamoDBDocumentClient,
  name: string,
  options?: TableOptions,
): Promise<void> {
  const definition = tableDefinition(name, options);
  const { StreamSpecification } = definition;
  try {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
    const lacksStream = StreamSpecification !== undefined && Table?.StreamSpecification === undefined;
    if (lacksStream)
      await unlessBegun(client.send(new UpdateTableCommand({ TableName: name, StreamSpecification })));
    else if (Table?.TableStatus === "ACTIVE") return;
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
    await unlessBegun(client.send(new CreateTableCommand(definition)));
  }
  await waitUntilTableExists({ client, maxWaitTime: patienceSeconds }, { TableName: name });
}

async function unlessBegun(change: Promise<unknown>): Promise<void> {
  try {
    await change;
  } catch (error) {
    // Somebody else was doing it at the same moment.
    if (!(error instanceof ResourceInUseException)) throw error;
  }
}
