/** What the genuine amazon-ssm-agent was recorded to say, said again: the SDK must see what then became of each command. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  SendCommandCommand,
  type SSMClient,
} from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { ssmClient } from "../../lib/aws/clients.ts";
import { ssmDocumentName } from "../../lib/contracts/ssm-document.ts";
import { type SsmServer, startSsm } from "../../lib/local/ssm/server.ts";
import {
  associationsRequest,
  registration,
  replyPayload,
  replyRequest,
  stepReply,
} from "../../lib/local/ssm/wire.ts";
import { agentSide } from "../support/ssm-wire.ts";
import { temporaryFolder, useFakeCredentials } from "../support/stack.ts";

const instance = "mi-0123456789abcdef0";
/** Three steps, and delivered once more when all was over. */
const threeSteps = "75023fb4-bcc0-4cb2-bf3d-d5874f08d20b";
/** A parameter that does not match its pattern. */
const refused = "9ae29dbf-0e9e-467d-bbc7-d4c98778fef1";
/** The second step fails, and has `onFailure: exit`. */
const withExit = "817094ea-a603-4e08-b2e6-922834aaa09e";

interface Line {
  readonly at: number;
  readonly operation: string;
  readonly body: string;
}
const lines: readonly Line[] = readFileSync(join(import.meta.dirname, "ssm-agent-wire.txt"), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => {
    const [time = "", operation = "", ...body] = line.split(" ");
    return { at: Date.parse(`2026-11-20T${time}Z`), operation, body: body.join(" ") };
  });
const requests = lines.filter(({ operation }) => operation !== "DELIVER");

/** A delivery that was recorded by number alone is the one that is spoken of next. */
const commandsDelivered = lines.map(({ operation }, index) =>
  operation === "DELIVER"
    ? /aws\.ssm\.([0-9a-f-]{36})/.exec(
        lines
          .slice(index)
          .map(({ body }) => body)
          .join(),
      )?.[1]
    : undefined,
);

const folder = temporaryFolder();
let time = 0;
const ids = [threeSteps, refused, withExit];
let ssm: SsmServer;
let client: SSMClient;
const agent = agentSide(() => ssm.endpoint, instance);
const answers: string[] = [];
const delivered: string[][] = [];
const registrations: unknown[] = [];
const beforeTheRedelivery: unknown[] = [];

const machines = async () =>
  (await client.send(new DescribeInstanceInformationCommand({}))).InstanceInformationList;
const invocation = async (CommandId: string, PluginName?: string) => {
  const { $metadata, ...told } = await client.send(
    new GetCommandInvocationCommand({ CommandId, InstanceId: instance, PluginName }),
  );
  return told;
};
const listed = async (CommandId: string) =>
  (await client.send(new ListCommandInvocationsCommand({ CommandId, Details: true }))).CommandInvocations;

beforeAll(async () => {
  useFakeCredentials();
  ssm = await startSsm({
    port: 0,
    dataFile: join(folder.path, "ssm.sqlite"),
    now: () => time,
    newId: () => ids.shift() ?? "",
  });
  process.env["AWS_ENDPOINT_URL_SSM"] = ssm.endpoint;
  client = ssmClient();
  let redelivered = false;
  ssm.faults.duplicate = () => !redelivered;
  const sent = new Set<string>();
  for (const [index, { at, operation, body }] of lines.entries()) {
    time = at;
    const command = commandsDelivered[index];
    if (command !== undefined) {
      redelivered = sent.has(command);
      if (redelivered) beforeTheRedelivery.push(await invocation(command), await listed(command));
      else await sendNext();
      sent.add(command);
      delivered.push(await agent.poll());
    } else {
      const { status } = await agent.say(operation, body);
      answers.push(`${operation} ${status}`);
      if (operation.endsWith("UpdateInstanceInformation")) registrations.push(await machines());
    }
  }
});
afterAll(async () => {
  await ssm.stop();
  folder.remove();
});

const sendNext = () =>
  client.send(
    new SendCommandCommand({
      DocumentName: ssmDocumentName,
      InstanceIds: [instance],
      Parameters: { Delivery: ["abcd"] },
      TimeoutSeconds: 600,
    }),
  );
const messageOf = (command: string) => `aws.ssm.${command}.${instance}`;

describe("the recorded traffic", () => {
  test("is taken, every request of it", () => {
    expect(answers).toEqual(requests.map(({ operation }) => `${operation} 200`));
    expect(answers).toHaveLength(21);
  });

  test("is delivered what it was delivered, and no more", () => {
    expect(delivered).toEqual([threeSteps, threeSteps, refused, withExit].map((id) => [messageOf(id)]));
  });

  test("has no field that the server does not know", () => {
    const strictReply = replyPayload.extend({
      additionalInfo: z.strictObject(replyPayload.shape.additionalInfo.unwrap().shape),
      runtimeStatus: z.record(z.string(), z.strictObject(stepReply.shape)).nullable(),
    });
    const shapes: Readonly<Record<string, z.ZodType>> = {
      "AmazonSSM.UpdateInstanceInformation": z.strictObject(registration.shape),
      "AmazonSSM.ListInstanceAssociations": z.strictObject(associationsRequest.shape),
      AcknowledgeMessage: z.strictObject({ MessageId: z.string() }),
      SendReply: z.strictObject({
        ...replyRequest.shape,
        Payload: z
          .string()
          .transform((text): unknown => JSON.parse(text))
          .pipe(z.strictObject(strictReply.shape)),
      }),
    };
    const unknown = requests.flatMap(({ operation, body }) => {
      const parsed = shapes[operation]?.safeParse(JSON.parse(body));
      return parsed?.success === true ? [] : [`${operation}: ${String(parsed?.error)}`];
    });
    expect(unknown).toEqual([]);
  });
});

describe("a machine", () => {
  test("is online from its first word, before it says what it is", () => {
    expect(registrations[0]).toMatchObject([
      { InstanceId: instance, PingStatus: "Online", AgentVersion: "3.3.0.0", PlatformType: "Linux" },
    ]);
    expect(registrations[0]).not.toMatchObject([{ PlatformName: expect.anything() }]);
  });

  test("is known by all that it said, and the few words of its restart take nothing away", () => {
    const known = [
      {
        InstanceId: instance,
        PingStatus: "Online",
        PlatformName: "Debian GNU/Linux",
        PlatformVersion: "12",
        ComputerName: "vm",
        IPAddress: "127.0.0.1",
      },
    ];
    expect(registrations).toHaveLength(4);
    expect(registrations.slice(1)).toMatchObject([known, known, known]);
  });

  test("is ConnectionLost when it was not heard of for ten minutes", async () => {
    const before = time;
    time += 10 * 60_000 - 1;
    expect(await machines()).toMatchObject([{ PingStatus: "Online" }]);
    time += 1;
    expect(await machines()).toMatchObject([{ PingStatus: "ConnectionLost" }]);
    time = before;
  });
});

describe("a document of three steps, told in five replies,", () => {
  test("has failed, with the code of the first step that did", async () => {
    expect(await invocation(threeSteps)).toMatchObject({
      Status: "Failed",
      StatusDetails: "Failed",
      ResponseCode: 7,
    });
  });

  test("has its streams apart in each step's result", async () => {
    expect(await invocation(threeSteps, "Power")).toMatchObject({
      PluginName: "Power",
      Status: "Success",
      StatusDetails: "Success",
      ResponseCode: 0,
      ExecutionStartDateTime: "2026-11-20T20:17:30.453Z",
      StandardOutputContent: `node=node-42 action=on cmd=${threeSteps}\nSSM_COMMAND_ID=${threeSteps}\n`,
      StandardErrorContent: "err-line\n",
    });
    expect(await invocation(threeSteps, "Fails")).toMatchObject({
      Status: "Failed",
      ResponseCode: 7,
      StandardOutputContent: "",
      StandardErrorContent: "failed to run commands: exit status 7",
    });
    expect(await invocation(threeSteps, "Slow")).toMatchObject({
      Status: "TimedOut",
      StatusDetails: "Execution Timed Out",
      ResponseCode: 137,
    });
  });

  test("has them in one, step by step, in the list", async () => {
    expect(await listed(threeSteps)).toMatchObject([
      {
        Status: "Failed",
        StatusDetails: "Failed",
        CommandPlugins: [
          { Name: "Power", Status: "Success", ResponseCode: 0, Output: expect.stringContaining("-ERROR-") },
          { Name: "Fails", Status: "Failed", ResponseCode: 7 },
          { Name: "Slow", Status: "TimedOut", StatusDetails: "Execution Timed Out", ResponseCode: 137 },
        ],
      },
    ]);
  });

  test("is acknowledged when it comes again, and nothing changes", async () => {
    expect(beforeTheRedelivery).toHaveLength(2);
    expect([await invocation(threeSteps), await listed(threeSteps)]).toEqual(beforeTheRedelivery);
  });

  test("has no step of another name", async () => {
    await expect(invocation(threeSteps, "Nothing")).rejects.toMatchObject({ name: "InvalidPluginName" });
  });
});

test("a document that the agent refused has failed before any step, and says why", async () => {
  const told = await invocation(refused);
  expect(told).toMatchObject({
    Status: "Failed",
    StatusDetails: "Failed",
    ResponseCode: -1,
    StandardOutputContent: "",
  });
  expect(told.StandardErrorContent).toContain(
    "parameter value /x; touch pwned$(id -u)/ does not match the allowed pattern /^[a-z0-9-]{1,32}$/",
  );
  expect(await listed(refused)).toMatchObject([{ CommandPlugins: [] }]);
});

test("what comes after a failed step with onFailure is skipped, which the API calls a success that says so", async () => {
  expect(await invocation(withExit)).toMatchObject({
    Status: "Failed",
    StatusDetails: "Failed",
    ResponseCode: 3,
  });
  expect(await invocation(withExit, "Inj")).toMatchObject({
    Status: "Success",
    StandardOutputContent: "raw=a\n",
  });
  expect(await invocation(withExit, "Guard")).toMatchObject({
    Status: "Failed",
    ResponseCode: 3,
    StandardErrorContent: expect.stringContaining("Further document steps will be skipped."),
  });
  expect(await invocation(withExit, "After")).toMatchObject({
    Status: "Success",
    ResponseCode: 0,
    StandardOutputContent:
      "Plugin with name aws:runShellScript and id After skipped due to prior step with an exit condition",
    StandardErrorContent: "",
  });
});
