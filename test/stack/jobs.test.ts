/** Jobs from outside, on a living stack: messages that any SQS client may send (docs/jobs.md). */
import {
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import ssh2 from "ssh2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ReservationView } from "../../lib/contracts/reservation-views.ts";
import type { NodeView } from "../../lib/contracts/views.ts";
import type { JobRecord } from "../../lib/core/job-record.ts";
import type { TimelineEntry } from "../../lib/core/timeline.ts";
import { newKeyPair } from "../../lib/drivers/os/ssh.ts";
import { hostileMessage } from "../support/hostile.ts";
import { eventually } from "../support/stack.ts";
import { Place, start } from "./main-job.ts";

const here = new Place();
const patience = 120_000;
let client: SQSClient;
let jobs: string;

beforeAll(async () => {
  const run = await here.start("--count", "1");
  await run.until(({ event, to }) => event === "reservation" && to === "reserved");
  const endpoint = `http://127.0.0.1:${here.settings().ports["sqs"]}`;
  client = new SQSClient({
    region: "us-east-1",
    endpoint,
    credentials: { accessKeyId: "portal", secretAccessKey: "local" },
  });
  jobs = `${endpoint}/000000000000/jobs`;
}, patience);
afterAll(() => here.clean(), patience);

const send = (body: unknown) =>
  client.send(new SendMessageCommand({ QueueUrl: jobs, MessageBody: JSON.stringify(body) }));
const reservation = (id: string) => here.get<ReservationView>(`/v1/reservations/${id}`);
const isIn =
  (id: string, ...states: string[]) =>
  async () =>
    states.includes((await reservation(id)).state);

test("a second run on the same data is refused, and the first goes on", { timeout: patience }, async () => {
  const { code, stderr } = await start(["--data", here.data]).ended;
  expect(stderr).toMatch(/^rackwright: --data: .* is in use by process \d+: stop it first\n$/);
  expect(code).toBe(2);
  expect((await here.ask("/v1/nodes")).status).toBe(200);
});

describe("a message on the jobs queue", () => {
  test("is carried out as a request to the API is: reserve, log in, end; R38: whoever was in leaves a node that is reloaded", {
    timeout: patience,
  }, async () => {
    const key = newKeyPair("user");
    await send({
      schema: "rackwright.job/1",
      kind: "reserve",
      id: "from-outside",
      owner: "ada",
      image: "demo",
      user: "ada",
      publicKey: key.public,
    });
    await eventually(isIn("from-outside", "reserved"), "the hand-over", patience);
    const { connections, nodes } = await reservation("from-outside");
    const [host = "", port = ""] = connections[0]?.address.split(":") ?? [];
    const output = await new Promise<string>((resolve, reject) => {
      const session = new ssh2.Client();
      let text = "";
      session.once("error", reject).once("ready", () => {
        session.exec("cat /etc/rackwright/revision", (_error, stream) => {
          stream.on("data", (chunk: Buffer) => {
            text += chunk.toString();
          });
          stream.on("close", () => {
            session.end();
            resolve(text);
          });
        });
      });
      session.connect({ host, port: Number(port), username: "ada", privateKey: key.private });
    });
    expect(output.trim()).toBe(nodes[0]?.revision);
    await eventually(isIn("from-outside", "in-use"), "the login being seen", patience);

    await send({
      schema: "rackwright.job/1",
      kind: "end",
      id: "end-of-it",
      reservation: "from-outside",
      reason: "done with it",
    });
    await eventually(isIn("from-outside", "complete"), "the end of the reclaim", patience);
    const node = nodes[0]?.id ?? "";
    const { entries } = await here.get<{ entries: TimelineEntry[] }>(`/v1/nodes/${node}/timeline`);
    const story = entries.filter((entry) => entry.reservation === "from-outside").map(({ to }) => to);
    expect(story.indexOf("loading", story.indexOf("in-use"))).toBeGreaterThan(0);
    expect(story.at(-1)).toBe("available");
    expect(entries.some(({ why }) => why.includes("a user was in: a reload is queued"))).toBe(true);
  });

  test("of a known id changes nothing, however often it comes", { timeout: patience }, async () => {
    const job = { schema: "rackwright.job/1", kind: "inspect", id: "inspect-once", node: "node-12" };
    for (let times = 0; times < 5; times += 1) await send(job);
    const record = () => here.get<JobRecord>("/v1/jobs/inspect-once");
    await eventually(async () => (await record()).state === "done", "the inspection", patience);
    for (let times = 0; times < 3; times += 1) await send(job);
    await eventually(
      async () => (await here.get<NodeView>("/v1/nodes/node-12")).state === "available",
      "its rest",
      patience,
    );
    const { entries } = await here.get<{ entries: TimelineEntry[] }>("/v1/nodes/node-12/timeline");
    expect(entries.filter(({ job: id, to }) => id === "inspect-once" && to === "available")).toHaveLength(1);
  });

  test("1,000 malformed and hostile ones leave 1,000 dead letters with reasons, and the good ones among them are carried out", {
    timeout: patience,
  }, async () => {
    const bodies = Array.from({ length: 1000 }, (_, index) => hostileMessage(index)).filter(
      (body) => body !== "",
    );
    const lacking = 1000 - bodies.length;
    bodies.push(...Array.from({ length: lacking }, (_, index) => `{"lacking":${index}}`));
    const good = Array.from({ length: 10 }, (_, index) =>
      JSON.stringify({ schema: "rackwright.job/1", kind: "inspect", id: `good-${index}`, node: "node-11" }),
    );
    for (const [index, body] of good.entries()) bodies.splice(100 * index, 0, body);
    for (const batch of batches(bodies)) {
      await client.send(
        new SendMessageBatchCommand({
          QueueUrl: jobs,
          Entries: batch.map((MessageBody, index) => ({ Id: String(index), MessageBody })),
        }),
      );
    }
    const count = async (name: string) => {
      const { Attributes = {} } = await client.send(
        new GetQueueAttributesCommand({ QueueUrl: jobs.replace(/jobs$/, name), AttributeNames: ["All"] }),
      );
      return (
        Number(Attributes["ApproximateNumberOfMessages"]) +
        Number(Attributes["ApproximateNumberOfMessagesNotVisible"])
      );
    };
    await eventually(async () => (await count("jobs")) === 0, "the queue being empty", patience);
    const reasons = await deadLetters();
    expect(reasons.size).toBe(1000);
    for (const reason of reasons.values()) expect(reason.length).toBeGreaterThan(5);
    // Only eight may wait for one node at a time; those that were one too many are told to wait, and none is lost.
    const states = await Promise.all(
      good.map(async (_, index) => (await here.ask(`/v1/jobs/good-${index}`)).status),
    );
    expect(states.every((status) => status === 200)).toBe(true);
  });
});

/** Why each message was refused, by its id: one that was delivered twice may have left two letters. */
async function deadLetters(): Promise<Map<string, string>> {
  const reasons = new Map<string, string>();
  while (true) {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: jobs.replace(/jobs$/, "jobs-dead"),
        MaxNumberOfMessages: 10,
        MessageAttributeNames: ["All"],
        VisibilityTimeout: 600,
      }),
    );
    if (Messages.length === 0) return reasons;
    for (const { MessageAttributes = {} } of Messages) {
      const { messageId, reason } = MessageAttributes;
      reasons.set(messageId?.StringValue ?? "", reason?.StringValue ?? "");
    }
  }
}

function batches(bodies: readonly string[]): string[][] {
  const result: string[][] = [[]];
  let size = 0;
  for (const body of bodies) {
    const last = result.at(-1) ?? [];
    if (last.length === 10 || size + body.length > 900_000) {
      result.push([body]);
      size = body.length;
    } else {
      last.push(body);
      size += body.length;
    }
  }
  return result;
}
