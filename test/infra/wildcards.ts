/** Every wildcard in what is allowed, with its reason in a line. One that is not here is refused, and one that nobody needs too. */
export interface Wildcard {
  readonly actions: RegExp;
  readonly resource: RegExp;
  readonly why: string;
}

const account = "eu-central-1:123456789012";

export const wildcards: readonly Wildcard[] = [
  {
    actions: /^ssm:(DescribeInstanceInformation|GetCommandInvocation|ListCommandInvocations)$/,
    resource: /^[*]$/,
    why: "AWS knows no resource for them (Service Authorization Reference); they read, and change nothing",
  },
  {
    actions: /^(ssm:(UpdateInstanceInformation|ListInstanceAssociations)|ssmmessages:\w+|ec2messages:\w+)$/,
    resource: /^[*]$/,
    why: "what Amazon's agent calls answers for the machine that signs alone; AWS knows no resource for it",
  },
  {
    actions: /^ssm:SendCommand$/,
    resource: new RegExp(`^arn:aws:ssm:${account}:managed-instance/[*]$`),
    why: "which machines controllers are, lab files say later; only those that carry the stage's tag",
  },
  {
    actions: /^ses:SendEmail$/,
    resource: new RegExp(`^arn:aws:ses:${account}:identity/[*]$`),
    why: "the identities that this account has verified; a sender may be an address or its domain",
  },
  {
    actions: /^logs:(CreateLogStream|PutLogEvents)$/,
    resource: /:logGroup\/\w+:[*]$/,
    why: "the streams of the function's own log, which Lambda names",
  },
  {
    actions: /^ssm:GetParameter$/,
    resource: new RegExp(`^arn:aws:ssm:${account}:parameter/rackwright/[\\w-]+/labs/[\\w-]+/[*]$`),
    why: "all parameters of one lab, by their prefix",
  },
  {
    actions: /^ssm:GetAutomationExecution$/,
    resource: new RegExp(`^arn:aws:ssm:${account}:automation-execution/[*]$`),
    why: "which execution asks who started it is not known before it runs; it reads",
  },
  {
    actions: /^s3:PutObject$/,
    resource: /\/AWSLogs\/123456789012\/[*]$/,
    why: "CloudTrail names the files that it keeps; from the one trail alone",
  },
  {
    actions: /^kms:([*]|Decrypt|GenerateDataKey)$/,
    resource: /^[*]$/,
    why: "in a key's policy * is the key itself; the account must be able to change it (AWS KMS, “Default key policy”)",
  },
];
