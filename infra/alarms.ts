/** Alarms: each says what happened, what it means, and what to do. */
import type { FunctionName } from "../lib/contracts/topology.ts";
import { functions } from "../lib/contracts/topology.ts";
import type { Api } from "./api.ts";
import type { Deployed } from "./functions.ts";
import { componentName, visibleName } from "./names.ts";
import { pairsOf, type Queues } from "./queues.ts";

interface Watched {
  readonly queues: Queues;
  readonly functions: readonly Deployed[];
  readonly apis: readonly Api[];
  readonly account: $util.Output<string>;
  readonly email: string | undefined;
}

type Metric = Pick<
  aws.cloudwatch.MetricAlarmArgs,
  "namespace" | "metricName" | "dimensions" | "statistic" | "threshold" | "comparisonOperator"
> & {
  readonly text: string;
  /** So many minutes in a row. */
  readonly minutes: number;
  readonly missing?: "breaching" | "notBreaching";
};

export function makeAlarms({ queues, functions: deployed, apis, account, email }: Watched): void {
  const topic = makeTopic(account);
  if (email !== undefined)
    new aws.sns.TopicSubscription("AlarmsByMail", { topic: topic.arn, protocol: "email", endpoint: email });

  const alarm = (name: string, { text, minutes, missing = "notBreaching", ...metric }: Metric): void => {
    new aws.cloudwatch.MetricAlarm(`${componentName(name)}Alarm`, {
      name: visibleName(name),
      alarmDescription: text,
      ...metric,
      period: 60,
      evaluationPeriods: minutes,
      treatMissingData: missing,
      alarmActions: [topic.arn],
      okActions: [topic.arn],
    });
  };

  for (const { name, queue, dead } of pairsOf(queues)) {
    alarm(`${name}-dead-letters`, {
      ...atLeast(1, "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum"),
      dimensions: { QueueName: dead.nodes.queue.name },
      minutes: 1,
      text: `Messages for ${name} could not be carried out and were set aside. Nothing else waits for them. Read the attribute "reason" of each; one without it was tried until it was given up, and can be sent again by a redrive once its cause is gone. They are kept for 14 days.`,
    });
    alarm(`${name}-waiting`, {
      ...atLeast(300, "AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum"),
      dimensions: { QueueName: queue.nodes.queue.name },
      minutes: 3,
      text: `Messages for ${name} wait for more than five minutes. Nodes are late, and nothing is lost. Look at the errors and throttles of the function that consumes them.`,
    });
  }
  for (const { name, made } of deployed) {
    const { kind } = functions[name].trigger;
    if (kind === "minutely") {
      alarm(`${name}-silent`, {
        ...ofFunction(made, "Invocations"),
        comparisonOperator: "LessThanThreshold",
        threshold: 1,
        minutes: 5,
        missing: "breaching",
        text: `The watchdog ${name} has not run for five minutes. What is lost meanwhile is not noticed. See whether its schedule is enabled and its function throttled.`,
      });
    }
    alarm(`${name}-errors`, {
      ...ofFunction(made, "Errors"),
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      threshold: 1,
      minutes: 3,
      text: textOfErrors(name),
    });
    if (kind === "stream")
      alarm("events-late", {
        ...ofFunction(made, "IteratorAge"),
        statistic: "Maximum",
        comparisonOperator: "GreaterThanOrEqualToThreshold",
        // An hour, of the 24 that the stream keeps a record.
        threshold: 3_600_000,
        minutes: 5,
        text: "Events are told an hour late. After 24 hours they are lost to whoever listens; the timelines in the table are whole. Look at the log of the function events.",
      });
  }
  for (const { name, api } of apis)
    alarm(`${name}-errors`, {
      ...atLeast(5, "AWS/ApiGateway", "5xx", "Sum"),
      dimensions: { ApiId: api.id },
      minutes: 3,
      text: "The API fails for its callers. Search the log of the function api for level ERROR: each line has the request's id.",
    });
}

const textOfErrors = (name: FunctionName): string =>
  `The function ${name} has failed three minutes in a row. What it was given comes again by itself. Search its log for level ERROR; if it began with a deployment, deploy the previous version.`;

const atLeast = (threshold: number, namespace: string, metricName: string, statistic: string) => ({
  namespace,
  metricName,
  statistic,
  threshold,
  comparisonOperator: "GreaterThanOrEqualToThreshold",
});

const ofFunction = ({ name }: aws.lambda.Function, metricName: string) => ({
  namespace: "AWS/Lambda",
  metricName,
  statistic: "Sum",
  dimensions: { FunctionName: name },
});

/** CloudWatch cannot use AWS's own key for topics, so they have one that lets it in. */
function makeTopic(account: $util.Output<string>): aws.sns.Topic {
  const key = new aws.kms.Key("AlarmsKey", {
    description: "Encrypts Rackwright's alarms",
    enableKeyRotation: true,
    policy: $jsonStringify({
      Version: "2012-10-17",
      Statement: [
        {
          // A key's policy stands alone: without this nobody could ever change it (AWS KMS, “Default key policy”).
          Effect: "Allow",
          Principal: { AWS: $interpolate`arn:aws:iam::${account}:root` },
          Action: "kms:*",
          Resource: "*",
        },
        {
          Effect: "Allow",
          Principal: { Service: "cloudwatch.amazonaws.com" },
          Action: ["kms:Decrypt", "kms:GenerateDataKey"],
          Resource: "*",
          Condition: { StringEquals: { "aws:SourceAccount": account } },
        },
      ],
    }),
  });
  return new aws.sns.Topic("Alarms", { name: visibleName("alarms"), kmsMasterKeyId: key.arn });
}
