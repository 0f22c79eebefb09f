/** The functions of lib/contracts/topology.ts, as `npm run build` has made them, each behind its trigger. */
import { resolve } from "node:path";
import { actingFunction } from "../lib/contracts/dashboard.ts";
import type { Deployment } from "../lib/contracts/deployment.ts";
import { namespaceOf } from "../lib/contracts/metrics.ts";
import { streamFilters } from "../lib/contracts/stream.ts";
import {
  environmentFor,
  type FunctionName,
  functionNames,
  functions,
  type Variable,
} from "../lib/contracts/topology.ts";
import type { Place } from "./hands.ts";
import { componentName, visibleName } from "./names.ts";
import { makeRole, type Resources } from "./permissions.ts";
import type { Stage } from "./stages.ts";

export interface Deployed {
  readonly name: FunctionName;
  readonly made: aws.lambda.Function;
}

/** Everything but what is for one machine alone. */
export const makeFunctions = (
  stage: Stage,
  resources: Resources,
  deployment: Deployment,
): readonly Deployed[] =>
  functionNames
    .filter((name) => functions[name].trigger.kind !== "local-page")
    .filter((name) => {
      const { onlyWith } = functions[name];
      return onlyWith === undefined || deployment[onlyWith] !== undefined;
    })
    .map((name) => {
      const made = makeFunction(name, stage, resources, deployment);
      connect(name, made, resources);
      return { name, made };
    });

function makeFunction(
  name: FunctionName,
  { logDays, reserveConcurrency }: Stage,
  resources: Resources,
  deployment: Deployment,
): aws.lambda.Function {
  const { memoryMb, timeoutSeconds, trigger } = functions[name];
  const logs = new aws.cloudwatch.LogGroup(`${componentName(name)}Logs`, {
    name: `/aws/lambda/${visibleName(name)}`,
    retentionInDays: logDays,
  });
  return new aws.lambda.Function(componentName(name), {
    name: visibleName(name),
    role: makeRole(name, logs, resources).arn,
    runtime: "nodejs24.x",
    architectures: ["arm64"],
    handler: "index.handler",
    code: new $util.asset.AssetArchive({
      "index.mjs": new $util.asset.FileAsset(resolve(`dist/functions/${name}.mjs`)),
    }),
    memorySize: memoryMb,
    timeout: timeoutSeconds,
    environment: { variables: environmentFor(name, valuesFor(name, resources, deployment)) },
    loggingConfig: { logFormat: "JSON", logGroup: logs.name, systemLogLevel: "WARN" },
    ...(reserveConcurrency && trigger.kind === "minutely" ? { reservedConcurrentExecutions: 1 } : {}),
  });
}

function valuesFor(
  name: FunctionName,
  { table, queues, bus, document, ...place }: Resources,
  { policy, roleClaims, mailFrom }: Deployment,
): Readonly<Record<Variable, $util.Input<string> | undefined>> {
  const { trigger } = functions[name];
  return {
    TABLE_NAME: table.name,
    WAKES_QUEUE_URL: queues.wakes.queue.url,
    DEAD_LETTER_QUEUE_URL: trigger.kind === "queue" ? queues[trigger.queue].dead.url : undefined,
    DOCUMENT_NAME: document.name,
    EVENT_BUS_NAME: bus.name,
    METRICS_NAMESPACE: namespaceOf($app.stage),
    MAIL_FROM: mailFrom,
    POLICY: policy === undefined ? undefined : JSON.stringify(policy),
    ROLE_CLAIMS: roleClaims === undefined ? undefined : JSON.stringify(roleClaims),
    CONSOLE_ACT_FUNCTION: arnOf(actingFunction, place),
    // The status page is not deployed.
    CONSOLE_TOKEN_PATH: undefined,
  };
}

/** Known before it is made, so that functions can name each other. */
export const arnOf = (name: FunctionName, { account, region }: Place): $util.Output<string> =>
  $interpolate`arn:aws:lambda:${region}:${account}:function:${visibleName(name)}`;

/** The API's routes are in infra/api.ts. */
function connect(name: FunctionName, { arn }: aws.lambda.Function, { table, queues }: Resources): void {
  const { trigger } = functions[name];
  const mapping = { functionName: arn, functionResponseTypes: ["ReportBatchItemFailures"] };
  if (trigger.kind === "queue")
    new aws.lambda.EventSourceMapping(`${componentName(name)}FromQueue`, {
      ...mapping,
      eventSourceArn: queues[trigger.queue].queue.arn,
      batchSize: trigger.batchSize,
      scalingConfig: { maximumConcurrency: trigger.maximumConcurrency },
    });
  if (trigger.kind === "stream")
    // Tried again for as long as the stream keeps a record: nothing may be left out (docs/events.md).
    new aws.lambda.EventSourceMapping(`${componentName(name)}FromStream`, {
      ...mapping,
      eventSourceArn: table.nodes.table.streamArn,
      startingPosition: "TRIM_HORIZON",
      batchSize: trigger.batchSize,
      maximumRetryAttempts: -1,
      filterCriteria: { filters: streamFilters.map((pattern) => ({ pattern: JSON.stringify(pattern) })) },
    });
  if (trigger.kind === "minutely") {
    new sst.aws.CronV2(`${componentName(name)}Minutely`, { schedule: "rate(1 minute)", function: arn });
    // A failed run is not repeated: the next minute's does the same.
    new aws.lambda.FunctionEventInvokeConfig(`${componentName(name)}Once`, {
      functionName: arn,
      maximumRetryAttempts: 0,
      maximumEventAgeInSeconds: 60,
    });
  }
}
