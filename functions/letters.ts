/** Letters queue → a letter to the reservation's user. The bus puts there what a user is told of. */
import * as z from "zod";
import { notify } from "../lib/app/notify.ts";
import { documentClient, sesClient, sqsClient } from "../lib/aws/clients.ts";
import { dynamoStore } from "../lib/aws/dynamo-store.ts";
import { sesMail } from "../lib/aws/ses-mail.ts";
import { sqsDeadLetters } from "../lib/aws/sqs-queue.ts";
import { lettersEnvironment, readEnvironment } from "../lib/contracts/environment.ts";
import { event } from "../lib/contracts/events.ts";
import { batches } from "./runtime/batches.ts";
import { log } from "./runtime/log.ts";

const { TABLE_NAME, MAIL_FROM, DEAD_LETTER_QUEUE_URL } = readEnvironment(lettersEnvironment, process.env);
const context = {
  store: dynamoStore({ client: documentClient(), table: TABLE_NAME }),
  mail: sesMail({ client: sesClient(), from: MAIL_FROM }),
  log,
};
const delivery = z.looseObject({ detail: event });

export const handler = batches(
  sqsDeadLetters({ client: sqsClient(), queueUrl: DEAD_LETTER_QUEUE_URL }),
  () => ({ context, done: async () => undefined }),
  {
    read: (body) => delivery.safeParse(body),
    consume: (_, { detail }) => notify(context, detail),
  },
);
