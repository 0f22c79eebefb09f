/** Consumes a queue with the whole app; what it has to send is sent when all of the batch was looked at. */
import type { App } from "../../lib/app/app.ts";
import { batchStore } from "../../lib/app/batch-store.ts";
import { lookAtOnce } from "../../lib/app/look-at-once.ts";
import { sqsClient } from "../../lib/aws/clients.ts";
import { sqsDeadLetters } from "../../lib/aws/sqs-queue.ts";
import { consumerEnvironment, readEnvironment } from "../../lib/contracts/environment.ts";
import { batches, type Consumer } from "./batches.ts";
import { composer } from "./compose.ts";

export function consumer<M>(consume: Consumer<App, M>) {
  const makeApp = composer();
  const { DEAD_LETTER_QUEUE_URL } = readEnvironment(consumerEnvironment, process.env);
  const open = () => {
    const made = makeApp();
    const app = { ...made, store: batchStore(made.store) };
    const done = async () => {
      await lookAtOnce(app);
      await app.outbox.flush();
    };
    return { context: app, done };
  };
  const deadLetters = sqsDeadLetters({ client: sqsClient(), queueUrl: DEAD_LETTER_QUEUE_URL });
  return batches(deadLetters, open, consume);
}
