/**
 * What AWS asks, in US dollars, us-east-1, on demand, without the free tier. As of 2026-11-20: DynamoDB, Lambda, SQS, HTTP
 * API, Step Functions and logs from the price list API (infracost's golden files), EventBridge and Scheduler from AWS's
 * pages. Run Command costs nothing.
 */
export const pricesAsOf = "2026-11-20";

const million = 1_000_000;

/** Of one unit of what the ledger counts. */
export const prices = {
  /** A write request unit: 1 KB, twice in a transaction. */
  dynamodbWriteUnits: 0.625 / million,
  /** A read request unit: 4 KB, half when eventually consistent. */
  dynamodbReadUnits: 0.125 / million,
  sqsRequests: 0.4 / million,
  lambdaRequests: 0.2 / million,
  /** arm64. */
  lambdaGbSeconds: 0.0000133334,
  httpApiRequests: 1 / million,
  eventBridgeEvents: 1 / million,
  logBytes: 0.5 / 1024 ** 3,
  ssmRequests: 0,
} as const;

export type Unit = keyof typeof prices;
export const units = Object.keys(prices).filter((name): name is Unit => name in prices);

export const elsewhere = {
  /** Step Functions Standard: a state transition. */
  stepFunctionsTransition: 25 / million,
  /** Lambda durable functions: an operation (an execution, a step, a wait, each poll or call-back of one). */
  durableOperation: 8 / million,
  /** EventBridge Scheduler: an invocation; the first 14 million of a month are free. */
  schedulerInvocation: 1 / million,
  /** m6i.large and a db.t4g.small with a stand-by, a month of 730 hours. */
  alwaysOnMonth: 124.5,
  /** The same as a pair of machines with db.m5.large and a stand-by. */
  alwaysOnPairMonth: 420,
} as const;
