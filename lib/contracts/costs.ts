/**
 * What a cycle costs, estimated from the requests that AWS counts anyway, so that counting costs nothing: by list prices of
 * us-east-1, on demand, arm64. An alarm computes from ten metrics at most, so what is counted for a function stands for
 * what it sends, and functions are those of the whole account.
 */
import type { Alarm } from "./alarms.ts";
import { indexNames } from "./table.ts";

export interface Billed {
  readonly namespace: string;
  readonly metric: string;
  /** Of the table: an index of it, or itself (null). */
  readonly index?: string | null;
  readonly of: "table" | "account";
  /** Of one of what the metric counts. */
  readonly dollars: number;
}

const million = 1_000_000;
const gigabytes = 0.5;
const perSecond = 0.000_013_333_4 * gigabytes;

export const billed: readonly Billed[] = [
  ...[null, ...indexNames].map(
    (index): Billed => ({
      namespace: "AWS/DynamoDB",
      metric: "ConsumedWriteCapacityUnits",
      of: "table",
      index,
      dollars: 0.625 / million,
    }),
  ),
  {
    namespace: "AWS/DynamoDB",
    metric: "ConsumedReadCapacityUnits",
    of: "table",
    index: null,
    dollars: 0.125 / million,
  },
  // Each with three requests of SQS, and a kilobyte of log.
  {
    namespace: "AWS/Lambda",
    metric: "Invocations",
    of: "account",
    dollars: (0.2 + 3 * 0.4) / million + 0.5 / million,
  },
  // In milliseconds.
  { namespace: "AWS/Lambda", metric: "Duration", of: "account", dollars: perSecond / 1000 },
];

/** The budget of a cycle is $0.00015 (design §10). */
export const dearestCycleDollars = 0.001;
/** A day with fewer is mostly watchdogs. */
export const fewestCycles = 100;

export const costAlarm: Alarm = {
  name: "cost-per-cycle",
  happened: `A reservation has cost more than ${dearestCycleDollars * 100} cents, on average of a day.`,
  means: `Several times what one should cost. It is an estimate by list prices, of a day with ${fewestCycles} reservations or more, and counts all functions of the account.`,
  act: "See what has grown: writes (nodes that are corrected again and again), invocations (messages that fail and come again, somebody who asks the API in a loop), or duration.",
  actions: ["record"],
  query: "late-nodes",
};
