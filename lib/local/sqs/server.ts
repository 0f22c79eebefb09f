/**
 * SQS on one machine, as clients speak to it: AWS JSON 1.0, or the old Query protocol. Who sends is known by the access key of the
 * request's signature, as SQS knows it; signatures themselves are not checked, since there is nobody else here.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import * as z from "zod";
import { closeNow, listenOn, readBody } from "../http.ts";
import { readForm, writeXml, writeXmlError } from "./query.ts";
import {
  arnOf,
  type MessageAttribute,
  type NewMessage,
  openQueues,
  type Received,
  SqsError,
} from "./queues.ts";

export interface SqsSettings {
  readonly port: number;
  readonly dataFile: string;
  readonly now?: () => number;
  /** What SQS would show as SenderId for requests signed with this access key. */
  readonly senderOf: (accessKeyId: string) => string;
}

export interface SqsServer {
  readonly endpoint: string;
  /** As a service of AWS puts a message there, in its own name. */
  put(queue: string, body: string, sender: string): void;
  /** For tests: this share of received messages is delivered twice. */
  faults: { duplicate: () => boolean };
  stop(): Promise<void>;
}

const longestWaitSeconds = 20;

const messageAttributes = z.record(
  z.string(),
  z.looseObject({
    DataType: z.string(),
    StringValue: z.string().exactOptional(),
    BinaryValue: z.string().exactOptional(),
  }),
);
const entry = z.looseObject({
  MessageBody: z.string(),
  DelaySeconds: z.number().optional(),
  MessageGroupId: z.string().optional(),
  MessageAttributes: messageAttributes.optional(),
});
const onQueue = z.looseObject({ QueueUrl: z.string() });

export async function startSqs({
  port,
  dataFile,
  now = Date.now,
  senderOf,
}: SqsSettings): Promise<SqsServer> {
  const queues = openQueues(dataFile, now);
  const waiters = new Map<string, Set<() => void>>();
  const faults = { duplicate: () => false };
  let endpoint = "";
  let stopped = false;

  const nameOf = (url: string): string => url.split("/").at(-1) ?? "";
  const urlOf = (name: string): string => `${endpoint}/000000000000/${name}`;
  const wakeWaiters = (name: string): void => {
    for (const wake of waiters.get(name) ?? []) wake();
  };

  /** Waits until a message may be there, at most until `deadline`. */
  function quiet(name: string, deadline: number): Promise<void> {
    const next = Math.min(deadline, queues.nextAt(name) ?? deadline);
    return new Promise((resolve) => {
      const waiting = waiters.get(name) ?? new Set();
      waiters.set(name, waiting);
      const done = () => {
        waiting.delete(done);
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(done, Math.max(1, next - now()));
      waiting.add(done);
    });
  }

  function send(name: string, entries: readonly z.infer<typeof entry>[], sender: string) {
    const messages = entries.map(
      (each): NewMessage => ({
        body: each.MessageBody,
        attributes: each.MessageAttributes ?? {},
        delaySeconds: each.DelaySeconds ?? null,
        group: each.MessageGroupId ?? null,
        sender,
      }),
    );
    const ids = queues.send(name, messages);
    wakeWaiters(name);
    return messages.map(({ body, attributes }, index) => ({
      MessageId: ids[index],
      MD5OfMessageBody: md5(body),
      ...(Object.keys(attributes).length === 0
        ? {}
        : { MD5OfMessageAttributes: md5OfAttributes(attributes) }),
    }));
  }

  type Action = (input: unknown, sender: string, gone: () => boolean) => unknown;
  const actions: Readonly<Record<string, Action>> = {
    CreateQueue: (input) => {
      const { QueueName, Attributes = {} } = z
        .looseObject({ QueueName: z.string(), Attributes: z.record(z.string(), z.string()).optional() })
        .parse(input);
      queues.create(QueueName, Attributes);
      return { QueueUrl: urlOf(QueueName) };
    },
    GetQueueUrl: (input) => {
      const { QueueName } = z.looseObject({ QueueName: z.string() }).parse(input);
      queues.attributes(QueueName);
      return { QueueUrl: urlOf(QueueName) };
    },
    ListQueues: (input) => {
      const { QueueNamePrefix = "" } = z.looseObject({ QueueNamePrefix: z.string().optional() }).parse(input);
      return { QueueUrls: queues.names(QueueNamePrefix).map(urlOf) };
    },
    GetQueueAttributes: (input) => {
      const { QueueUrl, AttributeNames = [] } = onQueue
        .extend({ AttributeNames: z.array(z.string()).optional() })
        .parse(input);
      const all = Object.entries(queues.attributes(nameOf(QueueUrl)));
      const wanted = AttributeNames.includes("All")
        ? all
        : all.filter(([name]) => AttributeNames.includes(name));
      return { Attributes: Object.fromEntries(wanted) };
    },
    SetQueueAttributes: (input) => {
      const { QueueUrl, Attributes } = onQueue
        .extend({ Attributes: z.record(z.string(), z.string()) })
        .parse(input);
      queues.setAttributes(nameOf(QueueUrl), Attributes);
      return {};
    },
    SendMessage: (input, sender) => {
      const parsed = onQueue.extend(entry.shape).parse(input);
      return send(nameOf(parsed.QueueUrl), [parsed], sender)[0];
    },
    SendMessageBatch: (input, sender) => {
      const { QueueUrl, Entries } = onQueue
        .extend({ Entries: z.array(entry.extend({ Id: z.string() })) })
        .parse(input);
      checkBatch(Entries);
      const sent = send(nameOf(QueueUrl), Entries, sender);
      return { Successful: sent.map((each, index) => ({ Id: Entries[index]?.Id, ...each })), Failed: [] };
    },
    ReceiveMessage: async (input, _sender, gone) => {
      const parsed = onQueue
        .extend({
          MaxNumberOfMessages: z.int().min(1).max(10).optional(),
          WaitTimeSeconds: z.number().min(0).max(longestWaitSeconds).optional(),
          VisibilityTimeout: z.number().min(0).max(43_200).optional(),
        })
        .parse(input);
      const name = nameOf(parsed.QueueUrl);
      const wait = parsed.WaitTimeSeconds ?? Number(queues.attributes(name)["ReceiveMessageWaitTimeSeconds"]);
      const deadline = now() + wait * 1000;
      for (;;) {
        if (gone()) return {};
        const received = queues.receive(
          name,
          parsed.MaxNumberOfMessages ?? 1,
          parsed.VisibilityTimeout ?? null,
        );
        if (received.length > 0) {
          for (const { receipt } of received)
            if (faults.duplicate()) queues.changeVisibility(name, receipt, 0);
          return { Messages: received.map(shown) };
        }
        if (now() >= deadline || stopped) return {};
        await quiet(name, deadline);
      }
    },
    DeleteMessage: (input) => {
      const { QueueUrl, ReceiptHandle } = onQueue.extend({ ReceiptHandle: z.string() }).parse(input);
      queues.remove(nameOf(QueueUrl), [ReceiptHandle]);
      return {};
    },
    DeleteMessageBatch: (input) => {
      const { QueueUrl, Entries } = onQueue
        .extend({ Entries: z.array(z.looseObject({ Id: z.string(), ReceiptHandle: z.string() })) })
        .parse(input);
      checkBatch(Entries);
      queues.remove(
        nameOf(QueueUrl),
        Entries.map(({ ReceiptHandle }) => ReceiptHandle),
      );
      return { Successful: Entries.map(({ Id }) => ({ Id })), Failed: [] };
    },
    ChangeMessageVisibility: (input) => {
      const { QueueUrl, ReceiptHandle, VisibilityTimeout } = onQueue
        .extend({ ReceiptHandle: z.string(), VisibilityTimeout: z.number().min(0).max(43_200) })
        .parse(input);
      queues.changeVisibility(nameOf(QueueUrl), ReceiptHandle, VisibilityTimeout);
      wakeWaiters(nameOf(QueueUrl));
      return {};
    },
    PurgeQueue: (input) => {
      queues.purge(nameOf(onQueue.parse(input).QueueUrl));
      return {};
    },
    ListDeadLetterSourceQueues: (input) => ({
      queueUrls: queues.sourcesOf(nameOf(onQueue.parse(input).QueueUrl)).map(urlOf),
    }),
    StartMessageMoveTask: (input) => {
      const { SourceArn, DestinationArn } = z
        .looseObject({ SourceArn: z.string(), DestinationArn: z.string().optional() })
        .parse(input);
      const dead = SourceArn.split(":").at(-1) ?? "";
      const to = DestinationArn?.split(":").at(-1) ?? queues.sourcesOf(dead)[0];
      if (to === undefined)
        throw new SqsError("ResourceNotFoundException", `${dead} is the dead-letter queue of no other queue`);
      queues.redrive(dead, to);
      wakeWaiters(to);
      return { TaskHandle: `${dead}-${now()}` };
    },
  };

  async function perform(name: string, input: unknown, request: IncomingMessage): Promise<unknown> {
    const action = actions[name];
    const [, key = "anonymous"] = /Credential=([^/]+)\//.exec(request.headers.authorization ?? "") ?? [];
    try {
      if (action === undefined)
        throw new SqsError("UnsupportedOperation", `this server has no action ${JSON.stringify(name)}`);
      return await action(input, senderOf(key), () => request.socket.destroyed);
    } catch (error) {
      throw error instanceof z.ZodError ? new SqsError("InvalidParameterValue", error.message) : error;
    }
  }

  /** Both protocols, one implementation: JSON for today's clients, forms and XML for old ones. */
  async function answer(request: IncomingMessage): Promise<Answer> {
    const text = (await readBody(request)) ?? "";
    const isForm = (request.headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded");
    const form = isForm ? readForm(new URLSearchParams(text), request.url ?? "/") : null;
    const name = form?.action ?? String(request.headers["x-amz-target"] ?? "").replace(/^AmazonSQS\./, "");
    try {
      const output = await perform(name, form?.input ?? parseJson(text), request);
      return form === null
        ? jsonAnswer(200, output)
        : { status: 200, type: "text/xml", body: writeXml(name, output) };
    } catch (error) {
      const known = error instanceof SqsError ? error : new SqsError("InternalError", String(error));
      const status = error instanceof SqsError ? 400 : 500;
      if (form === null)
        return jsonAnswer(status, { __type: `com.amazonaws.sqs#${known.type}`, message: known.message });
      return { status, type: "text/xml", body: writeXmlError(known, status === 400 ? "Sender" : "Receiver") };
    }
  }

  const server = createServer((request, response) => {
    answer(request)
      .then(({ status, type, body }) => {
        response.writeHead(status, { "content-type": type });
        response.end(body);
      })
      .catch((error: unknown) => response.destroy(error instanceof Error ? error : new Error(String(error))));
  });
  const bound = await listenOn(server, port);
  endpoint = `http://127.0.0.1:${bound}`;
  return {
    endpoint,
    put: (queue, body, sender) => {
      send(queue, [{ MessageBody: body }], sender);
    },
    faults,
    stop: async () => {
      stopped = true;
      for (const name of waiters.keys()) wakeWaiters(name);
      await closeNow(server);
      queues.close();
    },
  };
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const jsonAnswer = (status: number, body: unknown): Answer => ({
  status,
  type: "application/x-amz-json-1.0",
  body: JSON.stringify(body),
});

function parseJson(text: string): unknown {
  try {
    return text === "" ? {} : JSON.parse(text);
  } catch (error) {
    throw new SqsError("InvalidParameterValue", `the request is not JSON: ${String(error)}`);
  }
}

function checkBatch(entries: readonly { Id: string }[]): void {
  if (entries.length === 0)
    throw new SqsError("EmptyBatchRequest", "The batch request doesn't contain any entries.");
  if (entries.length > 10)
    throw new SqsError("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10.");
  if (new Set(entries.map(({ Id }) => Id)).size < entries.length) {
    throw new SqsError(
      "BatchEntryIdsNotDistinct",
      "Two or more batch entries in the request have the same Id.",
    );
  }
}

function shown({
  id,
  receipt,
  body,
  attributes,
  group,
  sender,
  sentAt,
  firstReceivedAt,
  receives,
  deadFrom,
}: Received) {
  return {
    MessageId: id,
    ReceiptHandle: receipt,
    Body: body,
    MD5OfBody: md5(body),
    Attributes: {
      SenderId: sender,
      SentTimestamp: String(sentAt),
      ApproximateFirstReceiveTimestamp: String(firstReceivedAt),
      ApproximateReceiveCount: String(receives),
      ...(group === null ? {} : { MessageGroupId: group }),
      ...(deadFrom === null ? {} : { DeadLetterQueueSourceArn: arnOf(deadFrom) }),
    },
    ...(Object.keys(attributes).length === 0
      ? {}
      : { MessageAttributes: attributes, MD5OfMessageAttributes: md5OfAttributes(attributes) }),
  };
}

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

/** Amazon SQS Developer Guide, “Calculating the MD5 message digest for message attributes”; the SDK checks it. */
function md5OfAttributes(attributes: Readonly<Record<string, MessageAttribute>>): string {
  const hash = createHash("md5");
  const sized = (bytes: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  for (const name of Object.keys(attributes).sort()) {
    const attribute = attributes[name];
    if (attribute === undefined) continue;
    const { DataType, StringValue, BinaryValue } = attribute;
    sized(Buffer.from(name));
    sized(Buffer.from(DataType));
    hash.update(Buffer.from([DataType.startsWith("Binary") ? 2 : 1]));
    sized(
      DataType.startsWith("Binary")
        ? Buffer.from(BinaryValue ?? "", "base64")
        : Buffer.from(StringValue ?? ""),
    );
  }
  return hash.digest("hex");
}
