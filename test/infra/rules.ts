/** What must hold of everything that is deployed. Each rule says of a graph what is wrong with it, in words. */
import { routes } from "../../lib/contracts/api.ts";
import { actingFunction } from "../../lib/contracts/dashboard.ts";
import { indexKeysOf, indexNames, projections, streamView, tableKeys } from "../../lib/contracts/table.ts";
import { environments, type FunctionName, functionNames, functions } from "../../lib/contracts/topology.ts";
import { accessRules } from "./access-rules.ts";
import type { Derived } from "./derive.ts";
import type { Graph } from "./graph.ts";
import {
  alarmsIn,
  apisIn,
  dashboardsIn,
  functionOf,
  functionsIn,
  logsIn,
  mappingsIn,
  queuesIn,
  rolesIn,
  routesIn,
  type Statement,
  schedulesIn,
  tablesIn,
  trailsIn,
} from "./look.ts";
import { operatorRules } from "./operator-rules.ts";
import { planRules } from "./plan-rules.ts";

export type Rule = (graph: Graph, derived: ReadonlyMap<FunctionName, Derived>) => readonly string[];

const deployable = functionNames.filter((name) => functions[name].trigger.kind !== "local-page");

/** What is wanted only where something was said may be missing; what is there obeys the rules. */
const deployedIn = (graph: Graph): readonly FunctionName[] =>
  deployable.filter(
    (name) => functions[name].onlyWith === undefined || functionOf(graph, name) !== undefined,
  );

const statementsOf = (graph: Graph, roleArn: string): readonly Statement[] =>
  rolesIn(graph)
    .filter(({ arn }) => arn === roleArn)
    .flatMap(({ inputs }) => inputs.inlinePolicies.flatMap(({ policy }) => policy));

/** What others call a function by before it is made. */
const arnIn = ({ inputs }: { readonly inputs: { readonly name: string } }): string =>
  `arn:aws:lambda:eu-central-1:123456789012:function:${inputs.name}`;

const consumed = (graph: Graph) =>
  mappingsIn(graph).flatMap((mapping) => {
    const queue = queuesIn(graph).find(({ arn }) => arn === mapping.inputs.eventSourceArn);
    const made = functionsIn(graph).find(({ arn }) => arn === mapping.inputs.functionName);
    return queue === undefined || made === undefined ? [] : [{ queue, made }];
  });

const unless = (holds: boolean, complaint: string): readonly string[] => (holds ? [] : [complaint]);

/** Every entry point is deployed, behind the trigger that it is planned with. */
const everyFunctionIsTriggered: Rule = (graph) =>
  deployedIn(graph).flatMap((name) => {
    const made = functionOf(graph, name);
    if (made === undefined) return [`${name} is not deployed`];
    const { trigger } = functions[name];
    const mapped = mappingsIn(graph).some(({ inputs }) => inputs.functionName === made.arn);
    const scheduled = schedulesIn(graph).some(
      ({ inputs }) =>
        inputs.target.arn === made.arn &&
        inputs.state === "ENABLED" &&
        inputs.scheduleExpression === "rate(1 minute)",
    );
    const byDashboard = dashboardsIn(graph).some(({ inputs }) =>
      inputs.dashboardBody.widgets.some(({ properties }) => properties.endpoint === arnIn(made)),
    );
    const byButton = functionsIn(graph).some(({ inputs }) =>
      Object.values(inputs.environment.variables).includes(arnIn(made)),
    );
    const holds =
      trigger.kind === "minutely"
        ? scheduled
        : trigger.kind === "widget"
          ? byDashboard || byButton
          : trigger.kind === "routes" || trigger.kind === "invoked" || mapped;
    return unless(holds, `${name} is not triggered (${trigger.kind})`);
  });

const consumedQueuesHaveDeadLetters: Rule = (graph) =>
  consumed(graph).flatMap(({ queue }) => {
    const { redrivePolicy, messageRetentionSeconds } = queue.inputs;
    const dead = queuesIn(graph).find(({ arn }) => arn === redrivePolicy?.deadLetterTargetArn);
    if (dead === undefined) return [`queue ${queue.name} has no dead-letter queue`];
    const watched = alarmsIn(graph).some(
      ({ inputs }) =>
        inputs.metricName === "ApproximateNumberOfMessagesVisible" &&
        inputs.dimensions["QueueName"] === dead.inputs.name &&
        inputs.alarmActions.length > 0,
    );
    return [
      ...unless(watched, `dead letters of queue ${queue.name} raise no alarm`),
      ...unless(
        dead.inputs.messageRetentionSeconds > messageRetentionSeconds,
        `dead letters of queue ${queue.name} are not kept longer than its messages`,
      ),
    ];
  });

const batchesFailInPart: Rule = (graph) =>
  mappingsIn(graph).flatMap(({ name, inputs }) =>
    unless(
      inputs.functionResponseTypes.includes("ReportBatchItemFailures"),
      `mapping ${name} takes a batch back whole`,
    ),
  );

const timeoutsAgree: Rule = (graph) => [
  ...consumed(graph).flatMap(({ queue, made }) =>
    unless(
      queue.inputs.visibilityTimeoutSeconds >= 6 * made.inputs.timeout,
      `queue ${queue.name} hides a message for less than six times what ${made.inputs.name} may take`,
    ),
  ),
  ...deployedIn(graph).flatMap((name) => {
    const limit = {
      minutely: 59,
      routes: 29,
      queue: 900,
      stream: 900,
      invoked: 290,
      "local-page": 29,
      widget: 29,
    }[functions[name].trigger.kind];
    const timeout = functionOf(graph, name)?.inputs.timeout ?? 0;
    return unless(
      timeout <= limit,
      `${name} may take ${timeout} s, and ${limit} s is what its trigger allows`,
    );
  }),
];

/** What Lambda does in a function's name to bring it its batches, and its log. */
const forTriggers: Readonly<Record<string, readonly string[]>> = {
  queue: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
  stream: [
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
  ],
};
const forLogs = ["logs:CreateLogStream", "logs:PutLogEvents"];

/** `arn:…:table/TableTable/index/due` → `index/due`: the word of lib/contracts/permissions.ts for it. */
function targetOf(resource: string): string {
  const [, index] = /:table\/[^/]+\/(index\/\w+)$/.exec(resource) ?? [];
  if (index !== undefined) return index;
  if (resource.endsWith("DeadQueue")) return "dead-letters";
  if (resource.endsWith("queue/WakesQueue")) return "wakes";
  const [, kind = resource] = /^arn:aws:\w+:[^:]*:\d*:([\w-]+)\//.exec(resource) ?? [];
  return { eventBus: "bus", identity: "senders", "managed-instance": "controllers" }[kind] ?? kind;
}

/** Both ways: nothing is missing, nothing spare. */
const functionsMayWhatTheyDo: Rule = (graph, derived) =>
  deployedIn(graph).flatMap((name) => {
    const made = functionOf(graph, name);
    if (made === undefined) return [];
    const beside = [...(forTriggers[functions[name].trigger.kind] ?? []), ...forLogs];
    const granted = statementsOf(graph, made.inputs.role).flatMap(
      ({ Action: actions, Resource: resources }) =>
        actions.flatMap((action) => resources.map((resource) => ({ action, target: targetOf(resource) }))),
    );
    const needed = derived.get(name)?.may ?? [];
    const own = granted
      .filter(({ action }) => !beside.includes(action))
      .map(({ action, target }) => `${action} ${target}`);
    return [
      ...needed.filter((each) => !own.includes(each)).map((each) => `${name} lacks ${each}`),
      ...own
        .filter((each) => !needed.includes(each))
        .map((each) => `${name} may ${each} and does not need it`),
      ...beside
        .filter((action) => !granted.some((each) => each.action === action))
        .map((action) => `${name} lacks ${action} for its trigger or log`),
    ];
  });

const functionsAreToldWhatTheyRead: Rule = (graph, derived) =>
  deployedIn(graph).flatMap((name) => {
    const given = functionOf(graph, name)?.inputs.environment.variables ?? {};
    const read = (derived.get(name)?.environments ?? []).flatMap((each) =>
      Object.entries(environments).flatMap(([known, shape]) => (known === each ? [shape] : [])),
    );
    const wrong = read
      .flatMap((shape) => shape.safeParse(given).error?.issues ?? [])
      .map(({ path }) => path.join("."));
    const variables = read.flatMap((shape): readonly string[] => shape.keyof().options);
    return [
      ...[...new Set(wrong)].map((each) => `${name} is not told ${each}, or wrongly`),
      ...Object.keys(given)
        .filter((each) => !variables.includes(each))
        .map((each) => `${name} is told ${each}, which it does not read`),
    ];
  });

const tableIsAsTheAdaptersUseIt: Rule = (graph) =>
  tablesIn(graph).flatMap(({ inputs }) => [
    ...unless(
      inputs.hashKey === tableKeys.hash && inputs.rangeKey === tableKeys.range,
      "the table has other keys than its adapter",
    ),
    ...unless(
      inputs.streamEnabled && inputs.streamViewType === streamView,
      "the table has no stream of new images",
    ),
    ...unless(
      inputs.pointInTimeRecovery?.enabled === true,
      "the table cannot be restored to a point in time",
    ),
    ...indexNames.flatMap((index) => {
      const made = inputs.globalSecondaryIndexes.find(({ name }) => name === index);
      const { hash, range } = indexKeysOf(index);
      const held = projections[index];
      const holds =
        held === "KEYS_ONLY"
          ? made?.projectionType === held
          : made?.projectionType === "INCLUDE" &&
            JSON.stringify(made.nonKeyAttributes) === JSON.stringify(held);
      return unless(
        made?.hashKey === hash && made.rangeKey === range && holds,
        `index ${index} is not as its adapter uses it`,
      );
    }),
  ]);

const everyRouteIsThere: Rule = (graph) =>
  apisIn(graph).flatMap((api) => {
    const made = routesIn(graph).filter(({ inputs }) => inputs.apiId === `${api.name}-id`);
    return routes
      .filter((route) => !made.some(({ inputs }) => inputs.routeKey === route))
      .map((route) => `${api.name} has no ${route}`);
  });

const logsEnd: Rule = (graph) => [
  ...logsIn(graph).flatMap(({ name, inputs }) =>
    unless(inputs.retentionInDays > 0, `log ${name} is kept for ever`),
  ),
  ...functionsIn(graph).flatMap(({ name, inputs }) =>
    unless(
      inputs.loggingConfig.logFormat === "JSON" &&
        logsIn(graph).some((group) => group.inputs.name === inputs.loggingConfig.logGroup),
      `function ${name} does not log as JSON into a log of its own`,
    ),
  ),
];

/** Whoever has a lab's controller has that lab alone. */
const labsAreApart: Rule = (graph) => {
  const labs = rolesIn(graph).filter(({ name }) => name.startsWith("Lab"));
  return labs.flatMap(({ name, arn, inputs }) => {
    const lab = inputs.name?.split("-lab-")[1] ?? "";
    return statementsOf(graph, arn).flatMap(({ Action: actions, Resource: resources }) =>
      resources.flatMap((resource) => [
        ...unless(
          !resource.includes(":parameter/") || resource.endsWith(`/labs/${lab}/*`),
          `role ${name} reads ${resource}`,
        ),
        ...unless(
          !actions.includes("sqs:SendMessage") || resource.endsWith("queue/ReportsQueue"),
          `role ${name} sends to ${resource}`,
        ),
      ]),
    );
  });
};

/** Whoever presses a button is known afterwards: of the function behind it every call is kept, and cannot be changed unseen. */
const pressesAreProved: Rule = (graph) => {
  const made = functionOf(graph, actingFunction);
  if (made === undefined) return [`${actingFunction} is not deployed`];
  const kept = trailsIn(graph).filter(({ inputs }) =>
    inputs.advancedEventSelectors.some(({ fieldSelectors }) =>
      fieldSelectors.some(({ field, equals }) => field === "resources.ARN" && equals.includes(arnIn(made))),
    ),
  );
  return [
    ...unless(kept.length > 0, `nobody keeps who calls ${actingFunction}`),
    ...kept.flatMap(({ name, inputs }) =>
      unless(inputs.enableLogFileValidation, `what ${name} keeps could be changed unseen`),
    ),
  ];
};

export const rules = {
  everyFunctionIsTriggered,
  consumedQueuesHaveDeadLetters,
  batchesFailInPart,
  timeoutsAgree,
  functionsMayWhatTheyDo,
  functionsAreToldWhatTheyRead,
  tableIsAsTheAdaptersUseIt,
  everyRouteIsThere,
  logsEnd,
  labsAreApart,
  pressesAreProved,
  ...accessRules,
  ...operatorRules,
  ...planRules,
} as const satisfies Readonly<Record<string, Rule>>;
