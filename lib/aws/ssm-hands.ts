/**
 * The hands, by SSM Run Command. SendCommand has no client token: a call that is repeated is delivered twice, which the
 * agent's journal makes harmless. Delivery says nothing about what was done.
 */
import {
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  InvalidInstanceId,
  InvocationDoesNotExist,
  ListCommandInvocationsCommand,
  SendCommandCommand,
  type SSMClient,
} from "@aws-sdk/client-ssm";
import { type Receipt, receipt } from "../contracts/command.ts";
import { explain } from "../contracts/scalars.ts";
import { readTolerantly } from "../contracts/tolerant.ts";
import type { Command } from "../core/command.ts";
import type { ControllerId } from "../core/ids.ts";
import type { Hands, Sent } from "../ports/hands.ts";
import { packed } from "./deliveries.ts";

/** SSM's bounds of TimeoutSeconds: after it, a command that has not begun is not delivered any more. */
const shortestTimeoutSeconds = 30;
const longestTimeoutSeconds = 2_592_000;
const longestComment = 100;
const mostInFilter = 50;
/** SSM lists the newest first; older ones have been asked for again since. */
const mostInvocations = 25;
const mostAnswers = 10;

export interface SsmHandsSettings {
  readonly client: SSMClient;
  readonly documentName: string;
  readonly now: () => number;
}

/** What SSM knows of a delivery. The commands in it have a life of their own: the agent reports on those. */
export type DeliveryStatus =
  /** On its way, or in the agent's hands. */
  | { readonly status: "waiting" }
  /** The agent has it, and said of each command whether it takes it. */
  | { readonly status: "answered"; readonly receipt: Receipt }
  /** Refused before any delivery: surely nothing was touched. */
  | { readonly status: "not-run"; readonly reason: string }
  /** It may have run. Only an observation tells. */
  | { readonly status: "unknown"; readonly reason: string };

export interface SsmHands extends Hands {
  deliveryStatus(deliveryId: string, controller: ControllerId): Promise<DeliveryStatus>;
}

export function ssmHands({ client, documentName, now }: SsmHandsSettings): SsmHands {
  async function deliver(controller: string, commands: readonly Command[], json: string): Promise<Sent> {
    const last = Math.max(...commands.map(({ notAfter }) => notAfter));
    const seconds = Math.ceil((last - now()) / 1000);
    try {
      const { Command: accepted } = await client.send(
        new SendCommandCommand({
          DocumentName: documentName,
          InstanceIds: [controller],
          TimeoutSeconds: Math.min(longestTimeoutSeconds, Math.max(shortestTimeoutSeconds, seconds)),
          Comment: (commands[0]?.id ?? "").slice(0, longestComment),
          Parameters: { Delivery: [Buffer.from(json).toString("base64url")] },
        }),
      );
      if (accepted?.CommandId === undefined)
        throw new Error(`SSM took a delivery for ${controller} and did not say under which id`);
      return { sent: true, deliveryId: accepted.CommandId };
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
      for (const part of packed(commands)) {
        sent.push(
          part.fits
            ? await deliver(controller, part.commands, part.json)
            : { sent: false, reason: part.reason },
        );
      }
      return sent;
    },
    present: async (controllers) => {
      const online = new Set<string>();
      for (let from = 0; from < controllers.length; from += mostInFilter) {
        const { InstanceInformationList = [] } = await client.send(
          new DescribeInstanceInformationCommand({
            Filters: [{ Key: "InstanceIds", Values: controllers.slice(from, from + mostInFilter) }],
            MaxResults: mostInFilter,
          }),
        );
        for (const { InstanceId, PingStatus } of InstanceInformationList)
          if (InstanceId !== undefined && PingStatus === "Online") online.add(InstanceId);
      }
      return new Set(controllers.filter((each) => online.has(each)));
    },
    answers: async (controller) => {
      const { CommandInvocations = [] } = await client.send(
        new ListCommandInvocationsCommand({ InstanceId: controller, MaxResults: mostInvocations }),
      );
      const ended = CommandInvocations.filter(
        ({ DocumentName, Status }) => DocumentName === documentName && Status === "Success",
      );
      const receipts: Receipt[] = [];
      for (const { CommandId = "" } of ended.slice(0, mostAnswers)) {
        const known = await deliveryStatus(CommandId, controller);
        if (known.status === "answered") receipts.push(known.receipt);
      }
      return receipts;
    },
    deliveryStatus,
  };

  async function deliveryStatus(deliveryId: string, controller: ControllerId): Promise<DeliveryStatus> {
    try {
      const {
        StatusDetails = "no status",
        StandardOutputContent = "",
        StandardErrorContent = "",
      } = await client.send(
        new GetCommandInvocationCommand({ CommandId: deliveryId, InstanceId: controller }),
      );
      return statusOf(StatusDetails, StandardOutputContent, StandardErrorContent);
    } catch (error) {
      // The API is eventually consistent: what was sent a moment ago may not be found yet.
      if (error instanceof InvocationDoesNotExist)
        return { status: "unknown", reason: `SSM does not know delivery ${deliveryId} to ${controller}` };
      throw error;
    }
  }
}

/**
 * By SSM's own words (AWS Systems Manager User Guide, “Understanding command statuses”). “Delivery Timed Out” is also what
 * a delivery becomes that ran and whose answer was lost, and a command that is cancelled may go on: both are unknown.
 */
function statusOf(details: string, output: string, errors: string): DeliveryStatus {
  switch (details) {
    case "Pending":
    case "In Progress":
    case "InProgress":
    case "Delayed":
    case "Cancelling":
      return { status: "waiting" };
    case "Success":
      return answerIn(output);
    case "Access Denied":
    case "AccessDenied":
    case "Invalid Platform":
    case "InvalidPlatform":
      return { status: "not-run", reason: `SSM says: ${details}` };
    default: {
      const told = [output, errors].map((text) => text.trim()).filter((text) => text !== "");
      return { status: "unknown", reason: [`SSM says: ${details}`, ...told].join("; ") };
    }
  }
}

/** `rackwright-agent run` prints one line. */
function answerIn(output: string): DeliveryStatus {
  let said: unknown;
  try {
    said = JSON.parse(output);
  } catch {
    return { status: "unknown", reason: `the agent's answer is not JSON: ${output.slice(0, 200)}` };
  }
  const parsed = readTolerantly(receipt, said);
  return parsed.success
    ? { status: "answered", receipt: parsed.data }
    : { status: "unknown", reason: `the agent's answer is not a receipt: ${explain(parsed.error)}` };
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
