/** SSM on one machine: what the SDK sees of the stand-in agent, and what goes wrong between the two. */
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
const log: string[] = [];
/** Time can be made to pass. */
let aheadMs = 0;
let ssm: SsmServer;
let client: SSMClient;
let stop: AbortController;
let working: Promise<void>;
const path = process.env["PATH"];

function startController(): void {
  stop = new AbortController();
  working = runController(
    {
      endpoint: ssm.endpoint,
      controller,
      stateDir: join(folder.path, "state"),
      log: (line) => log.push(line),
    },
    stop.signal,
  );
}

beforeAll(async () => {
  useFakeCredentials();
  // Stands for the installed agent: notes what it was called with, and answers as it does.
  writeFileSync(
    join(folder.path, "rackwright-agent"),
    `#!/bin/sh\necho "$2" >> '${ran}'\necho "{\\"took\\":\\"$2\\"}"\n[ "$2" != fail ] || exit 3\n`,
  );
  chmodSync(join(folder.path, "rackwright-agent"), 0o755);
  process.env["PATH"] = `${folder.path}:${path}`;
  ssm = await startSsm({
    port: 0,
    dataFile: join(folder.path, "ssm.sqlite"),
    now: () => Date.now() + aheadMs,
  });
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
beforeEach(() => {
  writeFileSync(ran, "");
  log.length = 0;
});

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

  test("a delivery that comes again, acknowledged and answered, is run once", async () => {
    ssm.faults.duplicate = () => true;
    const id = await send("twice");
    await endsAs(id, "Success");
    ssm.faults.duplicate = () => false;
    aheadMs += 10_000;
    await eventually(() => log.includes(`${id} is known already: not run again`), "the second delivery");
    expect(timesRun()).toBe(1);
    expect(await invocation(id)).toMatchObject({
      Status: "Success",
      StandardOutputContent: '{"took":"twice"}\n',
    });
  });

  test("a script that fails is told with its code, both its streams, and that nothing came after it", async () => {
    const id = await send("fail");
    await endsAs(id, "Failed");
    expect(await invocation(id)).toMatchObject({
      StatusDetails: "Failed",
      ResponseCode: 3,
      StandardOutputContent: expect.stringContaining('{"took":"fail"}\n'),
      StandardErrorContent: expect.stringContaining("failed to run commands: exit status 3"),
    });
  });

  test("an agent that is throttled tries again until it is heard", async () => {
    let refusals = 3;
    ssm.faults.throttle = (operation) => operation === "SendReply" && refusals-- > 0;
    const id = await send("slow");
    await endsAs(id, "Success");
    ssm.faults.throttle = () => false;
    expect(log.filter((line) => line.includes("ThrottlingException"))).toHaveLength(3);
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
    const ids: string[] = [];
    for (const delivery of ["one1", "two2", "thr3"]) ids.push(await send(delivery));
    expect((await invocation(ids[0] ?? "")).Status).toBe("Pending");
    // What was given to the poll that the controller left behind is delivered again after this.
    aheadMs += 10_000;
    startController();
    for (const id of ids) await endsAs(id, "Success");
    expect(timesRun()).toBe(3);
  });
});
