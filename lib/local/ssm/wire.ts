/**
 * What passes between SSM and amazon-ssm-agent on the ec2messages path, in AWS JSON 1.1. The server reads with these shapes
 * what an agent says, the stand-in agent what the server says; test/local/ssm-agent-wire.txt is what the genuine one said.
 */
import * as z from "zod";

/** At first the agent tells only which version it is; once it runs, all the rest. */
export const registration = z.looseObject({
  InstanceId: z.string(),
  AgentName: z.string().optional(),
  AgentVersion: z.string(),
  AgentStatus: z.string().optional(),
  AvailabilityZone: z.string().optional(),
  AvailabilityZoneId: z.string().optional(),
  ComputerName: z.string().optional(),
  IPAddress: z.string().optional(),
  PlatformName: z.string().optional(),
  PlatformType: z.string().optional(),
  PlatformVersion: z.string().optional(),
  SSMConnectionChannel: z.string().optional(),
});
export type Registration = z.infer<typeof registration>;

export const associationsRequest = z.looseObject({ InstanceId: z.string(), MaxResults: z.int().optional() });

export const messagesRequest = z.looseObject({
  Destination: z.string(),
  MessagesRequestId: z.string(),
  VisibilityTimeoutInSeconds: z.int().min(0).default(10),
});

/** `aws.ssm.<command>.<machine>` */
export const aboutMessage = z.looseObject({
  MessageId: z.string().regex(/^aws\.ssm\.[0-9a-f-]{36}\.[\w-]+$/, "is not a message of ours"),
});
export const failedMessage = aboutMessage.extend({ FailureType: z.string() });
export const replyRequest = aboutMessage.extend({ ReplyId: z.guid(), Payload: z.string() });

/** Which command on which machine a message is about. */
export function addressOf(messageId: string): { readonly command: string; readonly instance: string } {
  const [, , command = "", ...instance] = messageId.split(".");
  return { command, instance: instance.join(".") };
}

/** The agent's words for how far a step, or a document, is (its contracts.ResultStatus). */
export const resultStatus = z.enum([
  "NotStarted",
  "InProgress",
  "Success",
  "SuccessAndReboot",
  "PassedAndReboot",
  "Failed",
  "Cancelled",
  "TimedOut",
  "Skipped",
]);
export type ResultStatus = z.infer<typeof resultStatus>;

/** `output` is both streams in one, cut to 2,500 characters; it alone says why a step was skipped or given up. */
export const stepReply = z.looseObject({
  status: resultStatus,
  code: z.int(),
  name: z.string().default(""),
  output: z.string().default(""),
  startDateTime: z.string().default(""),
  endDateTime: z.string().default(""),
  outputS3BucketName: z.string().default(""),
  outputS3KeyPrefix: z.string().default(""),
  stepName: z.string().default(""),
  standardOutput: z.string().default(""),
  standardError: z.string().default(""),
});
export type StepReply = z.infer<typeof stepReply>;

/**
 * Each reply about progress carries the one step that has just ended, or none (null) before the first; the last one tells
 * the document's end, and its step once more where it has but one, else no step ({}). A document that is refused is told in
 * one reply, with the reason as the trace.
 */
export const replyPayload = z.looseObject({
  additionalInfo: z
    .looseObject({
      agent: z.looseObject({
        lang: z.string(),
        name: z.string(),
        os: z.string(),
        osver: z.string(),
        ver: z.string(),
      }),
      dateTime: z.string(),
      runId: z.string(),
      runtimeStatusCounts: z.partialRecord(resultStatus, z.int()).nullable(),
      ableToOpenMGSConnection: z.boolean().nullish(),
    })
    .optional(),
  documentStatus: resultStatus,
  documentTraceOutput: z.string().default(""),
  runtimeStatus: z.record(z.string(), stepReply).nullable(),
});
export type ReplyPayload = z.input<typeof replyPayload>;

/** What GetMessages answers. A parameter of type String travels as a string, one of type StringList as a list. */
export const messagesAnswer = z.looseObject({
  Messages: z
    .array(z.looseObject({ MessageId: z.string(), Topic: z.string(), Payload: z.string() }))
    .default([]),
});

const parameter = z.looseObject({
  type: z.string(),
  allowedPattern: z.string().optional(),
  minChars: z.int().optional(),
  maxChars: z.int().optional(),
});
const step = z.looseObject({
  action: z.literal("aws:runShellScript"),
  name: z.string(),
  onFailure: z.string().optional(),
  inputs: z.looseObject({ runCommand: z.array(z.string()), timeoutSeconds: z.string().default("3600") }),
});
export const sendCommandPayload = z.looseObject({
  CommandId: z.string().regex(/^[0-9a-f-]{36}$/),
  DocumentName: z.string(),
  Parameters: z.record(z.string(), z.string().or(z.array(z.string()))),
  DocumentContent: z.looseObject({
    schemaVersion: z.literal("2.2"),
    parameters: z.record(z.string(), parameter),
    mainSteps: z.array(step).min(1),
  }),
});
export type SendCommandPayload = z.infer<typeof sendCommandPayload>;
export type DocumentStep = z.infer<typeof step>;
