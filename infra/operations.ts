/** What operators run and read in the AWS console: an Automation document for each action, and saved log queries. */
import type { Action } from "../lib/contracts/alarms.ts";
import { automationActions, automationDocument } from "../lib/contracts/automation.ts";
import { logQueries } from "../lib/contracts/log-queries.ts";
import { queueNames } from "../lib/contracts/queues.ts";
import type { Deployed } from "./functions.ts";
import type { Place } from "./hands.ts";
import { componentName, visibleName } from "./names.ts";
import { pairsOf, type Queues } from "./queues.ts";

/** In the console's addresses and lists. */
export const automationName = (action: Action): string => visibleName(action);
export const savedQueryName = (name: string): string => `${visibleName("")}/${name}`;

export function makeOperations(
  labs: readonly string[],
  functions: readonly Deployed[],
  queues: Queues,
  where: Place,
): void {
  const operate = functions.find(({ name }) => name === "operate");
  if (operate === undefined) throw new Error("lib/contracts/topology.ts has no function operate");
  const role = makeAutomationRole(operate.made, queues, where);
  const place = $util.all([
    role.arn,
    operate.made.arn,
    $util.all(pairsOf(queues).map(({ queue, dead }) => $util.all([queue.arn, dead.arn]))),
  ]);
  for (const action of automationActions(labs))
    new aws.ssm.Document(`${componentName(action)}Automation`, {
      name: automationName(action),
      documentType: "Automation",
      documentFormat: "JSON",
      content: place.apply(([roleArn, operateFunction, arns]) =>
        JSON.stringify(
          automationDocument(action, {
            role: roleArn,
            operateFunction,
            labs,
            queues: queueNames.map((name, at) => {
              const [arn = "", dead = ""] = arns[at] ?? [];
              return { name, arn, dead };
            }),
          }),
        ),
      ),
    });
  const logGroupNames = functions.map(({ made }) =>
    made.loggingConfig.apply((config) => config.logGroup ?? ""),
  );
  for (const [name, { text }] of Object.entries(logQueries))
    new aws.cloudwatch.QueryDefinition(`${componentName(name)}Query`, {
      name: savedQueryName(name),
      logGroupNames,
      queryString: text,
    });
}

/** An Automation acts as this role, whoever runs it: running one is what people are permitted, document by document. */
function makeAutomationRole(
  operate: aws.lambda.Function,
  queues: Queues,
  { account, region }: Place,
): aws.iam.Role {
  const pairs = pairsOf(queues);
  const executions = $interpolate`arn:aws:ssm:${region}:${account}:automation-execution/*`;
  return new aws.iam.Role("AutomationRole", {
    assumeRolePolicy: $jsonStringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: "ssm.amazonaws.com" },
          Action: "sts:AssumeRole",
          Condition: {
            StringEquals: { "aws:SourceAccount": account },
            ArnLike: { "aws:SourceArn": executions },
          },
        },
      ],
    }),
    inlinePolicies: [
      {
        name: "own",
        policy: $jsonStringify({
          Version: "2012-10-17",
          Statement: [
            { Effect: "Allow", Action: ["lambda:InvokeFunction"], Resource: [operate.arn] },
            // Which execution asks is not known before it runs; it reads who started it, and nothing else.
            { Effect: "Allow", Action: ["ssm:GetAutomationExecution"], Resource: [executions] },
            {
              Effect: "Allow",
              Action: [
                "sqs:StartMessageMoveTask",
                "sqs:ReceiveMessage",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
              ],
              Resource: pairs.map(({ dead }) => dead.arn),
            },
            {
              Effect: "Allow",
              Action: ["sqs:SendMessage"],
              Resource: pairs.map(({ queue }) => queue.arn),
            },
          ],
        }),
      },
    ],
  });
}
