/** What the queue and the hands promise, in memory and on SQS and SSM over the embedded stack. */

import { randomUUID } from "node:crypto";
import { DeleteMessageCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sqsClient, ssmClient } from "../../lib/aws/clients.ts";
import { ensureQueues } from "../../lib/aws/queues.ts";
import { sqsDeadLetters, sqsQueue } from "../../lib/aws/sqs-queue.ts";
import { ssmHands } from "../../lib/aws/ssm-hands.ts";
import { command as commandShape, delivery, type Receipt, receipt } from "../../lib/contracts/command.ts";
import { deadLetterNameOf } from "../../lib/contracts/queues.ts";
import { ssmDocumentName } from "../../lib/contracts/ssm-document.ts";
import { wake as wakeShape } from "../../lib/contracts/wake.ts";
import type { Command } from "../../lib/core/command.ts";
import { branded, isCommandId, isControllerId } from "../../lib/core/ids.ts";
import { type Instant, instant, after as later } from "../../lib/core/time.ts";
import { memoryHands } from "../../lib/local/memory/hands.ts";
import { memoryDeadLetters, memoryQueue } from "../../lib/local/memory/queue.ts";
import { type SqsServer, startSqs } from "../../lib/local/sqs/server.ts";
import { openCommands } from "../../lib/local/ssm/commands.ts";
import { type SsmServer, startSsm } from "../../lib/local/ssm/server.ts";
import type { Hands } from "../../lib/ports/hands.ts";
import type { DeadLetter, DeadLetters, GroupedWake, Queue, Wake } from "../../lib/ports/queue.ts";
import { spec } from "../core/world.ts";
import { temporaryFolder, useFakeCredentials } from "../support/stack.ts";

const folder = temporaryFolder();
let time = instant(1_700_000_000_000);
let sqs: SqsServer;
let ssm: SsmServer;
const controller = branded(isControllerId, "mi-0123456789abcdef0");
const stranger = branded(isControllerId, "mi-fffffffffffffffff");

beforeAll(async () => {
  useFakeCredentials();
  sqs = await startSqs({ port: 0, dataFile: `${folder.path}/sqs`, now: () => time, senderOf: (key) => key });
  ssm = await startSsm({ port: 0, dataFile: `${folder.path}/ssm`, now: () => time });
  Object.assign(process.env, { AWS_ENDPOINT_URL_SQS: sqs.endpoint, AWS_ENDPOINT_URL_SSM: ssm.endpoint });
  await ensureQueues(sqsClient());
  await register();
});
afterAll(async () => {
  await Promise.all([sqs.stop(), ssm.stop()]);
  folder.remove();
});

const urlOf = (name: string) => `${sqs.endpoint}/000000000000/${name}`;

/** Takes what is there, for good. */
async function receiveAll(name: string) {
  const { Messages = [] } = await sqsClient().send(
    new ReceiveMessageCommand({
      QueueUrl: urlOf(name),
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 3600,
      MessageAttributeNames: ["All"],
      MessageSystemAttributeNames: ["MessageGroupId"],
    }),
  );
  for (const { ReceiptHandle } of Messages) {
    await sqsClient().send(new DeleteMessageCommand({ QueueUrl: urlOf(name), ReceiptHandle }));
  }
  return Messages;
}

interface QueueUnderTest {
  readonly queue: Queue;
  readonly take: (now: Instant) => Promise<Wake[]>;
  readonly deadLetters: DeadLetters;
  readonly letters: () => Promise<DeadLetter[]>;
}

const inMemory = (): QueueUnderTest => {
  const queue = memoryQueue();
  const deadLetters = memoryDeadLetters();
  return {
    queue,
    take: async (now) => queue.take(now),
    deadLetters,
    letters: async () => deadLetters.letters,
  };
};
const onSqs = (): QueueUnderTest => ({
  queue: sqsQueue({ client: sqsClient(), queueUrl: urlOf("wakes") }),
  take: async (now) => {
    time = now;
    const messages = await receiveAll("wakes");
    return messages.map(({ Body = "" }) => {
      const { entity, due, by } = wakeShape.parse(JSON.parse(Body));
      return { entity, due, by };
    });
  },
  deadLetters: sqsDeadLetters({ client: sqsClient(), queueUrl: urlOf(deadLetterNameOf("jobs")) }),
  letters: async () =>
    (await receiveAll(deadLetterNameOf("jobs"))).map(({ Body = "", MessageAttributes }) => ({
      body: Body,
      reason: MessageAttributes?.["reason"]?.StringValue ?? "",
      messageId: MessageAttributes?.["messageId"]?.StringValue ?? "",
    })),
});

describe.each([
  ["in memory", inMemory],
  ["on SQS", onSqs],
])("the queue %s", (_name, make) => {
  const wakeOf = (id: string, due: Instant | null): Wake => ({
    entity: { kind: "node", id },
    due,
    by: due === null ? "engine" : "timer",
  });
  const sent = (id: string, due: Instant | null): GroupedWake => ({ ...wakeOf(id, due), group: "blue" });

  test("a wake comes at once, a timer when it is due and not before, with the instant that it stands for", async () => {
    const { queue, take } = make();
    time = later(time, 10_000_000);
    const now = time;
    await queue.wake([sent("now", null), sent("soon", later(now, 5_500))], now);
    expect(await take(now)).toEqual([wakeOf("now", null)]);
    expect(await take(later(now, 5_400))).toEqual([]);
    expect(await take(later(now, 6_000))).toEqual([wakeOf("soon", later(now, 5_500))]);
  });

  test("a timer further ahead than SQS can delay is left to the watchdogs", async () => {
    const { queue, take } = make();
    time = later(time, 10_000_000);
    const now = time;
    await queue.wake([sent("far", later(now, 901_000)), sent("near", later(now, 900_000))], now);
    expect((await take(later(now, 2_000_000))).map(({ entity }) => entity.id)).toEqual(["near"]);
  });

  test("more wakes than one batch holds all come", async () => {
    const { queue, take } = make();
    time = later(time, 10_000_000);
    const now = time;
    await queue.wake(
      Array.from({ length: 25 }, (_, index) => sent(`many-${index}`, null)),
      now,
    );
    const taken = [...(await take(now)), ...(await take(now)), ...(await take(now))];
    expect(new Set(taken.map(({ entity }) => entity.id)).size).toBe(25);
  });

  test("a dead letter keeps the message as it came, and says which it was, and why", async () => {
    const { deadLetters, letters } = make();
    const letter = { body: '{"kind":"unknown"}', reason: "kind: Invalid input", messageId: "m-1" };
    await deadLetters.reject(letter);
    expect(await letters()).toEqual([letter]);
  });
});

test("on SQS, wakes are in groups, so that one lab does not make the others wait", async () => {
  const { queue } = onSqs();
  time = later(time, 10_000_000);
  const wakeIn = (group: string): GroupedWake => ({
    entity: { kind: "node", id: `node-of-${group}` },
    due: null,
    by: "engine",
    group,
  });
  await queue.wake([wakeIn("blue"), wakeIn("green")], time);
  const groups = (await receiveAll("wakes")).map(({ Body = "", Attributes }) => [
    wakeShape.parse(JSON.parse(Body)).entity.id,
    Attributes?.MessageGroupId,
  ]);
  expect(groups.toSorted()).toEqual([
    ["node-of-blue", "blue"],
    ["node-of-green", "green"],
  ]);
});

describe("dead letters on SQS", () => {
  test("characters that SQS refuses, and texts that are too long, do not lose a letter", async () => {
    const { deadLetters, letters } = onSqs();
    await deadLetters.reject({
      body: "\u0000\u0007bell\ud800",
      reason: "x\u0001".repeat(2000),
      messageId: "m-1",
    });
    await deadLetters.reject({ body: "", reason: "", messageId: "m-2" });
    const [first, second] = await letters();
    expect(first?.body).toContain("bell");
    expect(first?.reason.length).toBeGreaterThan(100);
    expect(second).toEqual({ body: "(empty)", reason: "(empty)", messageId: "m-2" });
  });
});

const aCommand = (index: number): Command =>
  commandShape.parse({
    id: branded(isCommandId, `job.${index}`),
    node: "node-01",
    lab: "blue",
    journal: "0123456789abcdef",
    epoch: 1,
    notAfter: time + 60_000,
    mustEnd: time + 120_000,
    actions: [{ verb: "power.status" }],
    target: { macs: spec.macs, power: { ...spec.power, domain: "d".repeat(100) } },
  });

interface Made {
  readonly hands: Hands;
  readonly delivered: () => string[][];
  /** The controller answers its latest delivery. */
  readonly answer: (receipt: Receipt) => Promise<void>;
}

const memory = (): Made => {
  const hands = memoryHands([controller]);
  return {
    hands,
    delivered: () => hands.deliveries.map(({ commands }) => commands.map(({ id }) => id)),
    answer: async (given) => {
      hands.answered.set(controller, [given]);
    },
  };
};
/** The controller's heartbeat. */
const register = (): Promise<Response> =>
  fetch(ssm.endpoint, {
    method: "POST",
    headers: { "x-amz-target": "AmazonSSM.UpdateInstanceInformation" },
    body: JSON.stringify({ InstanceId: controller, AgentVersion: "3.3.2746.0" }),
  });
/** What the SSM agent sends. */
const fromAgent = (target: string, body: object): Promise<Response> =>
  fetch(ssm.endpoint, {
    method: "POST",
    headers: { "x-amz-target": `EC2WindowsMessageDeliveryService.${target}` },
    body: JSON.stringify(body),
  });
const onSsm = (): Made => {
  const seen = openCommands(`${folder.path}/ssm`, () => time);
  const before = new Set(seen.list(null, controller).map(({ command }) => command));
  return {
    hands: ssmHands({ client: ssmClient(), documentName: ssmDocumentName, now: () => time }),
    answer: async (given) => {
      const [latest] = seen.list(null, controller);
      const MessageId = `aws.ssm.${latest?.command}.${controller}`;
      await fromAgent("AcknowledgeMessage", { MessageId });
      const step = { status: "Success", code: 0, name: "aws:runShellScript", output: "", standardError: "" };
      const Payload = JSON.stringify({
        documentStatus: "Success",
        runtimeStatus: { Run: { ...step, standardOutput: `${JSON.stringify(given)}\n` } },
      });
      const response = await fromAgent("SendReply", { MessageId, ReplyId: randomUUID(), Payload });
      expect(response.status, await response.text()).toBe(200);
    },
    delivered: () =>
      seen
        .list(null, controller)
        .filter(({ command }) => !before.has(command))
        .toReversed()
        .map(({ parameters }) => {
          const text = Buffer.from(parameters["Delivery"]?.[0] ?? "", "base64url").toString();
          return delivery.parse(JSON.parse(text)).commands.map((each) => commandShape.parse(each).id);
        }),
  };
};

describe.each([
  ["in memory", memory],
  ["by SSM", onSsm],
])("the hands %s", (_name, make) => {
  test("many commands of one controller travel in few deliveries, none is lost, their order is kept", async () => {
    const { hands, delivered } = make();
    const sent = await hands.send(
      controller,
      Array.from({ length: 120 }, (_, index) => aCommand(index)),
    );
    expect(sent.every((each) => each.sent)).toBe(true);
    expect(delivered().flat()).toEqual(Array.from({ length: 120 }, (_, index) => `job.${index}`));
    expect(delivered().length).toBeLessThanOrEqual(4);
    expect(delivered().every((part) => part.length <= 50)).toBe(true);
  });

  test("tells who has been heard of lately", async () => {
    const { hands } = make();
    await register();
    expect(await hands.present([controller, stranger])).toEqual(new Set([controller]));
    expect(await hands.present([])).toEqual(new Set());
  });

  test("tells what a controller has answered to its latest deliveries, whatever became of its reports", async () => {
    const { hands, answer } = make();
    await hands.send(controller, [aCommand(7)]);
    const given = receipt.parse({
      schema: "rackwright.receipt/1",
      journal: "0123456789abcdef",
      commands: [{ verdict: "refused", id: "job.7", reason: "superseded" }],
    });
    await answer(given);
    expect((await hands.answers(controller))[0]).toEqual(given);
    expect(await hands.answers(stranger)).toEqual([]);
  });

  test("a controller that is not there is a refusal, not an error", async () => {
    const { hands } = make();
    expect(await hands.send(stranger, [aCommand(0)])).toEqual([
      { sent: false, reason: "the lab controller is not registered or not online" },
    ]);
  });
});

describe("the hands by SSM", () => {
  test("a throttled call is told as not sent", async () => {
    ssm.faults.throttle = () => true;
    const { hands } = onSsm();
    expect(await hands.send(controller, [aCommand(1)])).toEqual([
      { sent: false, reason: "SSM throttles SendCommand" },
    ]);
    ssm.faults.throttle = () => false;
  });
});
