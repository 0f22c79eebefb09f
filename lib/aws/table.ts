/** The one table: two keys, four sparse indexes. infra/ deploys the same definition. */
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  ResourceInUseException,
  ResourceNotFoundException,
  UpdateTableCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";

export const indexNames = ["due", "pool", "list", "owner"] as const;
export type IndexName = (typeof indexNames)[number];

/** `due` and `pool` name what to read again, so keys are all they need; `list` and `owner` are read for what they hold. */
const projections = { due: "KEYS_ONLY", pool: "KEYS_ONLY", list: "ALL", owner: "ALL" } as const;

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
  AttributeDefinitions: ["pk", "sk", ...indexNames.flatMap((index) => [`${index}Pk`, `${index}Sk`])].map(
    (AttributeName) => ({ AttributeName, AttributeType: "S" }),
  ),
  KeySchema: [
    { AttributeName: "pk", KeyType: "HASH" },
    { AttributeName: "sk", KeyType: "RANGE" },
  ],
  GlobalSecondaryIndexes: indexNames.map((index) => ({
    IndexName: index,
    KeySchema: [
      { AttributeName: `${index}Pk`, KeyType: "HASH" },
      { AttributeName: `${index}Sk`, KeyType: "RANGE" },
    ],
    Projection: { ProjectionType: projections[index] },
  })),
  ...(stream ? { StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_IMAGE" } } : {}),
});

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
