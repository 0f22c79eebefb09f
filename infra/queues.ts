/** The queues, as lib/contracts/queues.ts has them, each with its dead-letter queue. */
import {
  deadLetterNameOf,
  deliveriesBeforeDeadLetter,
  keptSeconds,
  type QueueName,
  queueNames,
  visibilitySeconds,
} from "../lib/contracts/queues.ts";
import { fromRule } from "./letters.ts";
import { componentName } from "./names.ts";

export interface QueuePair {
  readonly queue: sst.aws.Queue;
  readonly dead: sst.aws.Queue;
}

export type Queues = Readonly<Record<QueueName, QueuePair>>;

/** `letterRule`: what brings letters; undefined: nobody is written to. */
export const makeQueues = (letterRule: aws.cloudwatch.EventRule | undefined): Queues => ({
  jobs: pairOf("jobs"),
  wakes: pairOf("wakes"),
  reports: pairOf("reports"),
  letters: pairOf("letters", (arn) => (letterRule === undefined ? [] : [fromRule(letterRule, arn)])),
});

export const pairsOf = (queues: Queues) => queueNames.map((name) => ({ name, ...queues[name] }));

function pairOf(
  name: QueueName,
  mayAlso: (arn: $util.Output<string>) => readonly object[] = () => [],
): QueuePair {
  const dead = new sst.aws.Queue(componentName(deadLetterNameOf(name)), {
    transform: { queue: { sqsManagedSseEnabled: true, messageRetentionSeconds: keptSeconds.dead } },
  });
  const queue = new sst.aws.Queue(componentName(name), {
    visibilityTimeout: `${visibilitySeconds} seconds`,
    dlq: { queue: dead.arn, retry: deliveriesBeforeDeadLetter },
    transform: { queue: { sqsManagedSseEnabled: true, messageRetentionSeconds: keptSeconds.live } },
  });
  onlyEncrypted(name, queue, mayAlso(queue.arn));
  onlyEncrypted(deadLetterNameOf(name), dead);
  return { queue, dead };
}

/** Who may use a queue is said by roles, but for a rule of the bus, which has none; and nobody uses it in the clear. */
function onlyEncrypted(name: string, { arn, url }: sst.aws.Queue, more: readonly object[] = []): void {
  new aws.sqs.QueuePolicy(`${componentName(name)}OnlyEncrypted`, {
    queueUrl: url,
    policy: $jsonStringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Deny",
          Principal: "*",
          Action: "sqs:*",
          Resource: arn,
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
        ...more,
      ],
    }),
  });
}
