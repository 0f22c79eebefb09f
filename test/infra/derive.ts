/** What each function needs, derived from its code: permissions, and the shape of its environment. */
import { build } from "esbuild";
import type { Permission } from "../../lib/contracts/permissions.ts";
import { indexNames } from "../../lib/contracts/table.ts";
import { type Reached, reach } from "./reach.ts";

/** What a call of the SDK wants to be allowed, by the adapter that makes it. A call that is not here is refused. */
const needs: Readonly<Record<string, readonly Permission[]>> = {
  "dynamoStore BatchGetCommand": ["dynamodb:BatchGetItem table"],
  "dynamoStore GetCommand": ["dynamodb:GetItem table"],
  "dynamoStore PutCommand": ["dynamodb:PutItem table"],
  // Allowed by what it contains (DynamoDB Developer Guide, “IAM for transactions”): here puts with conditions.
  "dynamoStore TransactWriteCommand": ["dynamodb:PutItem table"],
  // What is asked is read apart: the table, or which index.
  "dynamoStore QueryCommand": [],
  "dynamoFleet QueryCommand": [],
  "sqsQueue SendMessageBatchCommand": ["sqs:SendMessage wakes"],
  "sqsDeadLetters SendMessageCommand": ["sqs:SendMessage dead-letters"],
  "sesMail SendEmailCommand": ["ses:SendEmail senders"],
  "ssmHands SendCommandCommand": ["ssm:SendCommand document", "ssm:SendCommand controllers"],
  "ssmHands DescribeInstanceInformationCommand": ["ssm:DescribeInstanceInformation *"],
  "ssmHands ListCommandInvocationsCommand": ["ssm:ListCommandInvocations *"],
  "ssmHands GetCommandInvocationCommand": ["ssm:GetCommandInvocation *"],
  "eventBridgeBus PutEventsCommand": ["events:PutEvents bus"],
};

export interface Derived {
  readonly reached: Reached;
  readonly may: readonly string[];
  /** By permission: the calls of the SDK that want it. */
  readonly because: ReadonlyMap<string, readonly string[]>;
  readonly environments: readonly string[];
}

export const derive = async (name: string): Promise<Derived> => derivedFrom(await codeOf(name));

export function derivedFrom(code: string): Derived {
  const reached = reach(code, indexNames);
  const wants = [...reached.calls].flatMap((call) => {
    const wanted = needs[call];
    if (wanted === undefined)
      throw new Error(`${call}: say in test/infra/derive.ts what it wants to be allowed`);
    return wanted.map((permission): { permission: string; call: string } => ({ permission, call }));
  });
  const queries = [...reached.queried].map((what) => ({
    permission: `dynamodb:Query ${what}`,
    call: `QueryCommand on ${what}`,
  }));
  const because = Map.groupBy([...wants, ...queries], ({ permission }) => permission);
  return {
    reached,
    may: [...because.keys()].toSorted(),
    because: new Map([...because].map(([permission, each]) => [permission, each.map(({ call }) => call)])),
    environments: [...reached.environments].toSorted(),
  };
}

/** The function as one module, its packages left outside. */
export async function codeOf(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`functions/${name}.ts`],
    bundle: true,
    packages: "external",
    format: "esm",
    target: "node24",
    write: false,
    logLevel: "error",
  });
  return outputFiles[0]?.text ?? "";
}
