/** Reading a graph: resources by their type, and of their inputs what a rule looks at. */
import * as z from "zod";
import type { FunctionName } from "../../lib/contracts/topology.ts";
import type { Graph } from "./graph.ts";

const text = z.string();
const texts = z.union([text, z.array(text)]).transform((each) => [each].flat());
const statement = z.looseObject({
  Effect: z.string(),
  Action: texts,
  Resource: texts.default([]),
  Principal: z.unknown().optional(),
  Condition: z.looseObject({}).optional(),
});
export type Statement = z.infer<typeof statement>;

/** As SST writes the roles of its own schedules. */
const sstStatement = z.strictObject({ actions: z.array(text), resources: z.array(text) }).transform(
  ({ actions, resources }): Statement => ({
    Effect: "Allow",
    Action: actions,
    Resource: resources,
  }),
);

export const policyIn = z
  .preprocess(
    (given): unknown => (typeof given === "string" ? JSON.parse(given) : given),
    z.object({ Statement: z.array(z.union([sstStatement, statement])) }),
  )
  .transform(({ Statement: statements }) => statements);

export interface Looked<T> {
  readonly name: string;
  /** As the mocks make it (test/infra/graph-program.mjs). */
  readonly arn: string;
  readonly url: string;
  readonly inputs: T;
}

const reader =
  <T>(type: string, shape: z.ZodType<T>) =>
  (graph: Graph): readonly Looked<T>[] =>
    graph.resources
      .filter((each) => each.type === type)
      .map(({ name, inputs }) => ({
        name,
        arn: arnOf(type, name),
        url: urlOf(type, name),
        inputs: shape.parse(inputs),
      }));

function arnOf(type: string, name: string): string {
  const [, service = "", kind = ""] = /^aws:(\w+)\/(\w+):/.exec(type) ?? [];
  return `arn:aws:${service}:eu-central-1:123456789012:${kind}/${name}`;
}

function urlOf(type: string, name: string): string {
  const [, service = ""] = /^aws:(\w+)\//.exec(type) ?? [];
  return `https://${service}.eu-central-1.amazonaws.com/123456789012/${name}`;
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
      .transform((json) =>
        z.object({ deadLetterTargetArn: text, maxReceiveCount: z.number() }).parse(JSON.parse(json)),
      )
      .nullable()
      .default(null),
  }),
);

export const queuePoliciesIn = reader(
  "aws:sqs/queuePolicy:QueuePolicy",
  z.object({ queueUrl: text, policy: policyIn }),
);

export const bucketsIn = reader("aws:s3/bucket:Bucket", z.looseObject({}));

export const bucketPoliciesIn = reader(
  "aws:s3/bucketPolicy:BucketPolicy",
  z.object({ bucket: text, policy: policyIn }),
);

export const keysIn = reader(
  "aws:kms/key:Key",
  z.object({ policy: policyIn, enableKeyRotation: z.boolean().default(false) }),
);

export const functionsIn = reader(
  "aws:lambda/function:Function",
  z.object({
    name: text,
    role: text,
    timeout: z.number(),
    memorySize: z.number(),
    reservedConcurrentExecutions: z.number().optional(),
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
    scalingConfig: z.object({ maximumConcurrency: z.number() }).optional(),
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
    assumeRolePolicy: policyIn,
    inlinePolicies: z.array(z.object({ name: text, policy: policyIn })),
  }),
);

export const alarmsIn = reader(
  "aws:cloudwatch/metricAlarm:MetricAlarm",
  z.object({
    name: text.default(""),
    /** Of one that is computed from several: none. */
    metricName: text.default(""),
    dimensions: z.record(text, text).default({}),
    metricQueries: z
      .array(z.object({ id: text, expression: text.optional(), metric: z.looseObject({}).optional() }))
      .default([]),
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
      z.object({
        name: text,
        hashKey: text,
        rangeKey: text,
        projectionType: text,
        nonKeyAttributes: z.array(text).optional(),
      }),
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
          widgets: z.array(
            z.object({
              properties: z.looseObject({
                endpoint: text.optional(),
                start: text.optional(),
                /** What is drawn, or counted for it: names in the order that CloudWatch wants, and options at the end. */
                metrics: z
                  .array(z.array(z.union([text, z.looseObject({ id: text, expression: text.optional() })])))
                  .default([]),
              }),
            }),
          ),
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

export const apiStagesIn = reader(
  "aws:apigatewayv2/stage:Stage",
  z.object({
    defaultRouteSettings: z
      .object({ throttlingRateLimit: z.number(), throttlingBurstLimit: z.number() })
      .optional(),
  }),
);

export const apisIn = reader("aws:apigatewayv2/api:Api", z.object({ name: text }));

export const functionOf = (graph: Graph, name: FunctionName) =>
  functionsIn(graph).find(({ inputs }) => inputs.name.endsWith(`-${name.replaceAll("/", "-")}`));
