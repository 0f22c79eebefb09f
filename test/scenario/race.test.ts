/** 50 clients race for 10 nodes, 100 times in memory and 10 times on the embedded DynamoDB. */
import { expect, test } from "vitest";
import { dynamoStore } from "../../lib/aws/dynamo-store.ts";
import { memoryStore } from "../../lib/local/memory/store.ts";
import type { Store } from "../../lib/ports/store.ts";
import { race } from "../support/race.ts";
import { startDynamoDb } from "../support/stack.ts";

const clients = 50;
const places = 10;

/** Each winner has a node of his own; the others stand in line as they were accepted. */
async function holds(store: Store): Promise<void> {
  const { winners, line, holders, accepted } = await race(store, clients, places);
  expect(winners).toHaveLength(places);
  expect([...holders].sort()).toEqual([...winners].sort());
  expect(line).toEqual(accepted.filter((id) => !winners.includes(id)));
}

test("in memory: 10 of 50 win, every time, and the others stand in line", async () => {
  for (let round = 0; round < 100; round += 1) await holds(memoryStore());
});

test("on DynamoDB: likewise", async () => {
  const { client, table, stop } = await startDynamoDb();
  try {
    for (let round = 0; round < 10; round += 1) await holds(dynamoStore({ client, table }));
  } finally {
    stop();
  }
});
