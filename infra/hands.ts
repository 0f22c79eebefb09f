/** The way into the labs: the SSM document, and for each lab the role that its controllers have. */
import { ssmDocument } from "../lib/contracts/ssm-document.ts";
import { componentName, visibleName } from "./names.ts";
import type { QueuePair } from "./queues.ts";

/** A controller carries it from its activation on; deliveries go to controllers of the own stage alone. */
export const stageTag = "rackwright:stage";

export const makeDocument = (): aws.ssm.Document =>
  new aws.ssm.Document("Run", {
    name: visibleName("run"),
    documentType: "Command",
    documentFormat: "JSON",
    content: JSON.stringify(ssmDocument),
  });

export interface Place {
  readonly account: $util.Output<string>;
  readonly region: $util.Output<string>;
}

/** What Amazon's agent does for Run Command. AWS has no resources for it: each answers for the machine that signs alone. */
const agentActions = [
  "ssm:UpdateInstanceInformation",
  "ssm:ListInstanceAssociations",
  "ssmmessages:CreateControlChannel",
  "ssmmessages:OpenControlChannel",
  "ssmmessages:CreateDataChannel",
  "ssmmessages:OpenDataChannel",
  "ec2messages:AcknowledgeMessage",
  "ec2messages:DeleteMessage",
  "ec2messages:FailMessage",
  "ec2messages:GetEndpoint",
  "ec2messages:GetMessages",
  "ec2messages:SendReply",
];

/** A stolen controller reports in its own name (SQS says who sent a message) and reads its own lab's parameters. */
export function makeLabRole(lab: string, { queue }: QueuePair, { account, region }: Place): aws.iam.Role {
  return new aws.iam.Role(`Lab${componentName(lab)}`, {
    name: visibleName(`lab-${lab}`),
    assumeRolePolicy: $jsonStringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: "ssm.amazonaws.com" },
          Action: "sts:AssumeRole",
          Condition: {
            StringEquals: { "aws:SourceAccount": account },
            ArnLike: { "aws:SourceArn": $interpolate`arn:aws:ssm:${region}:${account}:*` },
          },
        },
      ],
    }),
    inlinePolicies: [
      {
        name: "own-lab",
        policy: $jsonStringify({
          Version: "2012-10-17",
          Statement: [
            { Sid: "Agent", Effect: "Allow", Action: agentActions, Resource: "*" },
            { Sid: "Reports", Effect: "Allow", Action: ["sqs:SendMessage"], Resource: [queue.arn] },
            {
              Sid: "OwnParameters",
              Effect: "Allow",
              Action: ["ssm:GetParameter"],
              Resource: [$interpolate`arn:aws:ssm:${region}:${account}:parameter${parameterPrefix(lab)}*`],
            },
          ],
        }),
      },
    ],
  });
}

export const parameterPrefix = (lab: string): string => `/${$app.name}/${$app.stage}/labs/${lab}/`;

/** Made by hand for each controller: its code is a secret that is good for a day, and has no place in a deployment's state. */
export const activationCommand = (lab: string, { name }: aws.iam.Role, region: $util.Output<string>) =>
  $interpolate`aws ssm create-activation --region ${region} --iam-role ${name} --registration-limit 1 --default-instance-name ${lab}-controller-1 --tags Key=${stageTag},Value=${$app.stage}`;
