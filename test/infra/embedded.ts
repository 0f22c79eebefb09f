/** The queues and the table of the embedded stack, as it makes them, in the words of test/infra/look.ts. */
import { GetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import * as z from "zod";
import { sqsClient } from "../../lib/aws/clients.ts";
import { ensureQueues } from "../../lib/aws/queues.ts";
import { tableDefinition } from "../../lib/aws/table.ts";
import { deadLetterNameOf, queueNames } from "../../lib/contracts/queues.ts";
import { startSqs } from "../../lib/local/sqs/server.ts";
import { temporaryFolder, useFakeCredentials } from "../support/stack.ts";

export interface QueueMade {
  readonly visibilitySeconds: number;
  readonly keptSeconds: number;
  /** The name of its dead-letter queue, and after how many deliveries. */
  readonly redrive: readonly [string, number] | null;
}

const redrivePolicy = z.object({ deadLetterTargetArn: z.string(), maxReceiveCount: z.coerce.number() });

/** By their names, asked of the server itself. */
export async function embeddedQueues(): Promise<Readonly<Record<string, QueueMade>>> {
  const folder = temporaryFolder();
  useFakeCredentials();
  const sqs = await startSqs({ port: 0, dataFile: `${folder.path}/sqs`, senderOf: (key) => key });
  const before = process.env["AWS_ENDPOINT_URL_SQS"];
  process.env["AWS_ENDPOINT_URL_SQS"] = sqs.endpoint;
  try {
    const client = sqsClient();
    await ensureQueues(client);
    const made = queueNames
      .flatMap((name) => [name, deadLetterNameOf(name)])
      .map(async (name) => {
        const QueueUrl = `${sqs.endpoint}/000000000000/${name}`;
        const { Attributes: told = {} } = await client.send(
          new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }),
        );
        const { RedrivePolicy: redrives } = told;
        const to = redrives === undefined ? null : redrivePolicy.parse(JSON.parse(redrives));
        return [
          name,
          {
            visibilitySeconds: Number(told.VisibilityTimeout),
            keptSeconds: Number(told.MessageRetentionPeriod),
            redrive:
              to === null
                ? null
                : ([to.deadLetterTargetArn.split(":").at(-1) ?? "", to.maxReceiveCount] as const),
          },
        ] as const;
      });
    return Object.fromEntries(await Promise.all(made));
  } finally {
    if (before === undefined) delete process.env["AWS_ENDPOINT_URL_SQS"];
    else process.env["AWS_ENDPOINT_URL_SQS"] = before;
    await sqs.stop();
    folder.remove();
  }
}

export function embeddedTable() {
  const {
    KeySchema = [],
    GlobalSecondaryIndexes = [],
    StreamSpecification,
  } = tableDefinition("Embedded", {
    stream: true,
  });
  const [hashKey, rangeKey] = KeySchema.map(({ AttributeName }) => AttributeName);
  return {
    hashKey,
    rangeKey,
    streamViewType: StreamSpecification?.StreamViewType,
    globalSecondaryIndexes: GlobalSecondaryIndexes.map(({ IndexName, KeySchema: keys = [], Projection }) => ({
      name: IndexName,
      hashKey: keys[0]?.AttributeName,
      rangeKey: keys[1]?.AttributeName,
      projectionType: Projection?.ProjectionType,
      ...(Projection?.NonKeyAttributes === undefined
        ? {}
        : { nonKeyAttributes: Projection.NonKeyAttributes }),
    })),
  };
}
