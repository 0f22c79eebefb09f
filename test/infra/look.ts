/** Reading a graph: resources by their type, and of their inputs what a rule looks at. */
import * as z from "zod";
import type { Graph } from "./graph.ts";

const text = z.string();
const statement = z.looseObject({
  Effect: z.string(),
  Action: z.union([z.string(), z.array(z.string())]).transform((each) => [each].flat()),
  Resource: z
    .union([z.string(), z.array(z.string())])
    .transform((each) => [each].flat())
    .default([]),
  Principal: z.unknown().optional(),
  Condition: z.looseObject({}).optional(),
});
export type Statement = z.infer<typeof statement>;

export const policyIn = z
  .string()
  .transform((json): unknown => JSON.parse(json))
  .pipe(z.object({ Statement: z.array(statement) }))
  .transform(({ Statement: statements }) => statements);

export interface Looked<T> {
  readonly name: string;
  /** As the mocks make it (test/infra/graph-program.mjs). */
  readonly arn: string;
  readonly inputs: T;
}

const reader =
  <T>(type: string, shape: z.ZodType<T>) =>
  (graph: Graph): readonly Looked<T>[] =>
    graph.resources
      .filter((each) => each.type === type)
      .map(({ name, inputs }) => ({ name, arn: arnOf(type, name), inputs: shape.parse(inputs) }));

function arnOf(type: string, name: string): string {
  const [, service = "", kind = ""] = /^aws:(\w+)\/(\w+):/.exec(type) ?? [];
  return `arn:aws:${service}:eu-central-1:123456789012:${kind}/${name}`;
}

export const queuesIn = reader(
  "aws:sqs/queue:Queue",
  z.object({
    name: text,
    visibilityTimeoutSeconds: z.number(),
    messageRetentionSeconds: z.number(),
    sqsManagedSseEnabled: z.boolean().default(false),
    redrivePolicy: z
      .string()
      .transform(
        (json) => z.object({ deadLetterTargetArn: text }).parse(JSON.parse(json)).deadLetterTargetArn,
      )
      .nullable()
      .default(null),
  }),
);

export const queuePoliciesIn = reader("aws:sqs/queuePolicy:QueuePolicy", z.object({ policy: policyIn }));

export const functionsIn = reader(
  "aws:lambda/function:Function",
  z.object({
    name: text,
    role: text,
    timeout: z.number(),
    runtime: text,
    architectures: z.array(text),
    environment: z.object({ variables: z.record(text, text) }),
    loggingConfig: z.object({ logFormat: text, logGroup: text }),
  }),
);

export const mappingsIn = reader(
  "aws:lambda/eventSourceMapping:EventSourceMapping",
  z.object({
    eventSourceArn: text,
    functionName: text,
    functionResponseTypes: z.array(text).default([]),
  }),
);

export const invokePermissionsIn = reader(
  "aws:lambda/permission:Permission",
  z.object({ principal: text, sourceArn: text.optional() }),
);

export const rolesIn = reader(
  "aws:iam/role:Role",
  z.object({
    name: text.optional(),
    managedPolicyArns: z.array(text).default([]),
    inlinePolicies: z.array(z.object({ name: text, policy: text })),
  }),
);

export const alarmsIn = reader(
  "aws:cloudwatch/metricAlarm:MetricAlarm",
  z.object({
    name: text.default(""),
    /** Of one that is computed from several: none. */
    metricName: text.default(""),
    dimensions: z.record(text, text).default({}),
    alarmActions: z.array(text).default([]),
    alarmDescription: text.default(""),
  }),
);

export const compositesIn = reader(
  "aws:cloudwatch/compositeAlarm:CompositeAlarm",
  z.object({
    alarmRule: text,
    alarmActions: z.array(text).default([]),
    alarmDescription: text.default(""),
  }),
);

export const automationsIn = (graph: Graph) =>
  documentsIn(graph).filter(({ inputs }) => inputs.documentType === "Automation");

const documentsIn = reader(
  "aws:ssm/document:Document",
  z.object({ name: text, documentType: text, content: text }),
);

export const logsIn = reader(
  "aws:cloudwatch/logGroup:LogGroup",
  z.object({ name: text, retentionInDays: z.number().default(0) }),
);

export const tablesIn = reader(
  "aws:dynamodb/table:Table",
  z.object({
    hashKey: text,
    rangeKey: text,
    globalSecondaryIndexes: z.array(
      z.object({ name: text, hashKey: text, rangeKey: text, projectionType: text }),
    ),
    streamEnabled: z.boolean(),
    streamViewType: text.optional(),
    deletionProtectionEnabled: z.boolean(),
    pointInTimeRecovery: z.object({ enabled: z.boolean() }).optional(),
    serverSideEncryption: z.object({ enabled: z.boolean() }).optional(),
  }),
);

export const routesIn = reader(
  "aws:apigatewayv2/route:Route",
  z.object({
    apiId: text,
    routeKey: text,
    authorizationType: text.default("NONE"),
  }),
);

export const schedulesIn = reader(
  "aws:scheduler/schedule:Schedule",
  z.object({
    scheduleExpression: text,
    state: text,
    target: z.object({ arn: text }),
  }),
);

export const topicsIn = reader("aws:sns/topic:Topic", z.object({ kmsMasterKeyId: text.optional() }));

export const dashboardsIn = reader(
  "aws:cloudwatch/dashboard:Dashboard",
  z.object({
    dashboardBody: z
      .string()
      .transform((json): unknown => JSON.parse(json))
      .pipe(
        z.object({
          widgets: z.array(z.object({ properties: z.looseObject({ endpoint: text.optional() }) })),
        }),
      ),
  }),
);

export const trailsIn = reader(
  "aws:cloudtrail/trail:Trail",
  z.object({
    enableLogFileValidation: z.boolean().default(false),
    advancedEventSelectors: z.array(
      z.object({ fieldSelectors: z.array(z.object({ field: text, equals: z.array(text) })) }),
    ),
  }),
);

export const apisIn = reader("aws:apigatewayv2/api:Api", z.object({ name: text }));
