/** The alarm on what a cycle costs, computed from what AWS counts. */
import { billed, costAlarm, dearestCycleDollars, fewestCycles } from "../lib/contracts/costs.ts";
import { namespaceOf } from "../lib/contracts/metrics.ts";
import { componentName, visibleName } from "./names.ts";

const daySeconds = 86_400;

export function makeCostAlarm(
  table: sst.aws.Dynamo,
  description: $util.Input<string>,
  topic: aws.sns.Topic,
): void {
  const metricOf = (
    namespace: string,
    metricName: string,
    dimensions: Readonly<Record<string, $util.Input<string>>>,
  ) => ({ namespace, metricName, dimensions, stat: "Sum", period: daySeconds });
  const terms = billed.map(({ dollars }, at) => `FILL(m${at}, 0) * ${dollars.toFixed(12)}`);
  new aws.cloudwatch.MetricAlarm(`${componentName(costAlarm.name)}Alarm`, {
    name: visibleName(costAlarm.name),
    alarmDescription: description,
    comparisonOperator: "GreaterThanThreshold",
    threshold: dearestCycleDollars,
    evaluationPeriods: 1,
    treatMissingData: "notBreaching",
    alarmActions: [topic.arn],
    okActions: [topic.arn],
    metricQueries: [
      {
        id: "each",
        label: "dollars for each reservation",
        expression: `IF(FILL(cycles, 0) >= ${fewestCycles}, (${terms.join(" + ")}) / cycles, 0)`,
        returnData: true,
      },
      {
        id: "cycles",
        metric: metricOf(namespaceOf($app.stage), "Reservations", { Outcome: "complete" }),
        returnData: false,
      },
      ...billed.map(({ namespace, metric, of, index = null }, at) => ({
        id: `m${at}`,
        metric: metricOf(
          namespace,
          metric,
          of === "table"
            ? {
                TableName: table.name,
                ...(index === null ? {} : { GlobalSecondaryIndexName: index }),
              }
            : {},
        ),
        returnData: false,
      })),
    ],
  });
}
