/** What goes wrong between SSM and an agent, and what the SDK sees of it. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GetCommandInvocationCommand, SendCommandCommand, type SSMClient } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ssmClient } from "../../lib/aws/clients.ts";
import { ssmDocumentName } from "../../lib/contracts/ssm-document.ts";
import { noFaults } from "../../lib/local/ssm/actions.ts";
import { type SsmServer, startSsm } from "../../lib/local/ssm/server.ts";
import { agentSide } from "../support/ssm-wire.ts";
import { eventually, temporaryFolder, useFakeCredentials } from "../support/stack.ts";

const controller = "mi-0123456789abcdef0";
const folder = temporaryFolder();
let aheadMs = 0;
let ssm: SsmServer;
let client: SSMClient;
const agent = agentSide(() => ssm.endpoint, controller);

beforeAll(async () => {
  useFakeCredentials();
  ssm = await startSsm({
    port: 0,
    dataFile: join(folder.path, "ssm.sqlite"),
    now: () => Date.now() + aheadMs,
  });
  process.env["AWS_ENDPOINT_URL_SSM"] = ssm.endpoint;
  client = ssmClient();
});
afterAll(async () => {
  await ssm.stop();
  folder.remove();
});
beforeEach(async () => {
  Object.assign(ssm.faults, noFaults());
  await agent.register();
});

const timeoutSeconds = 60;
const send = async (delivery = "abcd"): Promise<string> => {
  const { Command } = await client.send(
    new SendCommandCommand({
      DocumentName: ssmDocumentName,
      InstanceIds: [controller],
      Parameters: { Delivery: [delivery] },
      TimeoutSeconds: timeoutSeconds,
    }),
  );
  return Command?.CommandId ?? "";
};
const sendAndTake = async (): Promise<string> => {
  const id = await send();
  expect(await agent.poll()).toEqual([`aws.ssm.${id}.${controller}`]);
  await agent.acknowledge(id);
  return id;
};
const invocation = (CommandId: string) =>
  client.send(new GetCommandInvocationCommand({ CommandId, InstanceId: controller }));
const succeeded = (id: string) =>
  agent.reply(id, "Success", {
    Run: { status: "Success", code: 0, standardOutput: "done\n", standardError: "", output: "done\n" },
  });

const inProgress = { Status: "InProgress", StatusDetails: "InProgress", ResponseCode: -1 };
const deliveryTimedOut = { Status: "TimedOut", StatusDetails: "Delivery Timed Out", ResponseCode: -1 };

describe("a message", () => {
  test("that is not acknowledged comes again when it is not hidden any more, and one that is does not", async () => {
    const id = await send();
    const message = `aws.ssm.${id}.${controller}`;
    expect(await agent.poll()).toEqual([message]);
    aheadMs += 10_000;
    expect(await agent.poll()).toEqual([message]);
    await agent.acknowledge(id);
    aheadMs += 10_000;
    const next = await send();
    expect(await agent.poll()).toEqual([`aws.ssm.${next}.${controller}`]);
    await agent.acknowledge(next);
  });

  test("by a fault comes once more, though it was acknowledged and answered, and what was said stands", async () => {
    ssm.faults.duplicate = () => true;
    const id = await sendAndTake();
    await succeeded(id);
    ssm.faults.duplicate = () => false;
    aheadMs += 10_000;
    expect(await agent.poll()).toEqual([`aws.ssm.${id}.${controller}`]);
    await agent.reply(id, "InProgress", null);
    await agent.acknowledge(id);
    expect(await invocation(id)).toMatchObject({ Status: "Success", StandardOutputContent: "done\n" });
  });

  test("that the agent cannot read is failed", async () => {
    const id = await send();
    await agent.poll();
    const body = { MessageId: `aws.ssm.${id}.${controller}`, FailureType: "InternalHandlerException" };
    expect(await agent.say("FailMessage", JSON.stringify(body))).toMatchObject({ status: 200 });
    expect(await invocation(id)).toMatchObject({
      Status: "Failed",
      StandardErrorContent: "the agent failed the message: InternalHandlerException",
    });
  });

  test("that the agent deleted does not come again", async () => {
    const id = await send();
    await agent.poll();
    const body = { MessageId: `aws.ssm.${id}.${controller}` };
    expect(await agent.say("DeleteMessage", JSON.stringify(body))).toMatchObject({ status: 200 });
    aheadMs += 10_000;
    const next = await send();
    expect(await agent.poll()).toEqual([`aws.ssm.${next}.${controller}`]);
    await agent.acknowledge(next);
  });
});

describe("time", () => {
  test("that runs out before a delivery means that it will never be made", async () => {
    const id = await send();
    aheadMs += timeoutSeconds * 1000;
    expect(await invocation(id)).toMatchObject(deliveryTimedOut);
    const next = await send();
    expect(await agent.poll()).toEqual([`aws.ssm.${next}.${controller}`]);
    await agent.acknowledge(next);
  });

  test("runs on for what was delivered, by as long as the document may take", async () => {
    const id = await sendAndTake();
    aheadMs += timeoutSeconds * 1000;
    expect(await invocation(id)).toMatchObject(inProgress);
    aheadMs += 30_000;
    expect(await invocation(id)).toMatchObject(deliveryTimedOut);
  });
});

describe("a reply", () => {
  test("that is lost leaves a command that ran as one whose delivery timed out", async () => {
    const id = await sendAndTake();
    ssm.faults.loseReply = () => true;
    await succeeded(id);
    expect(await invocation(id)).toMatchObject(inProgress);
    aheadMs += timeoutSeconds * 1000 + 30_000;
    expect(await invocation(id)).toMatchObject(deliveryTimedOut);
  });

  test("that comes after the time-out is a success after all", async () => {
    const id = await sendAndTake();
    ssm.faults.holdReply = () => true;
    await succeeded(id);
    aheadMs += timeoutSeconds * 1000 + 30_000;
    expect(await invocation(id)).toMatchObject(deliveryTimedOut);
    ssm.releaseReplies();
    expect(await invocation(id)).toMatchObject({
      Status: "Success",
      StatusDetails: "Success",
      ResponseCode: 0,
      StandardOutputContent: "done\n",
    });
  });

  test("that comes after the time-out can be made to change nothing: the documentation leaves it open", async () => {
    const id = await sendAndTake();
    ssm.faults.holdReply = () => true;
    ssm.faults.ignoreLate = () => true;
    await succeeded(id);
    aheadMs += timeoutSeconds * 1000 + 30_000;
    expect(await invocation(id)).toMatchObject(deliveryTimedOut);
    ssm.releaseReplies();
    expect(await invocation(id)).toMatchObject({ ...deliveryTimedOut, StandardOutputContent: "" });
  });

  test("that contradicts an earlier end changes nothing", async () => {
    const id = await sendAndTake();
    await succeeded(id);
    await agent.reply(id, "Failed", { Run: { status: "Failed", code: 9 } });
    expect(await invocation(id)).toMatchObject({ Status: "Success", ResponseCode: 0 });
  });
});

test("a call that is throttled is refused by that name, and nothing was sent", async () => {
  ssm.faults.throttle = (operation) => operation === "SendCommand";
  await expect(send()).rejects.toMatchObject({ name: "ThrottlingException" });
  ssm.faults.throttle = () => false;
  const id = await send();
  expect(await agent.poll()).toEqual([`aws.ssm.${id}.${controller}`]);
  await agent.acknowledge(id);
});

describe("an agent that dies in the middle", () => {
  const ran = join(folder.path, "ran");
  const children: ChildProcess[] = [];
  let said = "";
  afterAll(() => {
    for (const child of children) child.kill("SIGKILL");
  });

  function startAgent(): ChildProcess {
    const child = spawn(
      process.execPath,
      [
        join(import.meta.dirname, "../../lib/local/ssm/controller-main.ts"),
        ...["--endpoint", ssm.endpoint, "--controller", controller, "--state", join(folder.path, "state")],
      ],
      {
        stdio: ["ignore", "ignore", "pipe"],
        env: { ...process.env, PATH: `${folder.path}:${process.env["PATH"]}` },
      },
    );
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    children.push(child);
    return child;
  }
  const linesOf = (file: string) =>
    existsSync(file)
      ? readFileSync(file, "utf8")
          .split("\n")
          .filter((line) => line !== "")
      : [];

  test("has acknowledged and is silent: the command is in progress until its time is over", async () => {
    const id = await sendAndTake();
    await agent.reply(id, "InProgress", null);
    expect(await invocation(id)).toMatchObject(inProgress);
    aheadMs += timeoutSeconds * 1000 + 30_000;
    expect(await invocation(id)).toMatchObject(deliveryTimedOut);
  });

  test("says after its restart that it failed unexpectedly, and never runs the document again", async () => {
    // Notes its process id, and does not end in time.
    writeFileSync(join(folder.path, "rackwright-agent"), `#!/bin/sh\necho $$ >> '${ran}'\nexec sleep 60\n`);
    chmodSync(join(folder.path, "rackwright-agent"), 0o755);
    const first = startAgent();
    let acknowledged = false;
    ssm.faults.duplicate = () => {
      acknowledged = true;
      return true;
    };
    const id = await send();
    await eventually(() => linesOf(ran).length === 1 && acknowledged, "the document's start");
    expect(await invocation(id)).toMatchObject(inProgress);
    const gone = new Promise((resolve) => first.once("exit", resolve));
    first.kill("SIGKILL");
    process.kill(Number(linesOf(ran)[0]), "SIGKILL");
    await gone;
    ssm.faults.duplicate = () => false;
    // The message will be delivered to the new one once more.
    aheadMs += 10_000;
    startAgent();
    await eventually(async () => (await invocation(id)).Status === "Failed", "the agent's word on it");
    expect(await invocation(id)).toMatchObject({
      StatusDetails: "Failed",
      ResponseCode: 1,
      PluginName: "Run",
      StandardOutputContent: expect.stringContaining("document process failed unexpectedly"),
    });
    writeFileSync(join(folder.path, "rackwright-agent"), `#!/bin/sh\necho later >> '${ran}'\n`);
    const later = await send();
    await eventually(async () => (await invocation(later)).Status === "Success", "a later command");
    await eventually(() => said.includes(`${id} is known already: not run again`), "the second delivery");
    expect(linesOf(ran).slice(1)).toEqual(["later"]);
  });
});
