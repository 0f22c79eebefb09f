/**
 * The ledger of one full cycle as it was when somebody last looked at it. `npm run bench -- cost --short` fails when a change
 * makes it grow by more than three in a hundred: take the new figures over when they are worth it, and when they are smaller.
 */
import type { Unit } from "./prices.ts";

export const recorded: Readonly<Record<Unit, number>> = {
  dynamodbWriteUnits: 341,
  dynamodbReadUnits: 267,
  sqsRequests: 185,
  lambdaRequests: 111,
  lambdaGbSeconds: 1.01,
  httpApiRequests: 6,
  eventBridgeEvents: 32,
  logBytes: 16_435,
  ssmRequests: 5,
};
