/** SSM on one machine: what the SDK sees, what a controller does, and what goes wrong on the way. */
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  SendCommandCommand,
  type SSMClient,
} from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ssmClient } from "../../lib/aws/clients.ts";
import { ssmDocument, ssmDocumentName } from "../../lib/contracts/ssm-document.ts";
import { runController } from "../../lib/local/ssm/controller.ts";
import { type SsmServer, startSsm } from "../../lib/local/ssm/server.ts";
import { eventually, temporaryFolder, useFakeCredentials } from "../support/stack.ts";

const folder = temporaryFolder();
const controller = "mi-0123456789abcdef0";
const ran = join(folder.path, "ran");
let ssm: SsmServer;
let client: SSMClient;
let stop: AbortController;
let working: Promise<void>;
const path = process.env["PATH"];

function startController(): void {
  stop = new AbortController();
  working = runController(
    { endpoint: ssm.endpoint, controller, stateDir: join(folder.path, "state"), log: () => {} },
    stop.signal,
  );
}

beforeAll(async () => {
  useFakeCredentials();
  // Stands for the installed agent: notes what it was called with, and answers as it does.
  writeFileSync(
    join(folder.path, "rackwright-agent"),
    `#!/bin/sh\necho "$2" >> '${ran}'\necho "{\\"took\\":\\"$2\\"}"\n`,
  );
  chmodSync(join(folder.path, "rackwright-agent"), 0o755);
  process.env["PATH"] = `${folder.path}:${path}`;
  ssm = await startSsm({ port: 0, dataFile: join(folder.path, "ssm.sqlite") });
  process.env["AWS_ENDPOINT_URL_SSM"] = ssm.endpoint;
  client = ssmClient();
  startController();
  await eventually(async () => {
    const { InstanceInformationList = [] } = await client.send(new DescribeInstanceInformationCommand({}));
    return InstanceInformationList.some(
      ({ InstanceId, PingStatus }) => InstanceId === controller && PingStatus === "Online",
    );
  }, "the controller's registration");
});
afterAll(async () => {
  stop.abort();
  await working;
  await ssm.stop();
  process.env["PATH"] = path;
  folder.remove();
});
beforeEach(() => writeFileSync(ran, ""));

const send = async (delivery: string): Promise<string> => {
  const { Command } = await client.send(
    new SendCommandCommand({
      DocumentName: ssmDocumentName,
      InstanceIds: [controller],
      Parameters: { Delivery: [delivery] },
      TimeoutSeconds: 30,
    }),
  );
  return Command?.CommandId ?? "";
};
const invocation = (CommandId: string) =>
  client.send(new GetCommandInvocationCommand({ CommandId, InstanceId: controller }));
const endsAs = (id: string, status: string) =>
  eventually(async () => (await invocation(id)).Status === status, `${id} being ${status}`);
const timesRun = () =>
  readFileSync(ran, "utf8")
    .trim()
    .split("\n")
    .filter((line) => line !== "").length;

describe("Run Command", () => {
  test("R52, R54: a controller asks for work from within: nothing ever connects to it, and it answers by itself", async () => {
    const id = await send("abcd");
    await endsAs(id, "Success");
    expect(await invocation(id)).toMatchObject({
      StatusDetails: "Success",
      ResponseCode: 0,
      StandardOutputContent: '{"took":"abcd"}\n',
    });
  });

  test("R53: the outcome is the controller's own word; nobody asks it how far it is", async () => {
    const id = await send("efgh");
    await endsAs(id, "Success");
    expect(timesRun()).toBe(1);
  });

  test("a delivery that was made twice is run once", async () => {
    let twice = 1;
    ssm.faults.duplicate = () => twice-- > 0;
    const id = await send("twice");
    await endsAs(id, "Success");
    ssm.faults.duplicate = () => false;
    expect(timesRun()).toBe(1);
  });

  test("a parameter with anything but base64url in it is refused before it reaches a shell", async () => {
    await expect(send("abcd; reboot")).rejects.toThrow("does not match");
    await expect(send("$(id)x")).rejects.toThrow("does not match");
    expect(new RegExp(ssmDocument.parameters.Delivery.allowedPattern).test("abcd\nreboot")).toBe(false);
  });

  test("a machine that SSM does not know is an error of its own kind", async () => {
    const unknown = client.send(
      new SendCommandCommand({
        DocumentName: ssmDocumentName,
        InstanceIds: ["mi-fffffffffffffffff"],
        Parameters: { Delivery: ["abcd"] },
      }),
    );
    await expect(unknown).rejects.toMatchObject({ name: "InvalidInstanceId" });
  });

  test("R55, R56: while a controller is away its commands wait and no error piles up; when it returns they are carried out", async () => {
    stop.abort();
    await working;
    const ids = [await send("one1"), await send("two2"), await send("thr3")];
    expect((await invocation(ids[0] ?? "")).Status).toBe("Pending");
    startController();
    for (const id of ids) await endsAs(id, "Success");
    expect(timesRun()).toBe(3);
  });

  test("the genuine agent's recorded words are understood", async () => {
    const recorded = readFileSync(join(import.meta.dirname, "ssm-agent-words.json"), "utf8");
    const words: { operation: string; body: string }[] = JSON.parse(recorded);
    const id = await send("abcd");
    await endsAs(id, "Success");
    for (const { operation, body } of words) {
      const response = await fetch(ssm.endpoint, {
        method: "POST",
        headers: {
          "x-amz-target": operation.includes(".")
            ? operation
            : `EC2WindowsMessageDeliveryService.${operation}`,
        },
        body: body.replaceAll("COMMAND", id).replaceAll("INSTANCE", controller),
      });
      expect(`${operation} ${response.status}`).toBe(`${operation} 200`);
    }
    expect(await invocation(id)).toMatchObject({
      Status: "Failed",
      StandardErrorContent: expect.stringContaining("exit status 7"),
    });
  });
});
