/** Makes the queues of lib/contracts/queues.ts where there are none, each with its dead-letter queue. */
import { CreateQueueCommand, GetQueueAttributesCommand, type SQSClient } from "@aws-sdk/client-sqs";
import {
  deadLetterNameOf,
  deliveriesBeforeDeadLetter,
  keptSeconds,
  queueNames,
  visibilitySeconds,
} from "../contracts/queues.ts";

/** Creates what is not there. */
export async function ensureQueues(client: SQSClient): Promise<void> {
  for (const name of queueNames) {
    const dead = await client.send(
      new CreateQueueCommand({
        QueueName: deadLetterNameOf(name),
        Attributes: { MessageRetentionPeriod: String(keptSeconds.dead) },
      }),
    );
    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl: dead.QueueUrl, AttributeNames: ["QueueArn"] }),
    );
    await client.send(
      new CreateQueueCommand({
        QueueName: name,
        Attributes: {
          VisibilityTimeout: String(visibilitySeconds),
          MessageRetentionPeriod: String(keptSeconds.live),
          RedrivePolicy: JSON.stringify({
            deadLetterTargetArn: Attributes?.["QueueArn"],
            maxReceiveCount: deliveriesBeforeDeadLetter,
          }),
        },
      }),
    );
  }
}
