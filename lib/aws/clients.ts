/**
 * The SDK's clients, lean: connections are kept, and one layer retries. Endpoints and credentials come from the standard
 * variables (AWS_ENDPOINT_URL_DYNAMODB, …), so that the embedded stack and AWS differ in nothing else.
 */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { SESv2Client } from "@aws-sdk/client-sesv2";
import { SQSClient } from "@aws-sdk/client-sqs";
import { SSMClient } from "@aws-sdk/client-ssm";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { telling } from "./requests.ts";

/** Shorter than a function may take, so that a call that hangs is made again by the same invocation. */
const requestTimeoutMs = 3_000;

const lean = () => ({
  maxAttempts: 4,
  requestHandler: new NodeHttpHandler({
    connectionTimeout: 2_000,
    requestTimeout: requestTimeoutMs,
    // Without it the handler only writes a warning, and waits on.
    throwOnRequestTimeout: true,
  }),
});

export const documentClient = (): DynamoDBDocumentClient =>
  DynamoDBDocumentClient.from(telling(new DynamoDBClient(lean())), {
    marshallOptions: { removeUndefinedValues: true },
  });

export const sqsClient = (): SQSClient => telling(new SQSClient(lean()));

export const ssmClient = (): SSMClient => telling(new SSMClient(lean()));

export const sesClient = (): SESv2Client => telling(new SESv2Client(lean()));

export const eventBridgeClient = (): EventBridgeClient => telling(new EventBridgeClient(lean()));
