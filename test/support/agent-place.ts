/** An agent as it is on a lab controller: its folders, its daemon as a process, and a queue that takes its reports. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import * as z from "zod";
import { ask, socketOf } from "../../lib/agent/ask.ts";
import { endLeftovers } from "../../lib/agent/leftovers.ts";
import { type Receipt, receipt } from "../../lib/contracts/command.ts";
import { type Report, reports } from "../../lib/contracts/report.ts";
import type { Command, CommandResult } from "../../lib/core/command.ts";
import { listenOn, readBody } from "../../lib/local/http.ts";
import { pickPort } from "../../lib/local/rack/ports.ts";
import { eventually, temporaryFolder } from "./stack.ts";

const message = z.looseObject({ MessageBody: z.string() });

export interface AgentPlaceSettings {
  readonly controller?: string;
  readonly limits?: Readonly<Record<string, number>>;
  /** `source`: as developers run it; `bundle`: as it is shipped. */
  readonly program?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
}

export type AgentPlace = Awaited<ReturnType<typeof agentPlace>>;

export async function agentPlace({
  controller = "mi-0123456789abcdef0",
  limits = {},
  program = ["lib/agent/main.ts"],
  environment = {},
}: AgentPlaceSettings = {}) {
  const folder = temporaryFolder();
  const inFolder = (name: string): string => join(folder.path, name);
  const config = inFolder("agent.json");
  const told: Report[] = [];
  const bodies: string[] = [];
  const authorizations: string[] = [];
  const serving = { reachable: true, journal: "", log: "", dateOffsetMs: 0 };
  let daemon: ChildProcess | null = null;

  const queue = createServer((request, response) => {
    readBody(request)
      .then((body) => {
        if (!serving.reachable) return response.destroy();
        response.setHeader("date", new Date(Date.now() + serving.dateOffsetMs).toUTCString());
        if (request.method === "HEAD") return response.end();
        const { MessageBody } = message.parse(JSON.parse(body ?? ""));
        bodies.push(MessageBody);
        authorizations.push(request.headers.authorization ?? "");
        const parsed = reports.parse(JSON.parse(MessageBody));
        serving.journal = parsed.journal;
        told.push(...parsed.reports);
        return response.end("{}");
      })
      .catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  const queuePort = await listenOn(queue, 0);
  const port = await pickPort(new Set());
  for (const each of ["state", "secrets", "scripts", "boot"]) mkdirSync(inFolder(each), { mode: 0o700 });
  writeFileSync(
    config,
    JSON.stringify({
      schema: "rackwright.agent/1",
      controller,
      lab: "blue",
      stateDir: inFolder("state"),
      secretsDir: inFolder("secrets"),
      scriptsDir: inFolder("scripts"),
      buildersDir: inFolder("builders"),
      bootFilesDir: inFolder("boot"),
      listen: { host: "127.0.0.1", port },
      publicUrl: "http://127.0.0.1",
      imageStoreUrl: "http://127.0.0.1:9/images",
      reports: {
        queueUrl: `http://127.0.0.1:${queuePort}/0/reports`,
        endpoint: `http://127.0.0.1:${queuePort}`,
        region: "us-east-1",
      },
      limits,
    }),
  );

  const results = (id?: string): CommandResult[] =>
    told.flatMap((report) =>
      report.kind === "command" && (id === undefined || report.result.command === id) ? [report.result] : [],
    );

  async function start(): Promise<void> {
    serving.log = "";
    const child = spawn(process.execPath, [...program, "serve", "--config", config], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, AWS_ACCESS_KEY_ID: controller, AWS_SECRET_ACCESS_KEY: "x", ...environment },
    });
    daemon = child;
    child.stderr?.on("data", (chunk) => {
      serving.log += String(chunk);
    });
    await eventually(() => {
      if (child.exitCode !== null) throw new Error(`the daemon ended with ${child.exitCode}: ${serving.log}`);
      return serving.log.includes('"ready"');
    }, "the daemon");
  }

  /** Sends a signal, and resolves with the exit code when the daemon has ended. */
  async function end(signal: NodeJS.Signals): Promise<number | null> {
    const child = daemon;
    if (child === null || child.exitCode !== null || child.signalCode !== null)
      return child?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
    child.kill(signal);
    return ended;
  }

  return {
    dir: folder.path,
    config,
    stateDir: inFolder("state"),
    scriptsDir: inFolder("scripts"),
    url: `http://127.0.0.1:${port}`,
    told,
    bodies,
    authorizations,
    serving,
    results,
    pid: (): number => daemon?.pid ?? 0,
    start,
    end,
    /** Told on standard input of nobody: the file is all there is. */
    secret: (name: string, credential: { username: string; password: string }): void => {
      const file = join(inFolder("secrets"), `${name}.json`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, JSON.stringify(credential), { mode: 0o600 });
    },
    script: (name: string, text: string): void =>
      writeFileSync(join(inFolder("scripts"), name), text, { mode: 0o755 }),
    builder: (name: string, text: string): void => {
      mkdirSync(inFolder("builders"), { recursive: true });
      writeFileSync(join(inFolder("builders"), name), text, { mode: 0o755 });
    },
    /** As `run` does, without a process for it. */
    take: async (...commands: readonly unknown[]): Promise<Receipt> => {
      const body = JSON.stringify({ schema: "rackwright.delivery/1", commands });
      return receipt.parse(JSON.parse(await ask(socketOf(inFolder("state")), body, 20_000)));
    },
    ended: async (id: string): Promise<CommandResult> => {
      await eventually(() => results(id).length > 0, `the end of ${id}`);
      const [result] = results(id);
      if (result === undefined) throw new Error(`${id} was not reported`);
      return result;
    },
    /** The program as SSM and a person call it. */
    call: (...parameters: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
      new Promise((resolve) => {
        execFile(
          process.execPath,
          [...program, ...parameters, "--config", config],
          { env: { ...process.env, ...environment } },
          (error, stdout, stderr) =>
            resolve({
              code: typeof error?.code === "number" ? error.code : error === null ? 0 : 1,
              stdout,
              stderr,
            }),
        );
      }),
    journalText: (): string => readFileSync(join(inFolder("state"), "journal.jsonl"), "utf8"),
    /** The command with the journal that this agent keeps. */
    addressed: async (command: Command): Promise<Command> => {
      await eventually(() => serving.journal !== "", "the agent's first word");
      return { ...command, journal: receipt.shape.journal.parse(serving.journal) };
    },
    remove: async (): Promise<void> => {
      await end("SIGKILL");
      // What it was running outlives it, and would go on writing into the folder.
      if (serving.journal !== "") endLeftovers(serving.journal);
      queue.closeAllConnections();
      await new Promise<void>((resolve) => queue.close(() => resolve()));
      folder.remove();
    },
  };
}
