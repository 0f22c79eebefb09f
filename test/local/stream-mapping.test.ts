/** The event source mapping of a table's stream, on the embedded DynamoDB: nothing is lost, and what failed comes again in order. */
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import * as z from "zod";
import { ensureTable } from "../../lib/aws/table.ts";
import { startStreamMapping } from "../../lib/local/lambda/stream-mapping.ts";
import { eventually, startDynamoDb, type TestTable, temporaryFolder } from "../support/stack.ts";

let database: TestTable;
const folder = temporaryFolder();
beforeAll(async () => {
  database = await startDynamoDb();
});
afterAll(() => {
  database.stop();
  folder.remove();
});

const batch = z.looseObject({
  Records: z.array(
    z.looseObject({
      dynamodb: z.looseObject({
        SequenceNumber: z.string(),
        Keys: z.looseObject({ sk: z.looseObject({ S: z.string() }) }),
      }),
    }),
  ),
});
type Records = z.infer<typeof batch>["Records"];
const namesOf = (records: Records): string[] => records.map(({ dynamodb }) => dynamodb.Keys.sk.S);

function mapping(table: string, handler: (records: Records) => unknown): () => Promise<void> {
  const stop = startStreamMapping({
    name: "test",
    timeoutMs: 30_000,
    endpoint: process.env["AWS_ENDPOINT_URL_DYNAMODB"] ?? "",
    table,
    batchSize: 4,
    positionFile: `${folder.path}/${table}.json`,
    handler: async (event) => handler(batch.parse(event).Records),
  });
  onTestFinished(stop);
  return stop;
}

const put = async (table: string, ...names: readonly string[]): Promise<void> => {
  for (const sk of names)
    await database.client.send(new PutCommand({ TableName: table, Item: { pk: "a", sk } }));
};
const names = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => String(from + index));

test("every record is given once in its order, across a restart, from before anybody listened", async () => {
  await ensureTable(database.client, "Once", { stream: true });
  await put("Once", ...names(0, 10));
  const heard: string[] = [];
  const stop = mapping("Once", (records) => {
    heard.push(...namesOf(records));
  });
  await eventually(() => heard.length === 10, "ten records");
  await stop();
  await put("Once", ...names(10, 13));
  mapping("Once", (records) => {
    heard.push(...namesOf(records));
  });
  await eventually(() => heard.length === 13, "the rest");
  expect(heard).toEqual(names(0, 13));
});

test("from the first record that failed on, everything comes again; what was before it does not", async () => {
  await ensureTable(database.client, "Failing", { stream: true });
  await put("Failing", ...names(0, 4));
  const calls: string[][] = [];
  mapping("Failing", (records) => {
    calls.push(namesOf(records));
    if (calls.length === 1) {
      const failed = records.slice(2).map(({ dynamodb }) => ({ itemIdentifier: dynamodb.SequenceNumber }));
      return { batchItemFailures: failed.reverse() };
    }
    if (calls.length === 2) throw new Error("out of memory");
    return { batchItemFailures: [] };
  });
  await eventually(() => calls.length === 3, "the third call");
  expect(calls).toEqual([
    ["0", "1", "2", "3"],
    ["2", "3"],
    ["2", "3"],
  ]);
});

test("a table of an earlier version is given its stream", async () => {
  await ensureTable(database.client, "Older");
  await put("Older", "before");
  await ensureTable(database.client, "Older", { stream: true });
  await ensureTable(database.client, "Older", { stream: true });
  const heard: string[] = [];
  mapping("Older", (records) => {
    heard.push(...namesOf(records));
  });
  await put("Older", "after");
  await eventually(() => heard.length === 1, "the record");
  expect(heard).toEqual(["after"]);
});
