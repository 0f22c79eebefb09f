/** SQS and its event source mapping on one machine, as the SDK and Lambda know them. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createFunctionHost } from "../../lib/local/lambda/host.ts";
import { pickPort } from "../../lib/local/rack/ports.ts";
import { type SqsServer, startSqs } from "../../lib/local/sqs/server.ts";
import { eventually, temporaryFolder } from "../support/stack.ts";

const folder = temporaryFolder();
let sqs: SqsServer;
let client: SQSClient;
let skippedMs = 0;
const now = () => Date.now() + skippedMs;

beforeAll(async () => {
  sqs = await startSqs({
    port: 0,
    dataFile: join(folder.path, "sqs"),
    now,
    senderOf: (key) => `AROALAB:${key}`,
  });
  client = new SQSClient({
    region: "us-east-1",
    endpoint: sqs.endpoint,
    credentials: { accessKeyId: "mi-0123456789abcdef0", secretAccessKey: "x" },
  });
});
afterAll(async () => {
  await sqs.stop();
  folder.remove();
});

let count = 0;
async function aQueue(attributes: Record<string, string> = {}): Promise<string> {
  count += 1;
  const { QueueUrl = "" } = await client.send(
    new CreateQueueCommand({ QueueName: `q-${count}`, Attributes: attributes }),
  );
  return QueueUrl;
}
const send = (QueueUrl: string, MessageBody: string, more: object = {}) =>
  client.send(new SendMessageCommand({ QueueUrl, MessageBody, ...more }));
const receive = async (QueueUrl: string, more: object = {}) => {
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ["All"],
      MessageAttributeNames: ["All"],
      ...more,
    }),
  );
  return Messages;
};

describe("a queue", () => {
  test("says who sent a message, in which group, and how often it was received", async () => {
    const url = await aQueue();
    await send(url, "hello", {
      MessageGroupId: "lab-blue",
      MessageAttributes: {
        a: { DataType: "String", StringValue: "ü" },
        b: { DataType: "Number", StringValue: "7" },
      },
    });
    const [message] = await receive(url);
    expect(message).toMatchObject({
      Body: "hello",
      Attributes: {
        SenderId: "AROALAB:mi-0123456789abcdef0",
        MessageGroupId: "lab-blue",
        ApproximateReceiveCount: "1",
      },
    });
    expect(message?.MessageAttributes).toMatchObject({ a: { StringValue: "ü" }, b: { StringValue: "7" } });
  });

  test("hides a message that is handled, shows it again when its time is over, and forgets it when it is deleted", async () => {
    const url = await aQueue({ VisibilityTimeout: "10" });
    await send(url, "once");
    const [first] = await receive(url);
    expect(await receive(url)).toEqual([]);
    skippedMs += 10_001;
    const [again] = await receive(url);
    expect(again?.MessageId).toBe(first?.MessageId);
    await client.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: url,
        ReceiptHandle: again?.ReceiptHandle,
        VisibilityTimeout: 0,
      }),
    );
    const [third] = await receive(url);
    await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: third?.ReceiptHandle }));
    skippedMs += 60_000;
    expect(await receive(url)).toEqual([]);
  });

  test("delays a message by up to 900 seconds, and refuses more", async () => {
    const url = await aQueue();
    await send(url, "later", { DelaySeconds: 900 });
    expect(await receive(url)).toEqual([]);
    skippedMs += 900_001;
    expect(await receive(url)).toHaveLength(1);
    await expect(send(url, "never", { DelaySeconds: 901 })).rejects.toThrow(
      "DelaySeconds must be >= 0 and <= 900",
    );
  });

  test("wakes a receiver that waits", async () => {
    const url = await aQueue();
    const waiting = receive(url, { WaitTimeSeconds: 20 });
    await send(url, "at last");
    expect((await waiting)[0]?.Body).toBe("at last");
  });

  test("moves what fails too often to its dead-letter queue, from where it can be moved back", async () => {
    const dead = await aQueue();
    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl: dead, AttributeNames: ["QueueArn"] }),
    );
    const arn = Attributes?.["QueueArn"] ?? "";
    const url = await aQueue({
      VisibilityTimeout: "1",
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: 2 }),
    });
    await send(url, "poison");
    for (let times = 0; times < 3; times += 1) {
      await receive(url);
      skippedMs += 1_500;
    }
    const [letter] = await receive(dead, { VisibilityTimeout: 0 });
    expect(letter).toMatchObject({
      Body: "poison",
      Attributes: { DeadLetterQueueSourceArn: expect.stringContaining(url.split("/").at(-1) ?? "?") },
    });
    await client.send(new StartMessageMoveTaskCommand({ SourceArn: arn }));
    expect((await receive(url))[0]?.Body).toBe("poison");
  });

  test("refuses what AWS refuses: batches too large, bodies too long, queues that are not there", async () => {
    const url = await aQueue();
    const Entries = Array.from({ length: 11 }, (_, index) => ({ Id: String(index), MessageBody: "x" }));
    await expect(client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }))).rejects.toThrow(
      "Maximum number of entries",
    );
    await expect(send(url, "x".repeat(1024 * 1024 + 1))).rejects.toThrow("MaximumMessageSize");
    await expect(send(`${url}-nowhere`, "x")).rejects.toMatchObject({ name: "QueueDoesNotExist" });
  });

  test("loses no acknowledged message when its process is killed", async () => {
    const port = await pickPort(new Set());
    const file = join(folder.path, "killed");
    const script = `import { startSqs } from "${join(process.cwd(), "lib/local/sqs/server.ts")}"; await startSqs({ port: ${port}, dataFile: ${JSON.stringify(file)}, senderOf: (key) => key });`;
    const boot = () =>
      spawn(
        process.execPath,
        ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", script],
        { stdio: "ignore" },
      );
    const other = new SQSClient({
      region: "us-east-1",
      endpoint: `http://127.0.0.1:${port}`,
      credentials: { accessKeyId: "x", secretAccessKey: "x" },
      maxAttempts: 1,
    });
    const up = () =>
      eventually(
        () =>
          other.send(new CreateQueueCommand({ QueueName: "kept" })).then(
            () => true,
            () => false,
          ),
        "the queue",
      );
    const first = boot();
    await up();
    const url = `http://127.0.0.1:${port}/000000000000/kept`;
    let acknowledged = 0;
    for (let index = 0; index < 50; index += 1) {
      if (index === 40) first.kill("SIGKILL");
      await other.send(new SendMessageCommand({ QueueUrl: url, MessageBody: String(index) })).then(
        () => acknowledged++,
        () => {},
      );
    }
    const second = boot();
    await up();
    const { Attributes } = await other.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["All"] }),
    );
    second.kill("SIGKILL");
    expect(acknowledged).toBeGreaterThan(30);
    expect(Number(Attributes?.["ApproximateNumberOfMessages"])).toBeGreaterThanOrEqual(acknowledged);
  });
});

describe("the old Query protocol, which Debian's AWS CLI and old SDKs speak", () => {
  const ask = async (form: Record<string, string>, path = "/"): Promise<string> => {
    const response = await fetch(`${sqs.endpoint}${path}`, {
      method: "POST",
      body: new URLSearchParams({ Version: "2012-11-05", ...form }),
    });
    return `${response.status} ${await response.text()}`;
  };

  test("sends what the JSON protocol receives, attributes and batches too, and says errors in XML", async () => {
    const url = await aQueue();
    const { pathname } = new URL(url);
    const sent = await ask(
      {
        Action: "SendMessage",
        MessageBody: "a <body> & more",
        "MessageAttribute.1.Name": "who",
        "MessageAttribute.1.Value.DataType": "String",
        "MessageAttribute.1.Value.StringValue": "me",
      },
      pathname,
    );
    expect(sent).toMatch(/^200 .*<MD5OfMessageBody>[0-9a-f]{32}</s);
    await ask({
      Action: "SendMessageBatch",
      QueueUrl: url,
      "SendMessageBatchRequestEntry.1.Id": "x",
      "SendMessageBatchRequestEntry.1.MessageBody": "two",
      "SendMessageBatchRequestEntry.1.DelaySeconds": "0",
    });
    const received = await receive(url);
    expect(received.map(({ Body }) => Body).sort()).toEqual(["a <body> & more", "two"]);
    expect(
      received.find(({ MessageAttributes }) => MessageAttributes !== undefined)?.MessageAttributes,
    ).toMatchObject({ who: { StringValue: "me" } });
    expect(await ask({ Action: "ReceiveMessage", QueueUrl: `${url}-nowhere` })).toMatch(
      /^400 .*<Code>AWS.SimpleQueueService.NonExistentQueue<\/Code>/s,
    );
  });
});

describe("an event source mapping", () => {
  interface Event {
    readonly Records: readonly { readonly messageId: string; readonly body: string }[];
  }
  const isEvent = (event: unknown): event is Event =>
    typeof event === "object" && event !== null && "Records" in event;

  async function mapped(answer: (event: Event) => unknown) {
    const url = await aQueue({ VisibilityTimeout: "30" });
    const seen: string[] = [];
    const host = createFunctionHost({ sqsEndpoint: sqs.endpoint });
    host.sqsMapping({
      name: "test",
      timeoutMs: 5000,
      queueUrl: url,
      batchSize: 10,
      maximumConcurrency: 1,
      handler: async (event) => {
        if (!isEvent(event)) throw new Error("not an SQS event");
        seen.push(...event.Records.map(({ body }) => body));
        return answer(event);
      },
    });
    return { url, seen, stop: () => host.stop() };
  }
  const left = async (QueueUrl: string) => {
    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }),
    );
    return (
      Number(Attributes?.["ApproximateNumberOfMessages"]) +
      Number(Attributes?.["ApproximateNumberOfMessagesNotVisible"])
    );
  };

  test("deletes what was done, and brings back what was named as failed, and that alone", async () => {
    let failures = 2;
    const { url, seen, stop } = await mapped(({ Records }) => ({
      batchItemFailures: Records.filter(({ body }) => body === "bad" && failures-- > 0).map(
        ({ messageId }) => ({ itemIdentifier: messageId }),
      ),
    }));
    for (const body of ["good", "bad", "fine"]) await send(url, body);
    await eventually(() => seen.filter((body) => body === "bad").length === 3, "the third delivery");
    await eventually(async () => (await left(url)) === 0, "an empty queue");
    await stop();
    expect(seen.filter((body) => body !== "bad").sort()).toEqual(["fine", "good"]);
  });

  test.each([
    ["an exception", () => Promise.reject(new Error("broken"))],
    ["an identifier that is not in the batch", () => ({ batchItemFailures: [{ itemIdentifier: "nobody" }] })],
    ["an empty identifier", () => ({ batchItemFailures: [{ itemIdentifier: "" }] })],
  ])("%s means the whole batch", async (_what, answer) => {
    let first = true;
    const { url, seen, stop } = await mapped(() => {
      if (!first) return undefined;
      first = false;
      return answer();
    });
    await client.send(
      new SendMessageBatchCommand({
        QueueUrl: url,
        Entries: ["a", "b"].map((body) => ({ Id: body, MessageBody: body })),
      }),
    );
    await eventually(() => seen.length >= 4, "the whole batch again");
    await eventually(async () => (await left(url)) === 0, "an empty queue");
    await stop();
    expect(seen.toSorted()).toEqual(["a", "a", "b", "b"]);
  });
});
