/**
 * The ledger of one full cycle as it was when somebody last looked at it. `npm run bench -- cost --short` fails when a change
 * makes it grow by more than three in a hundred: take the new figures over when they are worth it, and when they are smaller.
 */
import type { Unit } from "./prices.ts";

export const recorded: Readonly<Record<Unit, number>> = {
  dynamodbWriteUnits: 359,
  dynamodbReadUnits: 282,
  sqsRequests: 197,
  lambdaRequests: 117,
  lambdaGbSeconds: 1.07,
  httpApiRequests: 6,
  eventBridgeEvents: 34,
  logBytes: 14_847,
  ssmRequests: 7,
};
