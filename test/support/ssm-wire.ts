/** The agent's side of the SSM server, spoken word by word: for what the stand-in agent does not say by itself. */
import { randomUUID } from "node:crypto";
import * as z from "zod";

export interface AgentSide {
  /** Says something as the agent does; answers with the status and what came back. */
  say(operation: string, body: string): Promise<{ status: number; body: unknown }>;
  register(): Promise<void>;
  /** The messages that one poll brings: it waits for the first, as the agent does. */
  poll(): Promise<string[]>;
  acknowledge(command: string): Promise<void>;
  reply(command: string, documentStatus: string, runtimeStatus: object | null): Promise<void>;
}

const answer = z.object({ Messages: z.array(z.object({ MessageId: z.string() })) });

export function agentSide(endpoint: () => string, instance: string): AgentSide {
  const say: AgentSide["say"] = async (operation, body) => {
    const target = operation.includes(".") ? operation : `EC2WindowsMessageDeliveryService.${operation}`;
    const response = await fetch(endpoint(), {
      method: "POST",
      headers: { "x-amz-target": target, "content-type": "application/x-amz-json-1.1" },
      body,
    });
    return { status: response.status, body: await response.json() };
  };
  const sayWell = async (operation: string, input: object): Promise<unknown> => {
    const { status, body } = await say(operation, JSON.stringify(input));
    if (status !== 200) throw new Error(`${operation}: ${status} ${JSON.stringify(body)}`);
    return body;
  };
  const messageId = (command: string) => `aws.ssm.${command}.${instance}`;
  return {
    say,
    register: async () => {
      await sayWell("AmazonSSM.UpdateInstanceInformation", {
        InstanceId: instance,
        AgentVersion: "3.3.0.0",
        AgentName: "amazon-ssm-agent",
        PlatformType: "Linux",
      });
    },
    poll: async () => {
      const input = {
        Destination: instance,
        MessagesRequestId: randomUUID(),
        VisibilityTimeoutInSeconds: 10,
      };
      return answer.parse(await sayWell("GetMessages", input)).Messages.map(({ MessageId }) => MessageId);
    },
    acknowledge: async (command) => {
      await sayWell("AcknowledgeMessage", { MessageId: messageId(command) });
    },
    reply: async (command, documentStatus, runtimeStatus) => {
      await sayWell("SendReply", {
        MessageId: messageId(command),
        ReplyId: randomUUID(),
        Payload: JSON.stringify({ documentStatus, documentTraceOutput: "", runtimeStatus }),
      });
    },
  };
}
