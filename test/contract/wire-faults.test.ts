/** What the adapters make of answers that the embedded stack cannot be made to give, spoken by a scripted server. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { documentClient, sqsClient, ssmClient } from "../../lib/aws/clients.ts";
import { dynamoStore } from "../../lib/aws/dynamo-store.ts";
import { sqsQueue } from "../../lib/aws/sqs-queue.ts";
import { ssmHands } from "../../lib/aws/ssm-hands.ts";
import { ssmDocumentName } from "../../lib/contracts/ssm-document.ts";
import { branded, isControllerId } from "../../lib/core/ids.ts";
import { instant } from "../../lib/core/time.ts";
import type { Store, Write } from "../../lib/ports/store.ts";
import { aNode } from "../support/samples.ts";
import { type Scripted, type ScriptedServer, startScriptedServer } from "../support/scripted-server.ts";
import { useFakeCredentials } from "../support/stack.ts";

let server: ScriptedServer;
let store: Store;
beforeAll(async () => {
  useFakeCredentials();
  server = await startScriptedServer();
  for (const service of ["DYNAMODB", "SQS", "SSM"])
    process.env[`AWS_ENDPOINT_URL_${service}`] = server.endpoint;
});
afterAll(() => server.stop());
beforeEach(() => {
  store = dynamoStore({ client: documentClient(), table: "Test" });
});

const dynamoError = (type: string, more: object = {}): Scripted => ({
  status: 400,
  body: { __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: `message of ${type}`, ...more },
});
const cancelled = (...codes: readonly string[]): Scripted =>
  dynamoError("TransactionCanceledException", {
    CancellationReasons: codes.map((Code) => (Code === "None" ? { Code } : { Code, Message: `why ${Code}` })),
  });
const writes = (): Write[] =>
  [aNode(), aNode()].map((value) => ({ kind: "node", value, expect: "absent" }) as const);

describe("a commit on DynamoDB", () => {
  test.each([
    ["another transaction was at work on an item", cancelled("None", "TransactionConflict")],
    ["an expectation did not hold", cancelled("ConditionalCheckFailed", "None")],
    ["both", cancelled("ConditionalCheckFailed", "TransactionConflict")],
  ])("is a conflict when the transaction is cancelled because %s", async (_why, answer) => {
    server.play([answer]);
    expect(await store.commit(writes())).toBe("conflict");
  });

  test("of one write is a conflict when a transaction is at work on the item", async () => {
    server.play([dynamoError("TransactionConflictException")]);
    expect(await store.commit(writes().slice(0, 1))).toBe("conflict");
  });

  test.each([
    ["was refused", cancelled("None", "ValidationError"), "ValidationError: why ValidationError"],
    [
      "was throttled, though an expectation did not hold either",
      cancelled("ConditionalCheckFailed", "ThrottlingError"),
      "ThrottlingError: why ThrottlingError",
    ],
    ["gave no reason", cancelled(), "the transaction was cancelled"],
  ])("is a failure that names the items and the reasons when a write %s", async (_why, answer, reason) => {
    const both = writes();
    server.play([answer]);
    const failure = store.commit(both);
    await expect(failure).rejects.toThrow(reason);
    for (const { value } of both) await expect(failure).rejects.toThrow(`node#${"id" in value && value.id}`);
  });

  test("that is not answered is made again, with the token that makes a transaction happen once", async () => {
    server.play(["silence", { status: 200, body: {} }]);
    expect(await store.commit(writes())).toBe("committed");
    const tokens = server.requests.map(
      (each) => z.object({ ClientRequestToken: z.string() }).parse(each).ClientRequestToken,
    );
    expect(tokens).toHaveLength(2);
    expect(new Set(tokens).size).toBe(1);
  });
});

describe("a batch of wakes on SQS", () => {
  const wakes = ["a", "b", "c"].map(
    (id) => ({ entity: { kind: "node", id }, due: null, by: "engine", group: "blue" }) as const,
  );
  const batchAnswer = (failed: readonly string[]): Scripted => ({
    status: 200,
    body: {
      Successful: [],
      Failed: failed.map((Id) => ({ Id, SenderFault: false, Code: "InternalError", Message: "try later" })),
    },
  });
  const idsSent = () => {
    const entries = z.object({ Entries: z.array(z.object({ MessageBody: z.string() })) });
    const body = z.object({ entity: z.object({ id: z.string() }) });
    return server.requests.map((each) =>
      entries.parse(each).Entries.map(({ MessageBody }) => body.parse(JSON.parse(MessageBody)).entity.id),
    );
  };
  const send = () =>
    sqsQueue({ client: sqsClient(), queueUrl: `${server.endpoint}/000000000000/wakes` }).wake(
      wakes,
      instant(1_000),
    );

  test("that is taken in part is sent again, only what was not taken", async () => {
    server.play([batchAnswer(["1"]), batchAnswer([])]);
    await send();
    expect(idsSent()).toEqual([["a", "b", "c"], ["b"]]);
  });

  test("that is not taken the second time either is a failure that says how many and why", async () => {
    server.play([batchAnswer(["0", "2"]), batchAnswer(["1"])]);
    await expect(send()).rejects.toThrow("1 wakes were not accepted: try later");
    expect(idsSent()).toEqual([
      ["a", "b", "c"],
      ["a", "c"],
    ]);
  });
});

describe("a delivery by SSM", () => {
  const controller = branded(isControllerId, "mi-0123456789abcdef0");
  const hands = () => ssmHands({ client: ssmClient(), documentName: ssmDocumentName, now: () => 0 });
  const invocation = (StatusDetails: string, more: object = {}): Scripted => ({
    status: 200,
    body: { CommandId: "c", InstanceId: controller, StatusDetails, ...more },
  });
  const statusOn = async (answer: Scripted) => {
    server.play([answer]);
    return hands().deliveryStatus("0f1e2d3c-0000-4000-8000-000000000000", controller);
  };

  test.each([
    "Delivery Timed Out",
    "Execution Timed Out",
    "Undeliverable",
    "Cancelled",
    "Terminated",
    "Failed",
    "Some Later Word",
  ])("may have run when SSM says: %s", async (details) => {
    expect(await statusOn(invocation(details))).toEqual({
      status: "unknown",
      reason: `SSM says: ${details}`,
    });
  });

  test.each(["Access Denied", "Invalid Platform"])(
    "has surely not run when SSM says: %s",
    async (details) => {
      expect((await statusOn(invocation(details))).status).toBe("not-run");
    },
  );

  test.each(["Pending", "In Progress", "Delayed", "Cancelling"])(
    "is waited for when SSM says: %s",
    async (details) => {
      expect(await statusOn(invocation(details))).toEqual({ status: "waiting" });
    },
  );

  test("that failed tells what the agent printed", async () => {
    const printed = {
      StandardOutputContent: '{"error":"not handed over"}\n',
      StandardErrorContent: "no socket",
    };
    expect(await statusOn(invocation("Failed", printed))).toEqual({
      status: "unknown",
      reason: 'SSM says: Failed; {"error":"not handed over"}; no socket',
    });
  });

  test.each(["no json", '{"schema":"rackwright.receipt/9"}', ""])(
    "is unknown when the agent's answer is not a receipt: %j",
    async (StandardOutputContent) => {
      expect((await statusOn(invocation("Success", { StandardOutputContent }))).status).toBe("unknown");
    },
  );

  test("whose status cannot be asked for is an error, not a status", async () => {
    await expect(
      statusOn({ status: 400, body: { __type: "AccessDeniedException", message: "not allowed" } }),
    ).rejects.toThrow("not allowed");
  });
});
