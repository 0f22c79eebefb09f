/** What DynamoDB is asked when several items are wanted at the same moment. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import * as z from "zod";
import { dynamoStore } from "../../lib/aws/dynamo-store.ts";
import { requestChannel } from "../../lib/aws/requests.ts";
import type { Store } from "../../lib/ports/store.ts";
import { aNode } from "../support/samples.ts";
import { startDynamoDb, type TestTable } from "../support/stack.ts";

let table: TestTable;
let store: Store;
beforeAll(async () => {
  table = await startDynamoDb();
  store = dynamoStore({ client: table.client, table: table.table });
});
afterAll(() => table.stop());

/** The commands that leave the SDK from now on. */
function listening(): string[] {
  const commands: string[] = [];
  const hear = (message: unknown): void => {
    commands.push(z.object({ command: z.string() }).parse(message).command);
  };
  subscribe(requestChannel, hear);
  onTestFinished(() => {
    unsubscribe(requestChannel, hear);
  });
  return commands;
}

test("what is read at one moment is one request, and each gets his own, also where two want the same or there is nothing", async () => {
  const [one, other] = [aNode(), aNode()];
  await store.commit([one, other].map((value) => ({ kind: "node", value, expect: "absent" }) as const));
  const commands = listening();
  const read = await Promise.all([
    store.read("node", one.id),
    store.read("node-spec", one.id),
    store.read("node", other.id),
    store.read("node", one.id),
    store.read("lab", "nowhere"),
  ]);
  expect(read).toEqual([one, null, other, one, null]);
  expect(commands).toEqual(["BatchGetItemCommand"]);
});

test("one item alone is asked for alone, and what is read later is read anew", async () => {
  const node = aNode();
  await store.commit([{ kind: "node", value: node, expect: "absent" }]);
  const commands = listening();
  expect(await store.read("node", node.id)).toEqual(node);
  await store.commit([{ kind: "node", value: { ...node, version: 2 }, expect: 1 }]);
  expect(await store.read("node", node.id)).toMatchObject({ version: 2 });
  expect(commands).toEqual(["GetItemCommand", "PutItemCommand", "GetItemCommand"]);
});
