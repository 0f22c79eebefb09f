/** The queues, each with its dead-letter queue. The embedded stack and infra/ make them from this page. */
export const queueNames = ["jobs", "wakes", "reports", "letters"] as const;
export type QueueName = (typeof queueNames)[number];

export const deadLetterNameOf = (name: QueueName): `${QueueName}-dead` => `${name}-dead`;

/** What a consumer may take for a batch. The SDK's calls end sooner, so that one that hangs is made again. */
export const consumerTimeoutSeconds = 5;

/** Six times what the consumer may take (AWS Lambda Developer Guide, “Configuring a queue to use with Lambda”). */
export const visibilitySeconds = 6 * consumerTimeoutSeconds;

/** What fails so often by itself will not succeed: it waits in the dead-letter queue for a person. */
export const deliveriesBeforeDeadLetter = 5;

const daySeconds = 86_400;
/** A dead letter keeps the age that it had, so its queue keeps longer: a person has ten days for it. */
export const keptSeconds = { live: 4 * daySeconds, dead: 14 * daySeconds } as const;
