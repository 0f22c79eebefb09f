/** The agent's side of SSM: a controller polls outward for messages and replies; nobody connects to it (R52, R54). */
import { createHash, randomUUID } from "node:crypto";
import { ssmDocument } from "../../contracts/ssm-document.ts";
import type { Actions, SsmFaults } from "./actions.ts";
import type { Commands, Ending, Invocation } from "./commands.ts";
import type { Waiters } from "./waiters.ts";
import {
  aboutMessage,
  addressOf,
  associationsRequest,
  failedMessage,
  messagesRequest,
  registration,
  replyPayload,
  replyRequest,
} from "./wire.ts";

const longPollMs = 20_000;
const mostMessages = 5;

export interface AgentFaceSettings {
  readonly commands: Commands;
  readonly faults: SsmFaults;
  readonly waiters: Waiters;
  readonly now: () => number;
}

export interface AgentFace {
  readonly actions: Actions;
  releaseReplies(): void;
}

export function agentFace({ commands, faults, waiters, now }: AgentFaceSettings): AgentFace {
  const held: (() => void)[] = [];

  function takeReply(messageId: string, text: string): void {
    const { command, instance } = addressOf(messageId);
    const payload = replyPayload.parse(JSON.parse(text));
    const steps = Object.entries(payload.runtimeStatus ?? {}).map(([name, told]) => ({ name, told }));
    commands.tell(command, instance, steps, endingOf(payload), faults.ignoreLate());
  }

  return {
    releaseReplies: () => {
      for (const take of held.splice(0)) take();
    },
    actions: {
      UpdateInstanceInformation: (input) => {
        commands.register(registration.parse(input));
        return {};
      },
      /** State Manager has nothing for a controller of ours. */
      ListInstanceAssociations: (input) => {
        associationsRequest.parse(input);
        return { Associations: [] };
      },
      GetMessages: async (input, gone) => {
        const { Destination, MessagesRequestId, VisibilityTimeoutInSeconds } = messagesRequest.parse(input);
        commands.seen(Destination);
        const deadline = now() + longPollMs;
        while (!gone() && !waiters.stopped) {
          const due = commands.deliver(Destination, mostMessages, VisibilityTimeoutInSeconds * 1000);
          if (due.length > 0 || now() >= deadline)
            return { Destination, MessagesRequestId, Messages: due.map(messageOf) };
          // Woken by SendCommand; looks now and then for what was not acknowledged.
          await waiters.pause(Destination, Math.min(1000, Math.max(1, deadline - now())));
        }
        return { Destination, MessagesRequestId, Messages: [] };
      },
      AcknowledgeMessage: (input) => {
        const { command, instance } = addressOf(aboutMessage.parse(input).MessageId);
        commands.acknowledge(command, instance, faults.duplicate());
        return {};
      },
      FailMessage: (input) => {
        const { MessageId, FailureType } = failedMessage.parse(input);
        const { command, instance } = addressOf(MessageId);
        const trace = `the agent failed the message: ${FailureType}`;
        commands.tell(
          command,
          instance,
          [],
          { status: "Failed", details: "Failed", trace },
          faults.ignoreLate(),
        );
        return {};
      },
      /** The agent has no more use for it. */
      DeleteMessage: (input) => {
        const { command, instance } = addressOf(aboutMessage.parse(input).MessageId);
        commands.acknowledge(command, instance, false);
        return {};
      },
      SendReply: (input) => {
        const { MessageId, Payload } = replyRequest.parse(input);
        // Refused when it is not understood, lost or held or not.
        replyPayload.parse(JSON.parse(Payload));
        if (faults.loseReply()) return {};
        if (faults.holdReply()) held.push(() => takeReply(MessageId, Payload));
        else takeReply(MessageId, Payload);
        return {};
      },
    },
  };
}

/** A reply that tells of progress is no answer yet; a document that wants a reboot goes on after it. */
function endingOf(payload: { documentStatus: string; documentTraceOutput: string }): Ending | null {
  const trace = payload.documentTraceOutput;
  switch (payload.documentStatus) {
    case "Success":
    case "Failed":
    case "Cancelled":
      return { status: payload.documentStatus, details: payload.documentStatus, trace };
    case "TimedOut":
      return { status: "TimedOut", details: "Execution Timed Out", trace };
    // A document all of whose steps were skipped has not failed.
    case "Skipped":
      return { status: "Success", details: "Success", trace };
    default:
      return null;
  }
}

/** As the service words it. The agent pastes a list into a script as JSON: what is a String must travel as a string. */
function messageOf(invocation: Invocation) {
  const types: Readonly<Record<string, { readonly type: string }>> = ssmDocument.parameters;
  const parameters = Object.entries(invocation.parameters).map(([name, values]) => [
    name,
    types[name]?.type === "String" ? (values[0] ?? "") : values,
  ]);
  const payload = JSON.stringify({
    Parameters: Object.fromEntries(parameters),
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
}
