/** What the local stack does about the stream that its database keeps. */
import { DatabaseSync } from "node:sqlite";
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { expect, onTestFinished, test } from "vitest";
import { ensureTable } from "../../lib/aws/table.ts";
import { tendStream } from "../../lib/local/dynamodb.ts";
import { startDynamoDb } from "../support/stack.ts";

test("records of the stream go after a day but for the last, from which numbers are counted on; writes go on meanwhile", async () => {
  const database = await startDynamoDb();
  onTestFinished(database.stop);
  await ensureTable(database.client, "Streamed", { stream: true });
  const put = (sk: string) =>
    database.client.send(new PutCommand({ TableName: "Streamed", Item: { pk: "a", sk } }));
  await put("1");
  await put("2");
  const file = new DatabaseSync(database.file);
  onTestFinished(() => file.close());
  file.exec("UPDATE _stream_records SET created_at = created_at - 90000");
  tendStream(database.file);
  await put("3");
  tendStream(database.file);
  const kept = file.prepare("SELECT sequence_number FROM _stream_records ORDER BY id").all();
  expect(kept.map((row) => row["sequence_number"])).toEqual(["3"]);
});
