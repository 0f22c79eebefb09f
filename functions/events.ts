/** The table's stream → events on the bus. What the bus has not taken, and all that follows it, comes again. */
import middy from "@middy/core";
import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from "aws-lambda";
import { measuredBy } from "../lib/app/measure.ts";
import { labFinder, publishChanges } from "../lib/app/publish.ts";
import { documentClient, eventBridgeClient } from "../lib/aws/clients.ts";
import { dynamoStore } from "../lib/aws/dynamo-store.ts";
import { eventBridgeBus } from "../lib/aws/event-bus.ts";
import { unpackBase64 } from "../lib/aws/pack.ts";
import { eventsEnvironment, readEnvironment } from "../lib/contracts/environment.ts";
import { type Change, readStreamRecord } from "../lib/contracts/stream.ts";
import { log } from "./runtime/log.ts";
import { emit } from "./runtime/metrics.ts";

const { TABLE_NAME, EVENT_BUS_NAME, METRICS_NAMESPACE } = readEnvironment(eventsEnvironment, process.env);
const bus = eventBridgeBus({ client: eventBridgeClient(), busName: EVENT_BUS_NAME });
const labOf = labFinder(dynamoStore({ client: documentClient(), table: TABLE_NAME }));

export const handler = middy<DynamoDBStreamEvent, DynamoDBBatchResponse>().handler(
  async ({ Records: records }): Promise<DynamoDBBatchResponse> => {
    const sequences = new Map<Change, string>();
    for (const record of records) {
      const read = readStreamRecord(record, unpackBase64);
      // It would hold up the stream for ever.
      if (!read.ok) log.error("a record cannot be read", { record: record.eventID, why: read.poison });
      else if (read.change !== null) sequences.set(read.change, record.dynamodb?.SequenceNumber ?? "");
    }
    const left = await publishChanges({ bus, log, labOf }, [...sequences.keys()]);
    const told = [...sequences.keys()].filter((change) => !left.has(change));
    emit(
      METRICS_NAMESPACE,
      told.flatMap((change) => (change.kind === "timeline" ? measuredBy(change.value) : [])),
    );
    const failed = [...left].flatMap((change) => sequences.get(change) ?? []);
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
  },
);
