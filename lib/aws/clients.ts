/**
 * The SDK's clients, lean: connections are kept, and one layer retries. Endpoints and credentials come from the standard
 * variables (AWS_ENDPOINT_URL_DYNAMODB, …), so that the embedded stack and AWS differ in nothing else.
 */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SQSClient } from "@aws-sdk/client-sqs";
import { SSMClient } from "@aws-sdk/client-ssm";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { NodeHttpHandler } from "@smithy/node-http-handler";

const lean = () => ({
  maxAttempts: 4,
  requestHandler: new NodeHttpHandler({ connectionTimeout: 2000, requestTimeout: 10_000 }),
});

export const documentClient = (): DynamoDBDocumentClient =>
  DynamoDBDocumentClient.from(new DynamoDBClient(lean()), {
    marshallOptions: { removeUndefinedValues: true },
  });

export const sqsClient = (): SQSClient => new SQSClient(lean());

export const ssmClient = (): SSMClient => new SSMClient(lean());
