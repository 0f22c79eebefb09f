/**
 * SSM Automation documents: what operators run in the AWS console, with pick-lists, and with what comes of it beside the
 * button. Who ran it is asked of Systems Manager, not of whoever runs it, and is the actor in the timeline (AWS Systems
 * Manager User Guide, “Automation system variables” has no variable for it).
 */
import { slug } from "../core/ids.ts";
import type { Action } from "./alarms.ts";
import { type Operation, type OperationName, operationNames, operations } from "./operate.ts";
import type { QueueName } from "./queues.ts";

/** What is known only where it is deployed. */
export interface AutomationPlace {
  readonly role: string;
  readonly operateFunction: string;
  readonly labs: readonly string[];
  readonly queues: readonly {
    readonly name: QueueName;
    readonly arn: string;
    /** Of its dead-letter queue. */
    readonly dead: string;
  }[];
}

interface Parameter {
  readonly type: "String";
  readonly description: string;
  readonly allowedPattern?: string;
  readonly allowedValues?: readonly string[];
  readonly default?: string;
}

interface Step {
  readonly name: string;
  readonly action: string;
  readonly [more: string]: unknown;
}

export interface AutomationDocument {
  readonly schemaVersion: "0.3";
  readonly description: string;
  readonly assumeRole: string;
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly mainSteps: readonly Step[];
  readonly outputs?: readonly string[];
}

/** Those that there are: without labs there is nothing to be done to one. */
export const automationActions = (labs: readonly string[]): readonly Action[] => [
  ...operationNames.filter((name) => operations[name].target === "node" || labs.length > 0),
  "redrive",
];

const reason: Parameter = {
  type: "String",
  description: "Why. It stands in the timeline.",
  // It stands in JSON and in tables: plain text on one line.
  allowedPattern: '^[^"\\\\\\p{Cntrl}]{3,400}$',
};

const anyNode: Parameter = {
  type: "String",
  description: "The node's name, as the console and the lab file have it.",
  allowedPattern: slug.source,
};

const anyImage: Parameter = {
  type: "String",
  description: "The image to load; empty: the one that it has.",
  default: "",
  allowedPattern: `^$|${slug.source}`,
};

const stepSeconds = 300;

const who: Step = {
  name: "Who",
  action: "aws:executeAwsApi",
  description: "Who runs this, by Systems Manager's own word.",
  inputs: {
    Service: "ssm",
    Api: "GetAutomationExecution",
    AutomationExecutionId: "{{ automation:EXECUTION_ID }}",
  },
  outputs: [{ Name: "ExecutedBy", Selector: "$.AutomationExecution.ExecutedBy", Type: "String" }],
  onFailure: "Abort",
  nextStep: "Act",
};

export function automationDocument(action: Action, place: AutomationPlace): AutomationDocument {
  return action === "redrive" ? redrive(place) : operation(action, operations[action], place);
}

function operation(
  name: OperationName,
  { title, effect, target }: Operation,
  { role, operateFunction, labs }: AutomationPlace,
): AutomationDocument {
  const onLab = target === "lab";
  const image = name === "reload";
  return {
    schemaVersion: "0.3",
    description: `${title}. ${effect}`,
    assumeRole: role,
    parameters: {
      ...(onLab
        ? { Lab: { type: "String", description: "The lab.", allowedValues: labs } as const }
        : { Node: anyNode }),
      ...(image ? { Image: anyImage } : {}),
      Reason: reason,
    },
    mainSteps: [
      who,
      {
        name: "Act",
        action: "aws:invokeLambdaFunction",
        // The same request again changes nothing, but a refusal is not asked for again.
        maxAttempts: 1,
        timeoutSeconds: stepSeconds,
        onFailure: "Abort",
        isEnd: true,
        inputs: {
          FunctionName: operateFunction,
          InvocationType: "RequestResponse",
          InputPayload: {
            action: name,
            target: onLab ? "{{ Lab }}" : "{{ Node }}",
            ...(image ? { image: "{{ Image }}" } : {}),
            reason: "{{ Reason }}",
            actor: "{{ Who.ExecutedBy }}",
            request: "{{ automation:EXECUTION_ID }}",
          },
        },
      },
    ],
    outputs: ["Act.Payload"],
  };
}

const stepOf = (queue: QueueName): string => `Redrive${queue.charAt(0).toUpperCase()}${queue.slice(1)}`;

/** SQS itself does it, and the execution says who asked for it. */
const redrive = ({ role, queues }: AutomationPlace): AutomationDocument => ({
  schemaVersion: "0.3",
  description:
    "Redrive dead letters. All that was set aside is sent to its queue again, ten a second. What is still wrong comes back with its reason, and what was done already changes nothing.",
  assumeRole: role,
  parameters: {
    Queue: {
      type: "String",
      description: "The queue whose dead letters are sent again.",
      allowedValues: queues.map(({ name }) => name),
    },
    Reason: reason,
  },
  mainSteps: [
    {
      name: "Choose",
      action: "aws:branch",
      inputs: {
        Choices: queues.map(({ name }) => ({
          NextStep: stepOf(name),
          Variable: "{{ Queue }}",
          StringEquals: name,
        })),
      },
    },
    ...queues.map(({ name, arn, dead }) => ({
      name: stepOf(name),
      action: "aws:executeAwsApi",
      onFailure: "Abort",
      isEnd: true,
      inputs: {
        Service: "sqs",
        Api: "StartMessageMoveTask",
        SourceArn: dead,
        DestinationArn: arn,
        MaxNumberOfMessagesPerSecond: 10,
      },
    })),
  ],
});
