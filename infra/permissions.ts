/** A function's role: what lib/contracts/topology.ts lets it do, on these resources and no others. */
import type { Permission } from "../lib/contracts/permissions.ts";
import type { FunctionName } from "../lib/contracts/topology.ts";
import { functions } from "../lib/contracts/topology.ts";
import { type Place, stageTag } from "./hands.ts";
import { componentName } from "./names.ts";
import type { Queues } from "./queues.ts";

export interface Resources extends Place {
  readonly table: sst.aws.Dynamo;
  readonly queues: Queues;
  readonly bus: sst.aws.Bus;
  readonly document: aws.ssm.Document;
}

interface Statement {
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: $util.Input<string>;
  readonly Condition?: object;
}

const allow = (action: string, resource: $util.Input<string>): Statement => ({
  Effect: "Allow",
  Action: [action],
  Resource: resource,
});

function statementOf(name: FunctionName, permission: Permission, resources: Resources): Statement {
  const { table, queues, bus, document, account, region } = resources;
  const [action = "", target = ""] = permission.split(" ");
  const { trigger } = functions[name];
  switch (target) {
    case "table":
      return allow(action, table.arn);
    case "wakes":
      return allow(action, queues.wakes.queue.arn);
    case "dead-letters":
      if (trigger.kind !== "queue")
        throw new Error(`${name} consumes no queue, so it has no dead-letter queue`);
      return allow(action, queues[trigger.queue].dead.arn);
    case "bus":
      return allow(action, bus.arn);
    case "senders":
      // The identities that the account has verified; which of them writes, the function is told.
      return allow(action, $interpolate`arn:aws:ses:${region}:${account}:identity/*`);
    case "document":
      return allow(action, document.arn);
    case "controllers":
      // Any machine of the account that was activated for this stage: which ones, the lab files say.
      return {
        ...allow(action, $interpolate`arn:aws:ssm:${region}:${account}:managed-instance/*`),
        Condition: { StringEquals: { [`ssm:resourceTag/${stageTag}`]: $app.stage } },
      };
    case "*":
      // AWS has no resource for it (lib/contracts/permissions.ts).
      return allow(action, "*");
    default:
      if (target.startsWith("index/")) return allow(action, $interpolate`${table.arn}/${target}`);
      throw new Error(`${name}: nothing is called ${target} in ${permission}`);
  }
}

/** What Lambda itself needs in the function's name, to bring it what triggers it. */
function triggerStatements(name: FunctionName, { table, queues }: Resources): readonly Statement[] {
  const { trigger } = functions[name];
  const each = (actions: readonly string[], resource: $util.Input<string>): Statement[] => [
    { Effect: "Allow", Action: actions, Resource: resource },
  ];
  if (trigger.kind === "queue")
    return each(
      ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
      queues[trigger.queue].queue.arn,
    );
  if (trigger.kind === "stream")
    return each(
      ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"],
      table.nodes.table.streamArn,
    );
  return [];
}

export function makeRole(
  name: FunctionName,
  logs: aws.cloudwatch.LogGroup,
  resources: Resources,
): aws.iam.Role {
  const statements: readonly Statement[] = [
    ...functions[name].may.map((permission) => statementOf(name, permission, resources)),
    ...triggerStatements(name, resources),
    {
      Effect: "Allow",
      Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
      Resource: $interpolate`${logs.arn}:*`,
    },
  ];
  return new aws.iam.Role(`${componentName(name)}Role`, {
    assumeRolePolicy: JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
      ],
    }),
    inlinePolicies: [
      { name: "own", policy: $jsonStringify({ Version: "2012-10-17", Statement: statements }) },
    ],
  });
}
