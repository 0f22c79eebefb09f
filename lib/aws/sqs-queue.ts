/** Wakes and dead letters on SQS. A wake may come late, twice or never: nothing depends on it. */
import { SendMessageBatchCommand, SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { wakeSchema } from "../contracts/wake.ts";
import type { Instant } from "../core/time.ts";
import type { DeadLetters, GroupedWake, Queue, Wake } from "../ports/queue.ts";

/** SQS's own limits: entries of a batch, and the longest delay (Amazon SQS Developer Guide, “Amazon SQS message quotas”). */
const batchEntries = 10;
const longestDelaySeconds = 900;
const longestMessageBytes = 1_048_576;
const longestReasonBytes = 1024;
/** The attributes count: the reason and the message's id, their names and types. */
const longestBodyBytes = longestMessageBytes - longestReasonBytes - 256;

export function sqsQueue({ client, queueUrl }: { client: SQSClient; queueUrl: string }): Queue {
  async function sendBatch(wakes: readonly GroupedWake[], now: Instant, retry: boolean): Promise<void> {
    const { Failed = [] } = await client.send(
      new SendMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: wakes.map(({ group, ...wake }, index) => ({
          Id: String(index),
          MessageGroupId: group,
          MessageBody: JSON.stringify({ schema: wakeSchema, ...wake }),
          DelaySeconds: delayOf(wake, now),
        })),
      }),
    );
    const failed = wakes.filter((_, index) => Failed.some(({ Id }) => Id === String(index)));
    if (failed.length === 0) return;
    if (!retry)
      throw new Error(`${failed.length} wakes were not accepted: ${Failed[0]?.Message ?? "no reason given"}`);
    return sendBatch(failed, now, false);
  }

  return {
    wake: async (wakes, now) => {
      const soon = wakes.filter((wake) => delayOf(wake, now) <= longestDelaySeconds);
      for (let from = 0; from < soon.length; from += batchEntries) {
        await sendBatch(soon.slice(from, from + batchEntries), now, true);
      }
    },
  };
}

/** Rounded up: a timer that comes early is of no use to anybody. */
const delayOf = ({ due }: Wake, now: Instant): number =>
  due === null ? 0 : Math.max(0, Math.ceil((due - now) / 1000));

export const sqsDeadLetters = ({
  client,
  queueUrl,
}: {
  client: SQSClient;
  queueUrl: string;
}): DeadLetters => ({
  reject: async ({ body, reason, messageId }) => {
    await client.send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: allowed(body, longestBodyBytes),
        MessageAttributes: {
          reason: { DataType: "String", StringValue: allowed(reason, longestReasonBytes) },
          messageId: { DataType: "String", StringValue: messageId },
        },
      }),
    );
  },
});

/** SQS takes the characters of XML 1.0 only, and no empty text. */
function allowed(text: string, most: number): string {
  const clean = text.replaceAll(/[^\P{Cc}\t\n\r\u007f-\u009f]|[\ufffe\uffff]/gu, "\ufffd").toWellFormed();
  const cut =
    Buffer.byteLength(clean) <= most
      ? clean
      : Buffer.from(clean)
          .subarray(0, most)
          .toString()
          .replace(/\ufffd+$/, "");
  return cut === "" ? "(empty)" : cut;
}
