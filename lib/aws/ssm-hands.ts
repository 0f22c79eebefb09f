/**
 * The hands, by SSM Run Command. SendCommand has no client token: a call that is repeated is delivered twice, which the
 * agent's journal makes harmless. Delivery says nothing about what was done.
 */
import { InvalidInstanceId, SendCommandCommand, type SSMClient } from "@aws-sdk/client-ssm";
import { maximumDeliveryBytes } from "../contracts/command.ts";
import type { Command } from "../core/command.ts";
import type { Hands, Sent } from "../ports/hands.ts";

const mostCommands = 50;
/** SSM's bounds of TimeoutSeconds: after it, a command that has not begun is not delivered any more. */
const shortestTimeoutSeconds = 30;
const longestTimeoutSeconds = 2_592_000;

export interface SsmHandsSettings {
  readonly client: SSMClient;
  readonly documentName: string;
  readonly now: () => number;
}

export function ssmHands({ client, documentName, now }: SsmHandsSettings): Hands {
  async function deliver(controller: string, commands: readonly Command[]): Promise<Sent> {
    const last = Math.max(...commands.map(({ notAfter }) => notAfter));
    const seconds = Math.ceil((last - now()) / 1000);
    try {
      const { Command: accepted } = await client.send(
        new SendCommandCommand({
          DocumentName: documentName,
          InstanceIds: [controller],
          TimeoutSeconds: Math.min(longestTimeoutSeconds, Math.max(shortestTimeoutSeconds, seconds)),
          Comment: (commands[0]?.id ?? "").slice(0, 100),
          Parameters: { Delivery: [Buffer.from(jsonOf(commands)).toString("base64url")] },
        }),
      );
      return { sent: true, deliveryId: accepted?.CommandId ?? "" };
    } catch (error) {
      const reason = refusalOf(error);
      if (reason === null) throw error;
      return { sent: false, reason };
    }
  }
  return {
    send: async (controller, commands) => {
      const sent: Sent[] = [];
      // One after the other: what was decided first is delivered first.
      for (const part of split(commands)) sent.push(await deliver(controller, part));
      return sent;
    },
  };
}

const jsonOf = (commands: readonly Command[]): string =>
  JSON.stringify({ schema: "rackwright.delivery/1", commands });

/** As many together as fit: a rebuild of hundreds of nodes is a handful of calls. */
function split(commands: readonly Command[]): Command[][] {
  const parts: Command[][] = [];
  for (const command of commands) {
    const part = parts.at(-1);
    if (
      part !== undefined &&
      part.length < mostCommands &&
      Buffer.byteLength(jsonOf([...part, command])) <= maximumDeliveryBytes
    ) {
      part.push(command);
    } else {
      parts.push([command]);
    }
  }
  return parts;
}

/** Surely not delivered. Everything else that goes wrong may have been. */
function refusalOf(error: unknown): string | null {
  if (error instanceof InvalidInstanceId) return "the lab controller is not registered or not online";
  if (
    error instanceof Error &&
    (error.name === "ThrottlingException" || error.message.includes("Rate exceeded"))
  ) {
    return "SSM throttles SendCommand";
  }
  return null;
}
