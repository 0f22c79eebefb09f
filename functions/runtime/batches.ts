/**
 * Batches of a queue: every message by itself, poison apart from bad luck. What can never be carried out goes to the
 * dead-letter queue with its reason, once, and counts as done; what failed comes back by itself, and the rest of the batch
 * with it is not held up (AWS Lambda Developer Guide, “Implementing partial batch responses”).
 */
import middy from "@middy/core";
import type { SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { sqsClient } from "../../lib/aws/clients.ts";
import { sqsDeadLetters } from "../../lib/aws/sqs-queue.ts";
import { log } from "./log.ts";

/** What a record came to: null when it was carried out, else why it never can be. */
export type Consume<C> = (context: C, body: unknown, record: SQSRecord) => Promise<string | null>;

export function batches<C>(
  deadLetterQueueUrl: string,
  /** What a batch has in common, and what is done when all of it was looked at. */
  open: () => { readonly context: C; readonly done: () => Promise<void> },
  consume: Consume<C>,
) {
  const deadLetters = sqsDeadLetters({ client: sqsClient(), queueUrl: deadLetterQueueUrl });

  async function consumeOne(context: C, record: SQSRecord): Promise<void> {
    const parsed = parseJson(record.body);
    const reason = parsed.ok ? await consume(context, parsed.value, record) : parsed.reason;
    if (reason === null) return;
    log.warn("rejected a message", { messageId: record.messageId, reason });
    await deadLetters.reject({ body: record.body, reason });
  }

  return middy<SQSEvent, SQSBatchResponse>().handler(
    async ({ Records: records }: SQSEvent): Promise<SQSBatchResponse> => {
      const { context, done } = open();
      const failed: string[] = [];
      for (const record of records) {
        try {
          await consumeOne(context, record);
        } catch (error) {
          log.error("a message failed and comes back", { messageId: record.messageId, error });
          failed.push(record.messageId);
        }
      }
      await done();
      return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
    },
  );
}

function parseJson(text: string): { ok: true; value: unknown } | { ok: false; reason: string } {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, reason: `not JSON: ${why}` };
  }
}
