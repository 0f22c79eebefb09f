/**
 * SSM on one machine. One face is the SDK's (sdk-face.ts), the other the agent's (agent-face.ts), both AWS JSON 1.1 on one
 * port. Good enough for the genuine amazon-ssm-agent: what that one was recorded to say is replayed in the tests.
 */
import { createServer, type IncomingMessage } from "node:http";
import * as z from "zod";
import { closeNow, listenOn, readBody } from "../http.ts";
import { type Actions, noFaults, SsmError, type SsmFaults } from "./actions.ts";
import { agentFace } from "./agent-face.ts";
import { openCommands } from "./commands.ts";
import { sdkFace } from "./sdk-face.ts";
import { createWaiters } from "./waiters.ts";

export interface SsmSettings {
  readonly port: number;
  readonly dataFile: string;
  readonly now?: () => number;
  /** Names the next command: a UUID. */
  readonly newId?: () => string;
}

export interface SsmServer {
  readonly endpoint: string;
  readonly faults: SsmFaults;
  /** Replies that `holdReply` kept arrive now, in their order. */
  releaseReplies(): void;
  stop(): Promise<void>;
}

export async function startSsm({ port, dataFile, now = Date.now, newId }: SsmSettings): Promise<SsmServer> {
  const commands = openCommands(dataFile, now, newId);
  const faults = noFaults();
  const waiters = createWaiters();
  const agent = agentFace({ commands, faults, waiters, now });
  const actions: Actions = { ...sdkFace({ commands, now, wake: waiters.wake }), ...agent.actions };

  async function answer(
    request: IncomingMessage,
    gone: () => boolean,
  ): Promise<{ status: number; body: unknown }> {
    const target = String(request.headers["x-amz-target"] ?? "");
    const operation = target.split(".").at(-1) ?? "";
    const action = actions[operation];
    try {
      if (action === undefined)
        throw new SsmError("UnknownOperationException", `this server has no ${target}`);
      if (faults.throttle(operation)) throw new SsmError("ThrottlingException", "Rate exceeded");
      const text = (await readBody(request)) ?? "";
      return {
        status: 200,
        body: await action(text === "" ? {} : JSON.parse(text), gone),
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
    // A message that is given to a poll whose client has left is lost until it may be delivered again.
    let gone = false;
    response.once("close", () => {
      gone = true;
    });
    answer(request, () => gone)
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
    releaseReplies: agent.releaseReplies,
    stop: async () => {
      waiters.stop();
      await closeNow(server);
      commands.close();
    },
  };
}
