/** The shipped agent as SSM and a person call it. */
import { execFile, spawn } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { receipt } from "../../lib/contracts/command.ts";
import { reports } from "../../lib/contracts/report.ts";
import { listenOn, readJson } from "../../lib/local/http.ts";
import { pickPort } from "../../lib/local/rack/ports.ts";
import { eventually, temporaryFolder } from "../support/stack.ts";
import { aCommand } from "./support.ts";

const folder = temporaryFolder();
const config = join(folder.path, "agent.json");
const received: z.infer<typeof reports>["reports"] = [];
const auths: string[] = [];
let queue: Server;
let daemon: ReturnType<typeof spawn>;
let log = "";

const agent = (...parameters: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      ["lib/agent/main.ts", ...parameters, "--config", config],
      (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });
const payloadOf = (...commands: unknown[]) =>
  Buffer.from(JSON.stringify({ schema: "rackwright.delivery/1", commands })).toString("base64url");

async function startDaemon(): Promise<void> {
  daemon = spawn(process.execPath, ["lib/agent/main.ts", "serve", "--config", config], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, AWS_ACCESS_KEY_ID: "mi-0123456789abcdef0", AWS_SECRET_ACCESS_KEY: "x" },
  });
  log = "";
  daemon.stderr?.on("data", (chunk) => {
    log += String(chunk);
  });
  await eventually(() => log.includes('"ready"'), "the daemon");
}

beforeAll(async () => {
  queue = createServer((request, response) => {
    auths.push(request.headers.authorization ?? "");
    readJson(request)
      .then((body) => {
        const { MessageBody } = z.looseObject({ MessageBody: z.string() }).parse(body);
        received.push(...reports.parse(JSON.parse(MessageBody)).reports);
        response.end("{}");
      })
      .catch(() => response.writeHead(500).end());
  });
  const port = await listenOn(queue, 0);
  mkdirSync(join(folder.path, "secrets", "bmc"), { recursive: true });
  const secret = join(folder.path, "secrets", "bmc", "blue.json");
  writeFileSync(secret, JSON.stringify({ username: "admin", password: "the BMC's password" }));
  chmodSync(secret, 0o600);
  writeFileSync(
    config,
    JSON.stringify({
      schema: "rackwright.agent/1",
      controller: "mi-0123456789abcdef0",
      lab: "blue",
      stateDir: join(folder.path, "state"),
      secretsDir: join(folder.path, "secrets"),
      bootFilesDir: folder.path,
      listen: { host: "127.0.0.1", port: await pickPort(new Set()) },
      publicUrl: "http://127.0.0.1",
      imageStoreUrl: "http://127.0.0.1:9/images",
      reports: {
        queueUrl: `http://127.0.0.1:${port}/0/reports`,
        endpoint: `http://127.0.0.1:${port}`,
        region: "us-east-1",
      },
    }),
  );
  await startDaemon();
});
afterAll(() => {
  daemon.kill("SIGKILL");
  queue.close();
  folder.remove();
});

const resultOf = (id: string) =>
  received.flatMap((report) =>
    report.kind === "command" && report.result.command === id ? [report.result] : [],
  );
/** Nobody listens there: the command fails fast, which is all that these tests need. */
const failing = () => {
  const command = aCommand();
  return {
    ...command,
    target: { ...command.target, power: { ...command.target.power, address: "http://127.0.0.1:9" } },
  };
};

describe("rackwright-agent run", () => {
  test("prints one line that says what was taken, refused and known, and ends; the result comes as a report", async () => {
    const command = failing();
    const { code, stdout } = await agent("run", payloadOf(command, { id: "nonsense" }));
    expect(code).toBe(0);
    expect(stdout.trimEnd().split("\n")).toHaveLength(1);
    expect(receipt.parse(JSON.parse(stdout)).commands).toMatchObject([
      { verdict: "accepted", id: command.id },
      { verdict: "refused", id: "nonsense" },
    ]);
    await eventually(() => resultOf(command.id).length === 1, "the report");
    expect(resultOf(command.id)[0]).toMatchObject({
      status: "failed",
      results: [{ fault: { code: "bmc-unreachable" } }],
    });

    const again = await agent("run", payloadOf(command));
    expect(receipt.parse(JSON.parse(again.stdout)).commands).toMatchObject([
      { verdict: "known", status: "failed" },
    ]);
    await eventually(() => resultOf(command.id).length === 2, "the same report once more");
  });

  test("says in one line that the daemon is not there, and fails", async () => {
    const other = join(folder.path, "other.json");
    writeFileSync(other, "{}");
    const { code, stdout } = await new Promise<{ code: number; stdout: string }>((resolve) => {
      const env = { ...process.env, RACKWRIGHT_AGENT_CONFIG: other };
      execFile(process.execPath, ["lib/agent/main.ts", "run", "abcd"], { env }, (error, out, err) =>
        resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout: `${out}${err}` }),
      );
    });
    expect(code).toBe(2);
    expect(stdout).toContain("other.json: schema");
  });

  test("R49: neither the log nor a report nor an argument list ever holds a BMC's password", async () => {
    expect(JSON.stringify(received)).not.toContain("the BMC's password");
    expect(log).not.toContain("the BMC's password");
    expect(auths.every((auth) => auth.includes("Credential=mi-0123456789abcdef0/"))).toBe(true);
  });

  test("R59: SIGTERM: what runs ends and is told, nothing new is taken, the exit is clean", async () => {
    const command = failing();
    await agent("run", payloadOf(command));
    const ended = new Promise<number | null>((resolve) => daemon.once("exit", resolve));
    daemon.kill("SIGTERM");
    expect(await ended).toBe(0);
    expect(resultOf(command.id)).toHaveLength(1);
    const refused = await agent("run", payloadOf(failing()));
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: expect.stringContaining("not handed over") });
  });
});
