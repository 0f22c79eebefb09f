/** The one table: two keys, three sparse indexes. infra/ deploys the same definition. */
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  ResourceNotFoundException,
} from "@aws-sdk/client-dynamodb";
import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";

export const indexNames = ["due", "pool", "list"] as const;
export type IndexName = (typeof indexNames)[number];

/** `due` and `pool` name what to read again, so keys are all they need; `list` is read for what it holds. */
const projections = { due: "KEYS_ONLY", pool: "KEYS_ONLY", list: "ALL" } as const;

export const tableDefinition = (name: string): CreateTableCommandInput => ({
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
});

/** Creates the table where there is none. */
export async function ensureTable(client: DynamoDBDocumentClient, name: string): Promise<void> {
  try {
    await client.send(new DescribeTableCommand({ TableName: name }));
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
    await client.send(new CreateTableCommand(tableDefinition(name)));
  }
}
