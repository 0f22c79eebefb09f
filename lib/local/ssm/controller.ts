/**
 * Stands in for amazon-ssm-agent on a lab controller: polls outward, keeps on disk which commands it has taken, runs the
 * document's shell step, replies. A command that is delivered twice is run once (aws.md §1.3).
 */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";

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

const messages = z.looseObject({
  Messages: z.array(z.looseObject({ MessageId: z.string(), Payload: z.string() })).default([]),
});
const payload = z.looseObject({
  CommandId: z.string().regex(/^[0-9a-f-]{36}$/),
  Parameters: z.record(z.string(), z.array(z.string())),
  DocumentContent: z.looseObject({
    parameters: z.record(z.string(), z.looseObject({ allowedPattern: z.string().optional() })),
    mainSteps: z.array(
      z.looseObject({
        name: z.string(),
        inputs: z.looseObject({
          runCommand: z.array(z.string()),
          timeoutSeconds: z.string().default("3600"),
        }),
      }),
    ),
  }),
});
type Payload = z.infer<typeof payload>;

interface StepResult {
  readonly status: "Success" | "Failed" | "TimedOut";
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function runController(
  { endpoint, controller, stateDir, log }: ControllerSettings,
  stop: AbortSignal,
): Promise<void> {
  const taken = join(stateDir, "idempotency");
  mkdirSync(taken, { recursive: true });
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

  async function handle(id: string, text: string): Promise<void> {
    const parsed = payload.safeParse(JSON.parse(text));
    if (!parsed.success) {
      await mds("FailMessage", { MessageId: id, FailureType: "InternalHandlerException" });
      return;
    }
    const mark = join(taken, parsed.data.CommandId);
    const known = existsSync(mark);
    writeFileSync(mark, "");
    await mds("AcknowledgeMessage", { MessageId: id });
    if (known) return log(`${parsed.data.CommandId} is known already: not run again`);
    const results = await runDocument(parsed.data);
    const failed = Object.values(results).find(({ status }) => status !== "Success");
    await replyPatiently(id, failed?.status ?? "Success", results);
  }

  /** A reply that cannot be sent is sent later: an answer may come long after the service has stopped waiting for it. */
  async function replyPatiently(
    id: string,
    status: string,
    results: Record<string, StepResult>,
  ): Promise<void> {
    const runtimeStatus = Object.fromEntries(
      Object.entries(results).map(([name, each]) => [
        name,
        {
          name: "aws:runShellScript",
          status: each.status,
          code: each.code,
          standardOutput: each.stdout,
          standardError: each.stderr,
        },
      ]),
    );
    const body = {
      MessageId: id,
      ReplyId: randomUUID(),
      Payload: JSON.stringify({ documentStatus: status, runtimeStatus }),
    };
    for (let wait = shortestPauseMs; !stop.aborted; wait = Math.min(longestPauseMs, 2 * wait)) {
      try {
        await mds("SendReply", body);
        return;
      } catch (error) {
        log(`reply not sent yet: ${String(error)}`);
        await pause(wait, stop);
      }
    }
  }

  async function poll(): Promise<void> {
    let seenAt = 0;
    let wait = shortestPauseMs;
    while (!stop.aborted) {
      try {
        if (Date.now() - seenAt > heartbeatMs) {
          await call("AmazonSSM.UpdateInstanceInformation", {
            InstanceId: controller,
            AgentName: "amazon-ssm-agent",
            AgentVersion: version,
            AgentStatus: "Active",
            PlatformType: "Linux",
          });
          seenAt = Date.now();
        }
        const answer = await mds("GetMessages", {
          Destination: controller,
          MessagesRequestId: randomUUID(),
          VisibilityTimeoutInSeconds: 10,
        });
        wait = shortestPauseMs;
        for (const { MessageId, Payload } of messages.parse(answer).Messages) {
          const work = handle(MessageId, Payload)
            .catch((error: unknown) => log(`${MessageId}: ${String(error)}`))
            .finally(() => running.delete(work));
          running.add(work);
        }
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

const pause = (ms: number, stop: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    const wake = () => {
      clearTimeout(timer);
      resolve();
    };
    stop.addEventListener("abort", wake, { once: true });
  });

async function runDocument({
  CommandId,
  Parameters,
  DocumentContent,
}: Payload): Promise<Record<string, StepResult>> {
  const results: Record<string, StepResult> = {};
  for (const { name, inputs } of DocumentContent.mainSteps) {
    const refused = Object.entries(Parameters).find(
      ([key, values]) =>
        !values.every((value) =>
          new RegExp(DocumentContent.parameters[key]?.allowedPattern ?? "^$").test(value),
        ),
    );
    if (refused !== undefined) {
      results[name] = {
        status: "Failed",
        code: 1,
        stdout: "",
        stderr: `parameter ${refused[0]} does not match its allowed pattern`,
      };
      return results;
    }
    const script = inputs.runCommand
      .join("\n")
      .replaceAll(/\{\{ *(\w+) *\}\}/g, (_, key: string) => Parameters[key]?.join(",") ?? "");
    const result = await runScript(script, CommandId, Number(inputs.timeoutSeconds) * 1000);
    results[name] = result;
    if (result.status !== "Success") return results;
  }
  return results;
}

const mostOutput = 24_000;

function runScript(script: string, command: string, timeoutMs: number): Promise<StepResult> {
  return new Promise((resolve) => {
    const child = spawn("/bin/sh", ["-c", script], {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, SSM_COMMAND_ID: command },
    });
    let [stdout, stderr, late] = ["", "", false];
    child.stdout.on("data", (chunk) => {
      stdout = `${stdout}${chunk}`.slice(0, mostOutput);
    });
    child.stderr.on("data", (chunk) => {
      stderr = `${stderr}${chunk}`.slice(0, mostOutput);
    });
    const timer = setTimeout(() => {
      late = true;
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }, timeoutMs);
    const finish = (status: StepResult["status"], code: number) => {
      clearTimeout(timer);
      resolve({ status, code, stdout, stderr });
    };
    child.once("error", (error) => {
      stderr += String(error);
      finish("Failed", 127);
    });
    child.once("close", (code) =>
      finish(late ? "TimedOut" : code === 0 ? "Success" : "Failed", late ? 137 : (code ?? 1)),
    );
  });
}
