/** A data directory of an earlier version: its table lacks what has come since. */
import { CreateTableCommand, DescribeTableCommand } from "@aws-sdk/client-dynamodb";
import { expect, onTestFinished, test } from "vitest";
import { dynamoStore } from "../../lib/aws/dynamo-store.ts";
import { ensureTable, tableDefinition } from "../../lib/aws/table.ts";
import { keyAttributes } from "../../lib/contracts/table.ts";
import { aNode } from "../support/samples.ts";
import { startDynamoDb } from "../support/stack.ts";

test("an index that came with a later version is added to an old table, and holds what was stored before and after", async () => {
  const { client, stop } = await startDynamoDb();
  onTestFinished(stop);
  const { GlobalSecondaryIndexes = [], ...definition } = tableDefinition("Old");
  await client.send(
    new CreateTableCommand({
      ...definition,
      AttributeDefinitions: keyAttributes
        .filter((name) => !/^(list|owner)/.test(name))
        .map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
      GlobalSecondaryIndexes: GlobalSecondaryIndexes.filter(
        ({ IndexName }) => IndexName === "due" || IndexName === "pool",
      ),
    }),
  );
  const store = dynamoStore({ client, table: "Old" });
  const [stored, later] = [aNode(), aNode()];
  await store.commit([{ kind: "node", value: stored, expect: "absent" }]);
  await Promise.all([
    ensureTable(client, "Old", { stream: true }),
    ensureTable(client, "Old", { stream: true }),
  ]);
  const { Table } = await client.send(new DescribeTableCommand({ TableName: "Old" }));
  expect(Table?.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName).toSorted()).toEqual(
    GlobalSecondaryIndexes.map(({ IndexName }) => IndexName).toSorted(),
  );
  expect(Table?.StreamSpecification?.StreamEnabled).toBe(true);
  await store.commit([{ kind: "node", value: later, expect: "absent" }]);
  const listed = (await store.list("node", 10, null)).items.map(({ id }) => id);
  expect(listed.toSorted()).toEqual([stored.id, later.id].toSorted());
  await ensureTable(client, "Old", { stream: true });
});
