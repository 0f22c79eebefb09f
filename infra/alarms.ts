/** The alarms of lib/contracts/alarms.ts, each with links to what helps, and the burn rates of what is promised. */
import {
  type Alarm,
  burnRates,
  descriptionOf,
  fewestCounted,
  type MetricAlarm,
  metricAlarms,
  type Objective,
  objectives,
} from "../lib/contracts/alarms.ts";
import { automationActions } from "../lib/contracts/automation.ts";
import { namespaceOf } from "../lib/contracts/metrics.ts";
import type { Api } from "./api.ts";
import type { Deployed } from "./functions.ts";
import type { Place } from "./hands.ts";
import { componentName, visibleName } from "./names.ts";
import { automationName } from "./operations.ts";
import type { Queues } from "./queues.ts";

interface Watched extends Place {
  readonly queues: Queues;
  readonly functions: readonly Deployed[];
  readonly apis: readonly Api[];
  readonly labs: readonly string[];
  readonly email: string | undefined;
}

/** Where a metric is: one alarm may watch it in several places. */
interface Source {
  readonly name: string;
  readonly namespace: string;
  readonly dimensions: Readonly<Record<string, $util.Input<string>>>;
}

export function makeAlarms(watched: Watched): void {
  const { account, email } = watched;
  const topic = makeTopic(account);
  if (email !== undefined)
    new aws.sns.TopicSubscription("AlarmsByMail", { topic: topic.arn, protocol: "email", endpoint: email });
  for (const alarm of metricAlarms)
    for (const { name, ...source } of sourcesOf(alarm, watched))
      new aws.cloudwatch.MetricAlarm(`${componentName(name)}Alarm`, {
        name: visibleName(name),
        alarmDescription: describe(alarm, watched),
        ...source,
        metricName: alarm.watches.metric,
        statistic: alarm.statistic,
        comparisonOperator: alarm.comparison,
        threshold: alarm.threshold,
        period: 60,
        evaluationPeriods: alarm.minutes,
        treatMissingData: alarm.missing,
        alarmActions: [topic.arn],
        okActions: [topic.arn],
      });
  for (const objective of objectives)
    for (const source of countedBy(objective, watched)) burnAlarms(objective, source, topic, watched);
}

function sourcesOf({ name, watches }: MetricAlarm, { queues, functions, apis }: Watched): readonly Source[] {
  switch (watches.kind) {
    case "dead-letters":
    case "queue": {
      const { queue, dead } = queues[watches.queue];
      const of = watches.kind === "queue" ? queue : dead;
      return [{ name, namespace: "AWS/SQS", dimensions: { QueueName: of.nodes.queue.name } }];
    }
    case "function":
      return functions
        .filter((each) => each.name === watches.name)
        .map(({ made }) => ({ name, namespace: "AWS/Lambda", dimensions: { FunctionName: made.name } }));
    case "api":
      return apis.map((each) => ({
        name: `${each.name}-errors`,
        namespace: "AWS/ApiGateway",
        dimensions: { ApiId: each.api.id },
      }));
    case "own":
      return [{ name, namespace: namespaceOf($app.stage), dimensions: {} }];
  }
}

/** Region and account stand in the links: the console's own addresses. */
const describe = (alarm: Alarm, { region, labs }: Watched): $util.Output<string> =>
  region.apply((where) => {
    const console = `https://${where}.console.aws.amazon.com`;
    const there = automationActions(labs);
    const helped = { ...alarm, actions: alarm.actions.filter((action) => there.includes(action)) };
    return descriptionOf(helped, (of) =>
      "action" in of
        ? `${console}/systems-manager/automation/execute/${automationName(of.action)}?region=${where}`
        : `${console}/cloudwatch/home?region=${where}#logsV2:logs-insights`,
    );
  });

/** What was counted in all, and what of it was bad. */
interface Counted {
  readonly name: string;
  readonly bad: Count;
  /** All of it, or what was good. */
  readonly rest: Count;
  readonly restIsAll: boolean;
}
interface Count {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, $util.Input<string>>>;
}

function countedBy({ name, counts }: Objective, { apis }: Watched): readonly Counted[] {
  if (counts === "api")
    return apis.map(({ name: of, api }) => {
      const count = (metricName: string): Count => ({
        namespace: "AWS/ApiGateway",
        metricName,
        dimensions: { ApiId: api.id },
      });
      return { name: `${name}-${of}`, bad: count("5xx"), rest: count("Count"), restIsAll: true };
    });
  const count = (outcome: string): Count => ({
    namespace: namespaceOf($app.stage),
    metricName: "Reservations",
    dimensions: { Outcome: outcome },
  });
  return [{ name, bad: count("failed"), rest: count("ready"), restIsAll: false }];
}

function burnAlarms(objective: Objective, counted: Counted, topic: aws.sns.Topic, watched: Watched): void {
  for (const { name, factor, longMinutes, shortMinutes } of burnRates) {
    const windows = [longMinutes, shortMinutes].map((minutes) => {
      const own = `${counted.name}-${name}-${minutes}`;
      return new aws.cloudwatch.MetricAlarm(`${componentName(own)}Burn`, {
        name: visibleName(own),
        alarmDescription: `One of the two windows of ${counted.name}-${name}, which is the alarm.`,
        comparisonOperator: "GreaterThanOrEqualToThreshold",
        threshold: factor * (1 - objective.share),
        evaluationPeriods: 1,
        treatMissingData: "notBreaching",
        metricQueries: [
          shareOf(counted),
          countOf("bad", counted.bad, minutes),
          countOf("rest", counted.rest, minutes),
        ],
      });
    });
    const own = `${counted.name}-${name}`;
    new aws.cloudwatch.CompositeAlarm(`${componentName(own)}Burning`, {
      alarmName: visibleName(own),
      alarmDescription: describe(objective, watched),
      alarmRule: $util
        .all(windows.map((each) => each.name))
        .apply((names) => names.map((each) => `ALARM("${each}")`).join(" AND ")),
      alarmActions: [topic.arn],
      okActions: [topic.arn],
    });
  }
}

/** A failure among few says nothing. */
function shareOf({ restIsAll }: Counted) {
  const [bad, rest] = ["FILL(bad, 0)", "FILL(rest, 0)"];
  const all = restIsAll ? rest : `(${bad} + ${rest})`;
  return {
    id: "share",
    label: "share that was bad",
    expression: `IF(${all} >= ${fewestCounted}, ${bad} / ${all}, 0)`,
    returnData: true,
  };
}

const countOf = (id: string, { namespace, metricName, dimensions }: Count, minutes: number) => ({
  id,
  metric: { namespace, metricName, dimensions, stat: "Sum", period: minutes * 60 },
  returnData: false,
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
