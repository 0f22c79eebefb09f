/** What triggers a function, and what it is given. */
import { randomUUID } from "node:crypto";

export type Handler = (event: unknown, context: FunctionContext) => Promise<unknown>;

/** The part of Lambda's context that a function here may look at. */
export interface FunctionContext {
  readonly awsRequestId: string;
  readonly functionName: string;
  readonly invokedFunctionArn: string;
  readonly callbackWaitsForEmptyEventLoop: boolean;
  getRemainingTimeInMillis(): number;
}

/** As AWS writes it. */
export const functionArn = (name: string): string =>
  `arn:aws:lambda:us-east-1:000000000000:function:rackwright-local-${name.replaceAll("/", "-")}`;

export const contextOf = (functionName: string, timeoutMs: number): FunctionContext => {
  const end = Date.now() + timeoutMs;
  return {
    awsRequestId: randomUUID(),
    functionName,
    invokedFunctionArn: functionArn(functionName),
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => Math.max(0, end - Date.now()),
  };
};

export interface Route {
  /** `GET /v1/nodes/{id}`, as API Gateway writes it. */
  readonly routeKey: string;
  readonly name: string;
  readonly timeoutMs: number;
  readonly handler: Handler;
  /** Only for those whose token holds. */
  readonly authorized?: boolean;
}

export interface Mapping {
  readonly name: string;
  readonly timeoutMs: number;
  readonly queueUrl: string;
  readonly batchSize: number;
  readonly maximumConcurrency: number;
  readonly handler: Handler;
}

export interface StreamMapping {
  readonly name: string;
  readonly timeoutMs: number;
  /** Where DynamoDB is. */
  readonly endpoint: string;
  readonly table: string;
  readonly batchSize: number;
  readonly positionFile: string;
  readonly handler: Handler;
}

export interface Schedule {
  readonly name: string;
  readonly timeoutMs: number;
  readonly rateSeconds: number;
  readonly handler: Handler;
}
