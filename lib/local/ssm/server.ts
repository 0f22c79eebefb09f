/**
 * SSM on one machine. One face is the SDK's (SendCommand and what belongs to it), the other the agent's: a controller polls
 * outward for messages and replies, nobody connects to it (R52, R54). Both speak AWS JSON 1.1.
 */
import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import * as z from "zod";
import { ssmDocument, ssmDocumentName } from "../../contracts/ssm-document.ts";
import { listenOn, readBody } from "../http.ts";
import { type Invocation, type InvocationStatus, openCommands } from "./commands.ts";

export interface SsmSettings {
  readonly port: number;
  readonly dataFile: string;
  readonly now?: () => number;
}

export interface SsmFaults {
  /** A message is delivered although it was acknowledged. */
  duplicate: () => boolean;
  /** An answer never arrives. */
  loseReply: () => boolean;
  throttle: () => boolean;
}

export interface SsmServer {
  readonly endpoint: string;
  readonly faults: SsmFaults;
  stop(): Promise<void>;
}

class SsmError extends Error {
  readonly type: string;
  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

const longPollMs = 20_000;
/** The service shows a machine that was not heard of for this long as ConnectionLost; the agent's heartbeat is 5 minutes. */
const lostAfterMs = 10 * 60_000;

const sendCommand = z.looseObject({
  InstanceIds: z
    .array(z.string().regex(/^(i-(\w{8}|\w{17})|mi-\w{17})$/))
    .min(1)
    .max(50),
  DocumentName: z.string(),
  Comment: z.string().max(100).optional(),
  Parameters: z.record(z.string(), z.array(z.string())).optional(),
  TimeoutSeconds: z.int().min(30).max(2_592_000).optional(),
});
const byCommand = z.looseObject({ CommandId: z.string(), InstanceId: z.string() });
const reply = z.looseObject({
  MessageId: z.string(),
  Payload: z.string(),
});
const replyPayload = z.looseObject({
  documentStatus: z.string(),
  runtimeStatus: z
    .record(
      z.string(),
      z.looseObject({
        status: z.string(),
        code: z.int(),
        standardOutput: z.string().optional(),
        standardError: z.string().optional(),
      }),
    )
    .nullish(),
  documentTraceOutput: z.string().optional(),
});

export async function startSsm({ port, dataFile, now = Date.now }: SsmSettings): Promise<SsmServer> {
  const commands = openCommands(dataFile, now);
  const faults: SsmFaults = { duplicate: () => false, loseReply: () => false, throttle: () => false };
  const waiting = new Map<string, Set<() => void>>();
  let stopped = false;

  const wake = (instance: string) => {
    for (const each of waiting.get(instance) ?? []) each();
  };
  const pause = (instance: string, ms: number) =>
    new Promise<void>((resolve) => {
      const set = waiting.get(instance) ?? new Set();
      waiting.set(instance, set);
      const done = () => {
        set.delete(done);
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(done, ms);
      set.add(done);
    });

  type Action = (input: unknown, gone: () => boolean) => unknown;
  const actions: Readonly<Record<string, Action>> = {
    // -- the SDK's side --
    SendCommand: (input) => {
      if (faults.throttle()) throw new SsmError("ThrottlingException", "Rate exceeded");
      const {
        InstanceIds,
        DocumentName,
        Comment = "",
        Parameters = {},
        TimeoutSeconds = 3600,
      } = sendCommand.parse(input);
      if (DocumentName !== ssmDocumentName)
        throw new SsmError("InvalidDocument", `Document with name ${DocumentName} does not exist.`);
      const refused = refusedParameter(Parameters);
      if (refused !== null) throw new SsmError("InvalidParameters", refused);
      for (const instance of InstanceIds) {
        if (commands.machine(instance) === null)
          throw new SsmError(
            "InvalidInstanceId",
            `Instances [[${instance}]] not in a valid state for account 000000000000`,
          );
      }
      const id = commands.send({
        instances: InstanceIds,
        document: DocumentName,
        comment: Comment,
        parameters: Parameters,
        timeoutSeconds: TimeoutSeconds,
      });
      for (const instance of InstanceIds) wake(instance);
      return {
        Command: {
          CommandId: id,
          DocumentName,
          Comment,
          InstanceIds,
          Status: "Pending",
          StatusDetails: "Pending",
          RequestedDateTime: now() / 1000,
          ExpiresAfter: now() / 1000 + TimeoutSeconds,
          TargetCount: InstanceIds.length,
          CompletedCount: 0,
          ErrorCount: 0,
        },
      };
    },
    GetCommandInvocation: (input) => {
      const { CommandId, InstanceId } = byCommand.parse(input);
      const invocation = commands.find(CommandId, InstanceId);
      if (invocation === null) throw new SsmError("InvocationDoesNotExist", "");
      return {
        CommandId,
        InstanceId,
        DocumentName: invocation.document,
        Comment: invocation.comment,
        PluginName: "Run",
        ResponseCode: invocation.code,
        Status: invocation.status,
        StatusDetails: invocation.details,
        StandardOutputContent: invocation.stdout,
        StandardErrorContent: invocation.stderr,
      };
    },
    ListCommandInvocations: (input) => {
      const { CommandId = null, InstanceId = null } = byCommand.partial().parse(input);
      return { CommandInvocations: commands.list(CommandId, InstanceId).map(listed) };
    },
    CancelCommand: (input) => {
      commands.cancel(z.looseObject({ CommandId: z.string() }).parse(input).CommandId);
      return {};
    },
    DescribeInstanceInformation: () => ({
      InstanceInformationList: commands.machines().map(({ instance, agentVersion, seenAt }) => ({
        InstanceId: instance,
        PingStatus: now() - seenAt < lostAfterMs ? "Online" : "ConnectionLost",
        LastPingDateTime: seenAt / 1000,
        AgentVersion: agentVersion,
        PlatformType: "Linux",
        ResourceType: "ManagedInstance",
      })),
    }),

    // -- the agent's side --
    UpdateInstanceInformation: (input) => {
      const { InstanceId, AgentVersion } = z
        .looseObject({ InstanceId: z.string(), AgentVersion: z.string() })
        .parse(input);
      commands.seen(InstanceId, AgentVersion);
      return {};
    },
    ListInstanceAssociations: () => ({ Associations: [] }),
    GetMessages: async (input, gone) => {
      const { Destination, MessagesRequestId } = z
        .looseObject({ Destination: z.string(), MessagesRequestId: z.string() })
        .parse(input);
      commands.seen(Destination);
      const deadline = now() + longPollMs;
      while (!gone() && !stopped) {
        const due = commands.deliver(Destination, 5);
        if (due.length > 0 || now() >= deadline) {
          return { Destination, MessagesRequestId, Messages: due.map((each) => messageOf(each)) };
        }
        // Woken by SendCommand; looks now and then for what was not acknowledged.
        await pause(Destination, Math.min(1000, Math.max(1, deadline - now())));
      }
      return { Destination, MessagesRequestId, Messages: [] };
    },
    AcknowledgeMessage: (input) => {
      const { command, instance } = addressOf(input);
      if (!faults.duplicate()) commands.acknowledge(command, instance);
      return {};
    },
    FailMessage: (input) => {
      const { command, instance } = addressOf(input);
      commands.reply(command, instance, "Failed", "Failed", -1, "", "the agent failed the message");
      return {};
    },
    DeleteMessage: () => ({}),
    SendReply: (input) => {
      const { command, instance } = addressOf(input);
      if (faults.loseReply()) return {};
      const payload = replyPayload.parse(JSON.parse(reply.parse(input).Payload));
      const status = finalStatus(payload.documentStatus);
      if (status === null) return {};
      const known = commands.find(command, instance);
      const steps = Object.values(payload.runtimeStatus ?? {});
      const stdout = steps.map(({ standardOutput = "" }) => standardOutput).join("");
      const stderr = steps.map(({ standardError = "" }) => standardError).join("");
      const code = steps.find((step) => step.code !== 0)?.code ?? 0;
      // The agent's last reply tells the document's end without the steps: what they said before is kept.
      const told = steps.length > 0;
      commands.reply(
        command,
        instance,
        status,
        status === "TimedOut" ? "Execution Timed Out" : status,
        told ? code : (known?.code ?? code),
        told ? stdout : (known?.stdout ?? ""),
        told ? stderr : (known?.stderr ?? payload.documentTraceOutput ?? ""),
      );
      return {};
    },
  };

  async function answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    const target = String(request.headers["x-amz-target"] ?? "");
    const action = actions[target.split(".").at(-1) ?? ""];
    try {
      if (action === undefined)
        throw new SsmError("UnknownOperationException", `this server has no ${target}`);
      const text = (await readBody(request)) ?? "";
      return {
        status: 200,
        body: await action(text === "" ? {} : JSON.parse(text), () => request.socket.destroyed),
      };
    } catch (error) {
      if (error instanceof SsmError)
        return { status: 400, body: { __type: error.type, message: error.message } };
      if (error instanceof z.ZodError || error instanceof SyntaxError) {
        return { status: 400, body: { __type: "ValidationException", message: error.message } };
      }
      throw error;
    }
  }

  const server = createServer((request, response) => {
    answer(request)
      .catch((error: unknown) => ({
        status: 500,
        body: { __type: "InternalServerError", message: String(error) },
      }))
      .then(({ status, body }) => {
        response.writeHead(status, { "content-type": "application/x-amz-json-1.1" });
        response.end(JSON.stringify(body));
      })
      .catch((error: unknown) => response.destroy(error instanceof Error ? error : new Error(String(error))));
  });
  const bound = await listenOn(server, port);
  return {
    endpoint: `http://127.0.0.1:${bound}`,
    faults,
    stop: async () => {
      stopped = true;
      for (const instance of waiting.keys()) wake(instance);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      commands.close();
    },
  };
}

function refusedParameter(parameters: Record<string, string[]>): string | null {
  for (const name of Object.keys(parameters)) {
    if (!(name in ssmDocument.parameters)) return `Parameter "${name}" is not defined in the document`;
  }
  const pattern = new RegExp(ssmDocument.parameters.Delivery.allowedPattern);
  const values = parameters["Delivery"] ?? [];
  return values.length === 1 && values.every((value) => pattern.test(value))
    ? null
    : `Parameter "Delivery" does not match ${pattern.source}`;
}

/** As the service words it on the ec2messages path (recorded from the genuine agent: ssm-agent-wire.log). */
const messageOf = (invocation: Invocation) => {
  const payload = JSON.stringify({
    Parameters: invocation.parameters,
    DocumentContent: ssmDocument,
    CommandId: invocation.command,
    DocumentName: invocation.document,
    OutputS3KeyPrefix: "",
    OutputS3BucketName: "",
    CloudWatchLogGroupName: "",
    CloudWatchOutputEnabled: "false",
  });
  return {
    CreatedDate: new Date(invocation.requestedAt).toISOString(),
    Destination: invocation.instance,
    MessageId: `aws.ssm.${invocation.command}.${invocation.instance}`,
    Payload: payload,
    PayloadDigest: createHash("sha256").update(payload).digest("hex"),
    Topic: `aws.ssm.sendCommand.${randomUUID()}`,
  };
};

function addressOf(input: unknown): { command: string; instance: string } {
  const { MessageId } = z.looseObject({ MessageId: z.string() }).parse(input);
  const [, command, instance] = /^aws\.ssm\.([0-9a-f-]{36})\.(\S+)$/.exec(MessageId) ?? [];
  if (command === undefined || instance === undefined)
    throw new SsmError("ValidationException", `not a message of ours: ${MessageId}`);
  return { command, instance };
}

/** A reply that tells of progress is no answer yet. */
function finalStatus(status: string): InvocationStatus | null {
  switch (status) {
    case "Success":
    case "Failed":
    case "TimedOut":
    case "Cancelled":
      return status;
    default:
      return null;
  }
}

const listed = (invocation: Invocation) => ({
  CommandId: invocation.command,
  InstanceId: invocation.instance,
  DocumentName: invocation.document,
  Comment: invocation.comment,
  Status: invocation.status,
  StatusDetails: invocation.details,
  RequestedDateTime: invocation.requestedAt / 1000,
});
