/**
 * Stands in for amazon-ssm-agent on a lab controller: polls outward, keeps on disk which commands it has taken, runs the
 * document's shell steps, replies. A command that is delivered twice is run once; one that was running when the controller
 * died is never run again, and told as failed (aws.md §1.3).
 */
import { randomUUID } from "node:crypto";
import { failedUnexpectedly, refusalOf, runDocument } from "./run-document.ts";
import { type Current, openTaken } from "./taken.ts";
import {
  addressOf,
  messagesAnswer,
  type ReplyPayload,
  type ResultStatus,
  type SendCommandPayload,
  sendCommandPayload,
} from "./wire.ts";

export interface ControllerSettings {
  readonly endpoint: string;
  readonly controller: string;
  readonly stateDir: string;
  readonly log: (message: string) => void;
}

const version = "3.3.2746.0";
const mostAtOnce = 5;
const heartbeatMs = 5 * 60_000;
const shortestPauseMs = 200;
const longestPauseMs = 5_000;

/** How far a document is, and what is to be told of its steps now: of none yet (null), of some, or of none any more. */
type Told = Pick<ReplyPayload, "documentStatus" | "runtimeStatus"> & { documentTraceOutput?: string };

export function runController(
  { endpoint, controller, stateDir, log }: ControllerSettings,
  stop: AbortSignal,
): Promise<void> {
  const taken = openTaken(stateDir);
  const running = new Set<Promise<void>>();

  async function call(target: string, input: unknown): Promise<unknown> {
    const response = await fetch(endpoint, {
      method: "POST",
      headers: {
        "x-amz-target": target,
        "content-type": "application/x-amz-json-1.1",
        authorization: `AWS4-HMAC-SHA256 Credential=${controller}/local`,
      },
      body: JSON.stringify(input),
      signal: AbortSignal.any([stop, AbortSignal.timeout(30_000)]),
    });
    if (!response.ok) throw new Error(`${target}: ${response.status} ${await response.text()}`);
    return response.json();
  }
  const mds = (action: string, input: unknown) => call(`EC2WindowsMessageDeliveryService.${action}`, input);

  async function handle(id: string, topic: string, text: string): Promise<void> {
    const parsed = sendCommandPayload.safeParse(JSON.parse(text));
    if (!topic.startsWith("aws.ssm.sendCommand.") || !parsed.success) {
      await mds("FailMessage", { MessageId: id, FailureType: "InternalHandlerException" });
      return;
    }
    const refusal = refusalOf(parsed.data);
    if (refusal !== null) {
      await reply(id, { documentStatus: "Failed", documentTraceOutput: refusal, runtimeStatus: null });
      return;
    }
    const { CommandId, DocumentContent } = parsed.data;
    const state: Current = {
      messageId: id,
      firstStep: DocumentContent.mainSteps[0]?.name ?? "",
      results: {},
      status: null,
    };
    const isNew = taken.take(CommandId, state);
    if (!isNew) log(`${CommandId} is known already: not run again`);
    const announced = announce(id);
    await Promise.all([announced, isNew ? carryOut(parsed.data, state, announced) : null]);
  }

  /** When the acknowledgement is lost the message comes again, and is acknowledged then. */
  async function announce(id: string): Promise<void> {
    await reply(id, { documentStatus: "InProgress", runtimeStatus: null });
    await mds("AcknowledgeMessage", { MessageId: id }).catch((error: unknown) => log(String(error)));
  }

  async function carryOut(
    payload: SendCommandPayload,
    state: Current,
    announced: Promise<void>,
  ): Promise<void> {
    // One after the other, so that the document's end is told last; the steps do not wait for them.
    let replies = announced;
    const status = await runDocument(payload, (name, result) => {
      state.results[name] = result;
      taken.keep(payload.CommandId, state);
      replies = replies.then(async () => {
        await reply(state.messageId, { documentStatus: "InProgress", runtimeStatus: { [name]: result } });
      });
    });
    taken.keep(payload.CommandId, { ...state, status });
    await replies;
    await tellEnd(payload.CommandId, { ...state, status });
  }

  async function tellEnd(command: string, { messageId, results, status }: Current): Promise<void> {
    const runtimeStatus = Object.keys(results).length > 1 ? {} : results;
    const told = await reply(messageId, { documentStatus: status ?? "Failed", runtimeStatus });
    if (told) taken.answered(command);
  }

  /** What was going on when the controller went away: told as it ended, or as failed if nobody knows how it ended. */
  async function tellOfBefore(command: string, state: Current): Promise<void> {
    if (state.status === null) {
      const results = { [state.firstStep]: failedUnexpectedly() };
      await tellEnd(command, { ...state, results, status: "Failed" });
      return;
    }
    for (const [name, result] of Object.entries(state.results))
      await reply(state.messageId, { documentStatus: "InProgress", runtimeStatus: { [name]: result } });
    await tellEnd(command, state);
  }

  /**
   * A reply that cannot be sent is sent later: an answer may come long after the service has stopped waiting for it.
   * False when the controller was stopped before.
   */
  async function reply(id: string, { documentTraceOutput = "", ...told }: Told): Promise<boolean> {
    const payload: ReplyPayload = {
      additionalInfo: {
        agent: { lang: "en-US", name: "amazon-ssm-agent", os: "linux", osver: "1", ver: version },
        dateTime: new Date().toISOString(),
        runId: "",
        runtimeStatusCounts: countsOf(told.runtimeStatus),
        ableToOpenMGSConnection: false,
      },
      ...told,
      documentTraceOutput,
    };
    const body = { MessageId: id, ReplyId: randomUUID(), Payload: JSON.stringify(payload) };
    for (let wait = shortestPauseMs; !stop.aborted; wait = Math.min(longestPauseMs, 2 * wait)) {
      try {
        await mds("SendReply", body);
        return true;
      } catch (error) {
        log(`reply about ${addressOf(id).command} not sent yet: ${String(error)}`);
        await pause(wait, stop);
      }
    }
    return false;
  }

  function start(what: string, work: Promise<void>): void {
    const watched = work
      .catch((error: unknown) => log(`${what}: ${String(error)}`))
      .finally(() => running.delete(watched));
    running.add(watched);
  }

  async function poll(): Promise<void> {
    let seenAt = 0;
    let wait = shortestPauseMs;
    for (const [command, state] of taken.unanswered()) start(command, tellOfBefore(command, state));
    while (!stop.aborted) {
      try {
        if (Date.now() - seenAt > heartbeatMs) {
          await call("AmazonSSM.UpdateInstanceInformation", {
            InstanceId: controller,
            AgentName: "amazon-ssm-agent",
            AgentVersion: version,
            AgentStatus: "Active",
            PlatformType: "Linux",
            SSMConnectionChannel: "ec2messages",
          });
          seenAt = Date.now();
        }
        const answer = await mds("GetMessages", {
          Destination: controller,
          MessagesRequestId: randomUUID(),
          VisibilityTimeoutInSeconds: 10,
        });
        wait = shortestPauseMs;
        for (const { MessageId, Topic, Payload } of messagesAnswer.parse(answer).Messages)
          start(MessageId, handle(MessageId, Topic, Payload));
        while (running.size >= mostAtOnce) await Promise.race(running);
      } catch (error) {
        if (stop.aborted) break;
        seenAt = 0;
        log(`no contact: ${String(error)}`);
        await pause(wait * (0.5 + Math.random()), stop);
        wait = Math.min(longestPauseMs, 2 * wait);
      }
    }
    await Promise.all(running);
  }
  return poll();
}

function countsOf(
  runtimeStatus: ReplyPayload["runtimeStatus"],
): Partial<Record<ResultStatus, number>> | null {
  if (runtimeStatus === null) return null;
  const counts: Partial<Record<ResultStatus, number>> = {};
  for (const { status } of Object.values(runtimeStatus)) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

const pause = (ms: number, stop: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    const wake = () => {
      clearTimeout(timer);
      resolve();
    };
    stop.addEventListener("abort", wake, { once: true });
  });
