import { expect, test } from "vitest";
import * as z from "zod";
import { batches } from "../../functions/runtime/batches.ts";
import { contextOf } from "../../lib/local/lambda/triggers.ts";
import { memoryDeadLetters } from "../../lib/local/memory/queue.ts";

const record = (messageId: string, body: string) => ({
  messageId,
  body,
  receiptHandle: messageId,
  attributes: {
    ApproximateReceiveCount: "1",
    SentTimestamp: "0",
    SenderId: "somebody",
    ApproximateFirstReceiveTimestamp: "0",
  },
  messageAttributes: {},
  md5OfBody: "",
  eventSource: "aws:sqs",
  eventSourceARN: "arn:aws:sqs:us-east-1:000000000000:jobs",
  awsRegion: "us-east-1",
});
const good = record("good", '"good"');
const poison = record("poison", '"poison"');
const unlucky = record("unlucky", '"unlucky"');

const context = {
  ...contextOf("jobs", 1000),
  functionVersion: "1",
  memoryLimitInMB: "256",
  logGroupName: "jobs",
  logStreamName: "jobs",
  done: () => undefined,
  fail: () => undefined,
  succeed: () => undefined,
};

function consumerOf({ flush = async () => undefined }: { flush?: () => Promise<void> } = {}) {
  const deadLetters = memoryDeadLetters();
  const handler = batches(
    deadLetters,
    () => ({ context: null, done: flush }),
    // Reading ahead has failed: that alone brings nothing back.
    {
      read: (body) => z.string().safeParse(body),
      ahead: async () => {
        throw new Error("the table did not answer");
      },
      consume: async (_, body) => {
        if (body === "unlucky") throw new Error("the table did not answer");
        return body === "poison" ? "no such kind" : null;
      },
    },
  );
  const take = (...Records: ReturnType<typeof record>[]) => handler({ Records }, context);
  return { deadLetters, take };
}

test("what can never be carried out leaves a letter and does not come back; what failed comes back; the rest is done", async () => {
  const { deadLetters, take } = consumerOf();
  expect(await take(good, poison, unlucky)).toEqual({ batchItemFailures: [{ itemIdentifier: "unlucky" }] });
  expect(deadLetters.letters).toEqual([{ body: poison.body, reason: "no such kind", messageId: "poison" }]);
});

test("a batch that comes back whole has left no letter: it will be written when the batch is done", async () => {
  let sends = 0;
  const { deadLetters, take } = consumerOf({
    flush: async () => {
      sends += 1;
      if (sends === 1) throw new Error("the queue did not answer");
    },
  });
  await expect(take(good, poison)).rejects.toThrow("the queue did not answer");
  expect(deadLetters.letters).toEqual([]);
  await take(good, poison);
  expect(deadLetters.letters.map(({ messageId }) => messageId)).toEqual(["poison"]);
});

test("a letter that cannot be written brings back its own message, and no other", async () => {
  const { deadLetters, take } = consumerOf();
  deadLetters.reject = async () => {
    throw new Error("the dead-letter queue did not answer");
  };
  expect(await take(good, poison)).toEqual({ batchItemFailures: [{ itemIdentifier: "poison" }] });
});
