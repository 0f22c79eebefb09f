/**
 * What a function may do, as `action resource`. infra/ turns the second word into an ARN; test/infra derives the whole list
 * from the code and compares.
 */
import type { IndexName } from "./table.ts";

export type Permission =
  | "dynamodb:BatchGetItem table"
  | "dynamodb:GetItem table"
  | "dynamodb:PutItem table"
  | "dynamodb:Query table"
  | `dynamodb:Query index/${IndexName}`
  | "ses:SendEmail senders"
  | "sqs:SendMessage wakes"
  /** The dead-letter queue of the queue that the function consumes. */
  | "sqs:SendMessage dead-letters"
  | "ssm:SendCommand document"
  | "ssm:SendCommand controllers"
  | UnboundPermission
  | "events:PutEvents bus";

/** AWS knows no resource for these: they are allowed on all or not at all. They read, and change nothing. */
export const unboundPermissions = [
  "ssm:DescribeInstanceInformation *",
  "ssm:GetCommandInvocation *",
  "ssm:ListCommandInvocations *",
] as const;
type UnboundPermission = (typeof unboundPermissions)[number];
