/**
 * Consumes a queue: every message by itself, poison apart from bad luck. What can never be carried out goes to the
 * dead-letter queue with its reason, once, and counts as done; what failed comes back by itself, and the rest of the batch
 * with it is not held up (AWS Lambda Developer Guide, “Implementing partial batch responses”).
 */
import middy from "@middy/core";
import type { SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import type { App } from "../../lib/app/app.ts";
import { sqsDeadLetters } from "../../lib/aws/sqs-queue.ts";
import { consumerEnvironment, readEnvironment } from "../../lib/contracts/environment.ts";
import { composer, sqs } from "./compose.ts";
import { log } from "./log.ts";

/** What a record came to: null when it was carried out, else why it never can be. */
export type Consume = (app: App, body: unknown, record: SQSRecord) => Promise<string | null>;

export function consumer(consume: Consume) {
  const makeApp = composer();
  const { DEAD_LETTER_QUEUE_URL } = readEnvironment(consumerEnvironment, process.env);
  const deadLetters = sqsDeadLetters({ client: sqs, queueUrl: DEAD_LETTER_QUEUE_URL });

  async function consumeOne(app: App, record: SQSRecord): Promise<void> {
    const parsed = parseJson(record.body);
    const reason = parsed.ok ? await consume(app, parsed.value, record) : parsed.reason;
    if (reason === null) return;
    log.warn("rejected a message", { messageId: record.messageId, reason });
    await deadLetters.reject({ body: record.body, reason });
  }

  return middy<SQSEvent, SQSBatchResponse>().handler(
    async ({ Records: records }: SQSEvent): Promise<SQSBatchResponse> => {
      const app = makeApp();
      const failed: string[] = [];
      for (const record of records) {
        try {
          await consumeOne(app, record);
        } catch (error) {
          log.error("a message failed and comes back", { messageId: record.messageId, error });
          failed.push(record.messageId);
        }
      }
      await app.outbox.flush();
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
