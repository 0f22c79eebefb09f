/** The queues, each with its dead-letter queue. infra/ deploys the same. */
import { CreateQueueCommand, GetQueueAttributesCommand, type SQSClient } from "@aws-sdk/client-sqs";

export const queueNames = ["jobs", "wakes", "reports"] as const;
export const deadLetterNameOf = (name: string): string => `${name}-dead`;

/** Six times what a function may take (AWS Lambda Developer Guide, “Configuring a queue to use with Lambda”). */
export const visibilitySeconds = 30;
/** What fails so often by itself will not succeed: it waits in the dead-letter queue for a person. */
export const deliveriesBeforeDeadLetter = 5;

/** Creates what is not there. */
export async function ensureQueues(client: SQSClient): Promise<void> {
  for (const name of queueNames) {
    const dead = await client.send(new CreateQueueCommand({ QueueName: deadLetterNameOf(name) }));
    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl: dead.QueueUrl, AttributeNames: ["QueueArn"] }),
    );
    await client.send(
      new CreateQueueCommand({
        QueueName: name,
        Attributes: {
          VisibilityTimeout: String(visibilitySeconds),
          RedrivePolicy: JSON.stringify({
            deadLetterTargetArn: Attributes?.["QueueArn"],
            maxReceiveCount: deliveriesBeforeDeadLetter,
          }),
        },
      }),
    );
  }
}
