/** Makes the app from the environment: once per process what is costly, once per invocation what gathers effects. */
import type { App } from "../../lib/app/app.ts";
import { outbox } from "../../lib/app/outbox.ts";
import { documentClient, sqsClient, ssmClient } from "../../lib/aws/clients.ts";
import { ids, systemClock } from "../../lib/aws/clock.ts";
import { dynamoStore } from "../../lib/aws/dynamo-store.ts";
import { sqsQueue } from "../../lib/aws/sqs-queue.ts";
import { ssmHands } from "../../lib/aws/ssm-hands.ts";
import { functionEnvironment, readEnvironment, readPolicy } from "../../lib/contracts/environment.ts";
import { shipped } from "../../lib/core/provisioning/registry.ts";
import { log } from "./log.ts";

/** One call per cold start; the result makes an app for one invocation. */
export function composer(): () => App {
  const environment = readEnvironment(functionEnvironment, process.env);
  const clock = systemClock;
  const queue = sqsQueue({ client: sqsClient(), queueUrl: environment.WAKES_QUEUE_URL });
  const hands = ssmHands({
    client: ssmClient(),
    documentName: environment.DOCUMENT_NAME,
    now: () => clock.now(),
  });
  const shared = {
    store: dynamoStore({ client: documentClient(), table: environment.TABLE_NAME }),
    queue,
    hands,
    clock,
    ids,
    log,
    policy: readPolicy(environment.POLICY),
    modules: shipped,
  };
  return () => ({ ...shared, outbox: outbox({ hands, queue, clock, log }) });
}
