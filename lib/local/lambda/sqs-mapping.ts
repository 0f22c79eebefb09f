/**
 * Lambda's event source mapping for a standard queue, with ReportBatchItemFailures (AWS Lambda Developer Guide, “Using
 * Lambda with Amazon SQS”): what the function names comes back when its visibility ends, the rest is deleted; an exception
 * or an answer that cannot be read means the whole batch.
 */
import * as z from "zod";
import { contextOf, type Mapping } from "./triggers.ts";

const waitSeconds = 20;
/** A mapping backs off a message that failed; here by one second, so that what merely raced is soon done again. */
const failedAgainSeconds = 1;

const received = z.looseObject({
  Messages: z
    .array(
      z.looseObject({
        MessageId: z.string(),
        ReceiptHandle: z.string(),
        Body: z.string(),
        MD5OfBody: z.string(),
        Attributes: z.record(z.string(), z.string()),
        MessageAttributes: z.record(z.string(), z.looseObject({})).optional(),
      }),
    )
    .default([]),
});
type Message = z.infer<typeof received>["Messages"][number];

const batchResponse = z
  .looseObject({ batchItemFailures: z.array(z.looseObject({ itemIdentifier: z.string().min(1) })).nullish() })
  .nullish();

/** Starts polling; returns how to stop. */
export function startMapping(
  { name, timeoutMs, queueUrl, batchSize, maximumConcurrency, handler }: Mapping,
  endpoint: string,
): () => Promise<void> {
  const stopping = new AbortController();

  async function call(
    action: string,
    input: Record<string, unknown>,
    signal?: AbortSignal,
  ): Promise<unknown> {
    const response = await fetch(endpoint, {
      method: "POST",
      headers: {
        "x-amz-target": `AmazonSQS.${action}`,
        "content-type": "application/x-amz-json-1.0",
        authorization: "AWS4-HMAC-SHA256 Credential=lambda/local",
      },
      body: JSON.stringify({ QueueUrl: queueUrl, ...input }),
      ...(signal === undefined ? {} : { signal }),
    });
    if (!response.ok)
      throw new Error(`${action} on ${queueUrl}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  async function invoke(messages: readonly Message[]): Promise<readonly string[]> {
    const all = messages.map(({ MessageId }) => MessageId);
    try {
      const answer = batchResponse.safeParse(
        await handler(eventOf(messages, queueUrl), contextOf(name, timeoutMs)),
      );
      if (!answer.success) return all;
      const failed = (answer.data?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier);
      return failed.every((id) => all.includes(id)) ? failed : all;
    } catch (error) {
      console.error(
        JSON.stringify({ level: "ERROR", message: "function failed", name, error: String(error) }),
      );
      return all;
    }
  }

  async function poll(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        const answer = await call(
          "ReceiveMessage",
          { MaxNumberOfMessages: Math.min(10, batchSize), WaitTimeSeconds: waitSeconds },
          stopping.signal,
        );
        const { Messages: messages } = received.parse(answer);
        if (messages.length > 0) await finish(messages, await invoke(messages));
      } catch (error) {
        if (stopping.signal.aborted) return;
        console.error(
          JSON.stringify({ level: "ERROR", message: "polling failed", name, error: String(error) }),
        );
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }

  async function finish(messages: readonly Message[], failed: readonly string[]): Promise<void> {
    const done = messages.filter(({ MessageId }) => !failed.includes(MessageId));
    if (done.length > 0) {
      await call("DeleteMessageBatch", {
        Entries: done.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle })),
      });
    }
    for (const { ReceiptHandle, MessageId } of messages) {
      if (failed.includes(MessageId)) {
        await call("ChangeMessageVisibility", { ReceiptHandle, VisibilityTimeout: failedAgainSeconds });
      }
    }
  }

  const pollers = Array.from({ length: maximumConcurrency }, poll);
  return async () => {
    stopping.abort();
    await Promise.all(pollers);
  };
}

const eventOf = (messages: readonly Message[], queueUrl: string) => ({
  Records: messages.map(
    ({ MessageId, ReceiptHandle, Body, MD5OfBody, Attributes, MessageAttributes = {} }) => ({
      messageId: MessageId,
      receiptHandle: ReceiptHandle,
      body: Body,
      attributes: Attributes,
      messageAttributes: Object.fromEntries(
        Object.entries(MessageAttributes).map(([key, { StringValue, BinaryValue, DataType }]) => [
          key,
          { stringValue: StringValue, binaryValue: BinaryValue, dataType: DataType },
        ]),
      ),
      md5OfBody: MD5OfBody,
      eventSource: "aws:sqs",
      eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:${queueUrl.split("/").at(-1)}`,
      awsRegion: "us-east-1",
    }),
  ),
});
