/**
 * SQS, Run Command and EventBridge as far as the functions call them, in this process: what is sent is kept for whoever
 * drives the virtual time (bench/cost/cloud.ts). Nothing here waits or polls.
 */
import { createHash, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import * as z from "zod";
import { command, delivery } from "../../lib/contracts/command.ts";
import type { Command } from "../../lib/core/command.ts";
import { listenOn, readBody } from "../../lib/local/http.ts";

const batch = z.looseObject({
  QueueUrl: z.string(),
  Entries: z.array(
    z.looseObject({ Id: z.string(), MessageBody: z.string(), DelaySeconds: z.int().default(0) }),
  ),
});
const dead = z.looseObject({ QueueUrl: z.string(), MessageBody: z.string() });
const sendCommand = z.looseObject({
  InstanceIds: z.array(z.string()),
  Parameters: z.looseObject({ Delivery: z.array(z.string()) }),
});

export interface Services {
  readonly endpoint: string;
  stop(): Promise<void>;
}

export interface Heard {
  readonly wake: (body: string, delaySeconds: number) => void;
  /** A message that could never be carried out. */
  readonly rejected: (body: string) => void;
  readonly deliver: (controller: string, commands: readonly Command[]) => void;
}

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

export async function startServices({ wake, rejected, deliver }: Heard): Promise<Services> {
  const actions: Readonly<Record<string, (input: unknown) => unknown>> = {
    SendMessageBatch: (input) => {
      const { Entries } = batch.parse(input);
      for (const { MessageBody, DelaySeconds } of Entries) wake(MessageBody, DelaySeconds);
      const Successful = Entries.map(({ Id, MessageBody }) => ({
        Id,
        MessageId: randomUUID(),
        MD5OfMessageBody: md5(MessageBody),
      }));
      return { Successful, Failed: [] };
    },
    SendMessage: (input) => {
      const { MessageBody } = dead.parse(input);
      rejected(MessageBody);
      return { MessageId: randomUUID(), MD5OfMessageBody: md5(MessageBody) };
    },
    SendCommand: (input) => {
      const { InstanceIds, Parameters } = sendCommand.parse(input);
      const text = Buffer.from(Parameters.Delivery[0] ?? "", "base64url").toString();
      const commands = delivery.parse(JSON.parse(text)).commands.map((each) => command.parse(each));
      for (const controller of InstanceIds) deliver(controller, commands);
      return { Command: { CommandId: randomUUID() } };
    },
    PutEvents: (input) => {
      const { Entries } = z.looseObject({ Entries: z.array(z.unknown()) }).parse(input);
      return { FailedEntryCount: 0, Entries: Entries.map(() => ({ EventId: randomUUID() })) };
    },
    DescribeInstanceInformation: () => ({ InstanceInformationList: [] }),
  };
  const server = createServer((request, response) => {
    const name =
      String(request.headers["x-amz-target"] ?? "")
        .split(".")
        .at(-1) ?? "";
    readBody(request)
      .then((text) => {
        const action = actions[name];
        if (action === undefined) throw new Error(`bench/cost/services.ts has no ${name}`);
        const body = JSON.stringify(action(JSON.parse(text ?? "{}")));
        response.writeHead(200, { "content-type": "application/x-amz-json-1.0" }).end(body);
      })
      .catch((error: unknown) => {
        const body = JSON.stringify({ __type: "ValidationException", message: String(error) });
        response.writeHead(400, { "content-type": "application/x-amz-json-1.0" }).end(body);
      });
  });
  const port = await listenOn(server, 0);
  return {
    endpoint: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
