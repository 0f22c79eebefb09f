/** The operators' dashboard (lib/contracts/dashboard.ts), and beneath it what the last day has cost. */
import { bodyWidgets, dashboardWidgets, gridColumns, readingFunction } from "../lib/contracts/dashboard.ts";
import { indexNames } from "../lib/contracts/table.ts";
import { functions } from "../lib/contracts/topology.ts";
import type { Api } from "./api.ts";
import { arnOf, type Deployed } from "./functions.ts";
import type { Place } from "./hands.ts";
import { visibleName } from "./names.ts";
import { pairsOf, type Queues } from "./queues.ts";

interface Counted extends Place {
  readonly functions: readonly Deployed[];
  readonly queues: Queues;
  readonly table: sst.aws.Dynamo;
  readonly apis: readonly Api[];
}

/** US dollars, on demand, us-east-1, arm64. Elsewhere they are some tenths higher. */
const prices = {
  perInvocation: 0.2e-6,
  perGbSecond: 0.0000133334,
  perWriteUnit: 0.625e-6,
  perReadUnit: 0.125e-6,
  perQueueRequest: 0.4e-6,
  perApiRequest: 1e-6,
  perLogByte: 0.5 / 1024 ** 3,
} as const;

/** What AWS counts by itself, and what one of it costs. */
interface Count {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: readonly $util.Input<string>[];
  readonly price: number;
}

export const makeDashboard = (counted: Counted): aws.cloudwatch.Dashboard =>
  new aws.cloudwatch.Dashboard("Console", {
    dashboardName: visibleName("console"),
    dashboardBody: $jsonStringify({
      periodOverride: "inherit",
      widgets: [...bodyWidgets(arnOf(readingFunction, counted)), costWidget(counted)],
    }),
  });

function costWidget(counted: Counted) {
  const counts = countsOf(counted);
  const terms = counts.map(termOf);
  const parts = Array.from({ length: Math.ceil(terms.length / termsInOne) }, (_, index) =>
    terms.slice(index * termsInOne, (index + 1) * termsInOne).join("+"),
  );
  const y = Math.max(...dashboardWidgets.map((each) => each.y + each.height));
  return {
    type: "metric",
    x: 0,
    y,
    width: gridColumns,
    height: 3,
    properties: {
      title:
        "Cost of the last 24 hours in US dollars: counted requests at list prices, without alarms and this page",
      region: counted.region,
      view: "singleValue",
      // Its own time, whatever the dashboard shows.
      start: "-PT24H",
      setPeriodToTimeRange: true,
      stat: "Sum",
      metrics: [
        [{ id: "cost", label: "US dollars", expression: parts.map((_, index) => `part${index}`).join("+") }],
        ...parts.map((expression, index) => [{ id: `part${index}`, expression, visible: false }]),
        ...counts.map(({ namespace, metric, dimensions }, index) => [
          namespace,
          metric,
          ...dimensions,
          { id: `m${index}`, visible: false },
        ]),
      ],
    },
  };
}

/** An expression has 1,024 characters at most in an alarm, and no more is said of dashboards. */
const termsInOne = 30;

/** Of what did not happen there is no number, and it costs nothing. */
const termOf = ({ price }: Count, index: number): string => `FILL(m${index},0)*${price.toExponential(6)}`;

function countsOf({ functions: deployed, queues, table, apis }: Counted): readonly Count[] {
  const ofFunctions = deployed.flatMap(({ name }): readonly Count[] => {
    const dimensions = ["FunctionName", visibleName(name)];
    const perMs = (functions[name].memoryMb / 1024 / 1000) * prices.perGbSecond;
    return [
      { namespace: "AWS/Lambda", metric: "Invocations", dimensions, price: prices.perInvocation },
      { namespace: "AWS/Lambda", metric: "Duration", dimensions, price: perMs },
      {
        namespace: "AWS/Logs",
        metric: "IncomingBytes",
        dimensions: ["LogGroupName", `/aws/lambda/${visibleName(name)}`],
        price: prices.perLogByte,
      },
    ];
  });
  const ofTable = [[], ...indexNames.map((index) => ["GlobalSecondaryIndexName", index])].flatMap(
    (index): readonly Count[] => {
      const dimensions = ["TableName", table.name, ...index];
      const namespace = "AWS/DynamoDB";
      return [
        { namespace, metric: "ConsumedWriteCapacityUnits", dimensions, price: prices.perWriteUnit },
        { namespace, metric: "ConsumedReadCapacityUnits", dimensions, price: prices.perReadUnit },
      ];
    },
  );
  // Ten messages may go in one request: this is the most that it can have been.
  const requests = [
    "NumberOfMessagesSent",
    "NumberOfMessagesReceived",
    "NumberOfMessagesDeleted",
    "NumberOfEmptyReceives",
  ];
  const ofQueues = pairsOf(queues).flatMap(({ queue }) =>
    requests.map((metric): Count => {
      const dimensions = ["QueueName", queue.nodes.queue.name];
      return { namespace: "AWS/SQS", metric, dimensions, price: prices.perQueueRequest };
    }),
  );
  const ofApis = apis.map(
    ({ api }): Count => ({
      namespace: "AWS/ApiGateway",
      metric: "Count",
      dimensions: ["ApiId", api.id],
      price: prices.perApiRequest,
    }),
  );
  return [...ofFunctions, ...ofTable, ...ofQueues, ...ofApis];
}
