/**
 * Batches of a queue: every message by itself, poison apart from bad luck. What can never be carried out goes to the
 * dead-letter queue with its reason, and counts as done; what failed comes back by itself, and the rest of the batch
 * with it is not held up (AWS Lambda Developer Guide, “Implementing partial batch responses”).
 */
import middy from "@middy/core";
import type { SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import type { DeadLetter, DeadLetters } from "../../lib/ports/queue.ts";
import { log } from "./log.ts";

/** What a record came to: null when it was carried out, else why it never can be. */
export type Consume<C> = (context: C, body: unknown, record: SQSRecord) => Promise<string | null>;

export function batches<C>(
  deadLetters: DeadLetters,
  /** What a batch has in common, and what is done when all of it was looked at. */
  open: () => { readonly context: C; readonly done: () => Promise<void> },
  consume: Consume<C>,
) {
  async function reasonAgainst(context: C, record: SQSRecord): Promise<string | null> {
    const parsed = parseJson(record.body);
    return parsed.ok ? consume(context, parsed.value, record) : parsed.reason;
  }

  async function reject(letter: DeadLetter): Promise<void> {
    log.warn("rejected a message", { messageId: letter.messageId, reason: letter.reason });
    await deadLetters.reject(letter);
  }

  return middy<SQSEvent, SQSBatchResponse>().handler(
    async ({ Records: records }: SQSEvent): Promise<SQSBatchResponse> => {
      const { context, done } = open();
      const failed: string[] = [];
      const letters: DeadLetter[] = [];
      const trying = async (messageId: string, action: () => Promise<void>) => {
        try {
          await action();
        } catch (error) {
          log.error("a message failed and comes back", { messageId, error });
          failed.push(messageId);
        }
      };
      for (const record of records) {
        const { messageId, body } = record;
        await trying(messageId, async () => {
          const reason = await reasonAgainst(context, record);
          if (reason !== null) letters.push({ body, reason, messageId });
        });
      }
      // Letters come last: whatever fails before brings the whole batch back, and they would be written again.
      await done();
      for (const letter of letters) await trying(letter.messageId, () => reject(letter));
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
