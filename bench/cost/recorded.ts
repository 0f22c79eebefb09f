/**
 * The ledger of one full cycle as it was when somebody last looked at it. `npm run bench -- cost --short` fails when a change
 * makes it grow by more than three in a hundred: take the new figures over when they are worth it, and when they are smaller.
 */
import type { Unit } from "./prices.ts";

export const recorded: Readonly<Record<Unit, number>> = {
  dynamodbWriteUnits: 105,
  dynamodbReadUnits: 141,
  sqsRequests: 65,
  lambdaRequests: 36,
  lambdaGbSeconds: 0.53,
  httpApiRequests: 6,
  eventBridgeEvents: 14,
  logBytes: 13_088,
  ssmRequests: 5,
};
