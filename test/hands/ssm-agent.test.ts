/**
 * The genuine amazon-ssm-agent, pointed by its configuration file at our SSM server: it must register, run our document and
 * bring back what the agent on the controller printed. Needs an installed agent and Linux's unshare; keeps nothing.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  SendCommandCommand,
} from "@aws-sdk/client-ssm";
import { afterAll, describe, expect, test } from "vitest";
import { ssmClient } from "../../lib/aws/clients.ts";
import { type Receipt, receipt } from "../../lib/contracts/command.ts";
import { ssmDocumentName } from "../../lib/contracts/ssm-document.ts";
import { branded, isJournalId } from "../../lib/core/ids.ts";
import { type SsmServer, startSsm } from "../../lib/local/ssm/server.ts";
import { eventually, temporaryFolder, useFakeCredentials } from "../support/stack.ts";

const home = process.env["SSM_AGENT_HOME"] ?? "";
if (home === "")
  console.warn(
    "SKIPPED: our document on the genuine amazon-ssm-agent. To run it: SSM_AGENT_HOME=<folder with amazon-ssm-agent, ssm-agent-worker, ssm-document-worker> npx vitest run --project hands",
  );

const instance = "mi-0123456789abcdef0";
const needed = ["amazon-ssm-agent", "ssm-agent-worker", "ssm-document-worker"];
/** The agent takes its configuration from beside its binaries only if this one is there too; it is never started here. */
const besides = "ssm-session-worker";

/** A folder of its own that the agent takes for its installation: nobody but root may write there. */
function install(from: string, to: string, endpoint: string): void {
  for (const name of needed) {
    if (!existsSync(join(from, name))) throw new Error(`SSM_AGENT_HOME=${from} has no ${name}`);
    copyFileSync(join(from, name), join(to, name));
  }
  if (existsSync(join(from, besides))) copyFileSync(join(from, besides), join(to, besides));
  else writeFileSync(join(to, besides), "#!/bin/sh\nexit 1\n");
  for (const name of [...needed, besides]) chmodSync(join(to, name), 0o755);
  mkdirSync(join(to, "configuration"));
  const configuration = {
    Agent: { Region: "us-east-1" },
    Identity: {
      ConsumptionOrder: ["CustomIdentity"],
      CustomIdentities: [{ InstanceID: instance, Region: "us-east-1", InstanceType: "controller" }],
    },
    Ssm: { Endpoint: endpoint },
    Mds: { Endpoint: endpoint },
    // Nobody is there: the agent falls back to polling, and nothing leaves this machine.
    Mgs: { Endpoint: "127.0.0.1:9" },
  };
  writeFileSync(join(to, "configuration", "amazon-ssm-agent.json"), JSON.stringify(configuration));
}

/** What a shell does before it becomes the agent: its state is written to memory, and is gone with the namespace. */
const withoutTraces = `
  mount -t tmpfs tmpfs /var/lib && mount -t tmpfs tmpfs /var/log && mkdir -p /var/lib/amazon/ssm /var/log/amazon/ssm &&
  exec "$0"`;

describe.skipIf(home === "")("the genuine amazon-ssm-agent", () => {
  const folder = temporaryFolder();
  let ssm: SsmServer | undefined;
  let agent: ChildProcess | undefined;
  const log: string[] = [];
  afterAll(async () => {
    agent?.kill("SIGKILL");
    await ssm?.stop();
    folder.remove();
  });

  test("registers, runs our document and returns the receipt; what fails is told with its code", async () => {
    useFakeCredentials();
    ssm = await startSsm({ port: 0, dataFile: join(folder.path, "ssm.sqlite") });
    process.env["AWS_ENDPOINT_URL_SSM"] = ssm.endpoint;
    const client = ssmClient();

    const [installation, bin] = [join(folder.path, "agent"), join(folder.path, "bin")];
    for (const each of [installation, bin]) mkdirSync(each);
    install(home, installation, ssm.endpoint);
    const said = JSON.stringify({
      schema: "rackwright.receipt/1",
      journal: branded(isJournalId, "0123456789abcdef"),
      commands: [{ verdict: "refused", id: null, reason: "for this test" }],
    } satisfies Receipt);
    const ran = join(folder.path, "ran");
    writeFileSync(
      join(bin, "rackwright-agent"),
      `#!/bin/sh\necho "$@" >> '${ran}'\n[ "$2" != fail ] || exit 7\necho '${said}'\n`,
    );
    chmodSync(join(bin, "rackwright-agent"), 0o755);

    const program = join(installation, "amazon-ssm-agent");
    agent = spawn(
      "unshare",
      ["-r", "-m", "-p", "-f", "--kill-child", "--mount-proc", "sh", "-c", withoutTraces, program],
      {
        cwd: installation,
        stdio: ["ignore", "pipe", "pipe"],
        env: {
          PATH: `${bin}:${process.env["PATH"]}`,
          HOME: installation,
          AWS_ACCESS_KEY_ID: "tests",
          AWS_SECRET_ACCESS_KEY: "local",
        },
      },
    );
    for (const stream of [agent.stdout, agent.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => log.push(text));

    const within = (holds: () => Promise<boolean>, what: string) =>
      eventually(
        async () => {
          if (agent?.exitCode !== null) throw new Error(`the agent is gone: ${log.join("").slice(-4000)}`);
          return holds();
        },
        what,
        90_000,
      );
    const send = async (delivery: string): Promise<string> => {
      const { Command } = await client.send(
        new SendCommandCommand({
          DocumentName: ssmDocumentName,
          InstanceIds: [instance],
          Parameters: { Delivery: [delivery] },
          TimeoutSeconds: 60,
        }),
      );
      return Command?.CommandId ?? "";
    };
    const invocation = (CommandId: string) =>
      client.send(new GetCommandInvocationCommand({ CommandId, InstanceId: instance }));
    const ended = (id: string) =>
      within(
        async () => !["Pending", "InProgress"].includes((await invocation(id)).Status ?? ""),
        `the end of ${id}`,
      );

    await within(async () => {
      const { InstanceInformationList = [] } = await client.send(new DescribeInstanceInformationCommand({}));
      return InstanceInformationList.some(
        ({ InstanceId, PingStatus }) => InstanceId === instance && PingStatus === "Online",
      );
    }, "the agent's registration");

    const id = await send("abcd");
    await ended(id);
    const told = await invocation(id);
    expect(told).toMatchObject({ Status: "Success", StatusDetails: "Success", ResponseCode: 0 });
    expect(receipt.parse(JSON.parse(told.StandardOutputContent ?? ""))).toEqual(JSON.parse(said));

    const failing = await send("fail");
    await ended(failing);
    expect(await invocation(failing)).toMatchObject({
      Status: "Failed",
      StatusDetails: "Failed",
      ResponseCode: 7,
      StandardErrorContent: expect.stringContaining("exit status 7"),
    });
    expect(readFileSync(ran, "utf8")).toBe("run abcd\nrun fail\n");
  }, 300_000);
});
