/**
 * Lambda's event source mapping for a table's stream, with ReportBatchItemFailures (AWS Lambda Developer Guide, “Using Lambda
 * with Amazon DynamoDB”): a shard's records in order, a batch at a time; what follows the first that failed comes again. How
 * far each shard is stands in a file, so that a restart goes on there.
 */
import { existsSync, readFileSync } from "node:fs";
import * as z from "zod";
import { passesFilters } from "../../contracts/stream.ts";
import { writeAtomically } from "../layout.ts";
import { contextOf, type StreamMapping } from "./triggers.ts";

const pollMs = 250;
const failedAgainMs = 1000;

const positions = z.strictObject({
  schema: z.literal("rackwright.stream/1"),
  /** By stream and shard: the sequence number of the last record that is done. */
  done: z.record(z.string(), z.string()),
});

/** A database on one machine wants a signature, and does not check it. */
const signature = {
  authorization:
    "AWS4-HMAC-SHA256 Credential=lambda/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=local",
  "x-amz-date": "20260101T000000Z",
};

const streams = z.looseObject({ Streams: z.array(z.looseObject({ StreamArn: z.string() })) });
const description = z.looseObject({
  StreamDescription: z.looseObject({ Shards: z.array(z.looseObject({ ShardId: z.string() })) }),
});
const iterator = z.looseObject({ ShardIterator: z.string() });
const got = z.looseObject({
  Records: z.array(z.looseObject({ dynamodb: z.looseObject({ SequenceNumber: z.string() }) })),
  NextShardIterator: z.string().nullish(),
});
type StreamRecord = z.infer<typeof got>["Records"][number];

const batchResponse = z
  .looseObject({ batchItemFailures: z.array(z.looseObject({ itemIdentifier: z.string() })).nullish() })
  .nullish();

/** All that come again where these are the first of them. */
function from(left: readonly StreamRecord[], all: readonly StreamRecord[]): readonly StreamRecord[] {
  const [first] = left;
  return first === undefined ? [] : all.slice(all.indexOf(first));
}

const sequenceOf = ({ dynamodb }: StreamRecord): string => dynamodb.SequenceNumber;

/** Starts polling; returns how to stop. */
export function startStreamMapping({
  name,
  timeoutMs,
  endpoint,
  table,
  batchSize,
  positionFile,
  handler,
}: StreamMapping): () => Promise<void> {
  const stopping = new AbortController();
  const done: Record<string, string> = existsSync(positionFile)
    ? positions.parse(JSON.parse(readFileSync(positionFile, "utf8"))).done
    : {};

  async function call(action: string, input: Record<string, unknown>): Promise<unknown> {
    const response = await fetch(endpoint, {
      method: "POST",
      headers: {
        "x-amz-target": `DynamoDBStreams_20120810.${action}`,
        "content-type": "application/x-amz-json-1.0",
        ...signature,
      },
      body: JSON.stringify(input),
      signal: stopping.signal,
    });
    if (!response.ok)
      throw new Error(`${action} of the stream of ${table}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** The records that are not done yet, from the first on: none are if the function has said nothing of any. */
  async function invoke(records: readonly StreamRecord[]): Promise<readonly StreamRecord[]> {
    try {
      const event = { Records: records };
      const answer = batchResponse.safeParse(await handler(event, contextOf(name, timeoutMs)));
      if (!answer.success) return records;
      const failed = (answer.data?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier);
      if (failed.length === 0) return [];
      const first = records.findIndex((record) => failed.includes(sequenceOf(record)));
      return first === -1 ? records : records.slice(first);
    } catch (error) {
      complain("function failed", error);
      return records;
    }
  }

  function complain(message: string, error: unknown): void {
    console.error(JSON.stringify({ level: "ERROR", message, name, error: String(error) }));
  }

  const begin = async (stream: string, shard: string): Promise<string> => {
    const last = done[`${stream} ${shard}`];
    const from =
      last === undefined
        ? { ShardIteratorType: "TRIM_HORIZON" }
        : { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", SequenceNumber: last };
    const answer = await call("GetShardIterator", { StreamArn: stream, ShardId: shard, ...from });
    return iterator.parse(answer).ShardIterator;
  };

  /** Until it is closed and read to its end; throws where the function has failed: what is not done is read again. */
  async function follow(stream: string, shard: string): Promise<void> {
    let at: string | null | undefined = await begin(stream, shard);
    while (at != null && !stopping.signal.aborted) {
      const { Records, NextShardIterator } = got.parse(
        await call("GetRecords", { ShardIterator: at, Limit: batchSize }),
      );
      const given = Records.filter(passesFilters);
      const left = given.length === 0 ? [] : from(await invoke(given), Records);
      const last = Records[Records.length - left.length - 1];
      if (last !== undefined) {
        done[`${stream} ${shard}`] = sequenceOf(last);
        writeAtomically(positionFile, JSON.stringify({ schema: "rackwright.stream/1", done }));
      }
      if (left.length > 0) throw new Error(`${left.length} records come again`);
      if (Records.length < batchSize) await pause(pollMs);
      at = NextShardIterator;
    }
  }

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(over, ms);
      function over(): void {
        clearTimeout(timer);
        stopping.signal.removeEventListener("abort", over);
        resolve();
      }
      if (stopping.signal.aborted) over();
      else stopping.signal.addEventListener("abort", over);
    });

  async function poll(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        const { Streams } = streams.parse(await call("ListStreams", { TableName: table }));
        const stream = Streams.at(-1)?.StreamArn;
        if (stream === undefined) throw new Error(`table ${table} has no stream`);
        const { Shards } = description.parse(
          await call("DescribeStream", { StreamArn: stream }),
        ).StreamDescription;
        // The oldest first: a shard's parent stands before it, and is closed.
        for (const { ShardId } of Shards) await follow(stream, ShardId);
        await pause(pollMs);
      } catch (error) {
        if (stopping.signal.aborted) return;
        complain("polling failed", error);
        await pause(failedAgainMs);
      }
    }
  }

  const polling = poll();
  return async () => {
    stopping.abort();
    await polling;
  };
}
