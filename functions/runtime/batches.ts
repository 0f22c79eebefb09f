/**
 * Batches of a queue: every message by itself, poison apart from bad luck. What can never be carried out goes to the
 * dead-letter queue with its reason, and counts as done; what failed comes back by itself, and the rest of the batch
 * with it is not held up (AWS Lambda Developer Guide, “Implementing partial batch responses”).
 */
import middy from "@middy/core";
import type { SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { explain } from "../../lib/contracts/scalars.ts";
import type { DeadLetter, DeadLetters } from "../../lib/ports/queue.ts";
import { log } from "./log.ts";

type Read<M> =
  | { readonly success: true; readonly data: M }
  | { readonly success: false; readonly error: Parameters<typeof explain>[0] };

export interface Consumer<C, M> {
  /** What a body says; one that is not of its shape is poison. */
  readonly read: (body: unknown) => Read<M>;
  /** Reads what all the messages need together, in few calls. Where it fails each message reads for itself. */
  readonly ahead?: (context: C, messages: readonly M[]) => Promise<void>;
  /** What a message came to: null when it was carried out, else why it never can be. */
  readonly consume: (context: C, message: M, record: SQSRecord) => Promise<string | null>;
}

type Opened<M> = { readonly message: M } | { readonly poison: string };

export function batches<C, M>(
  deadLetters: DeadLetters,
  /** What a batch has in common, and what is done when all of it was looked at. */
  open: () => { readonly context: C; readonly done: () => Promise<void> },
  { read, ahead, consume }: Consumer<C, M>,
) {
  function opened({ body }: SQSRecord): Opened<M> {
    const parsed = parseJson(body);
    if (!parsed.ok) return { poison: parsed.reason };
    const said = read(parsed.value);
    return said.success ? { message: said.data } : { poison: explain(said.error) };
  }

  async function lookAhead(context: C, all: readonly Opened<M>[]): Promise<void> {
    const messages = all.flatMap((each) => ("message" in each ? [each.message] : []));
    try {
      await ahead?.(context, messages);
    } catch (error) {
      log.warn("nothing was read ahead: each message reads for itself", { error });
    }
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
      const all = records.map((record) => ({ record, given: opened(record) }));
      await lookAhead(
        context,
        all.map(({ given }) => given),
      );
      for (const { record, given } of all) {
        const { messageId, body } = record;
        await trying(messageId, async () => {
          const reason = "poison" in given ? given.poison : await consume(context, given.message, record);
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
