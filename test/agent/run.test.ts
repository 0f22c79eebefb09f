/** The shipped agent as SSM and a person call it. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { receipt } from "../../lib/contracts/command.ts";
import type { Command } from "../../lib/core/command.ts";
import { type AgentPlace, agentPlace } from "../support/agent-place.ts";
import { eventually } from "../support/stack.ts";
import { aCommand } from "./support.ts";

const password = "the BMC's password";
let place: AgentPlace;

beforeAll(async () => {
  place = await agentPlace();
  place.secret("bmc/blue", { username: "admin", password });
  await place.start();
});
afterAll(() => place.remove());

const payloadOf = (...commands: unknown[]) =>
  Buffer.from(JSON.stringify({ schema: "rackwright.delivery/1", commands })).toString("base64url");
/** Nobody listens there: the command fails fast, which is all that these tests need. */
const failing = (): Promise<Command> => place.addressed(aCommand({ address: "http://127.0.0.1:9" }));

describe("rackwright-agent run", () => {
  test("prints one line that says what was taken, refused and known, and ends; the result comes as a report", async () => {
    const command = await failing();
    const { code, stdout } = await place.call("run", payloadOf(command, { id: "nonsense" }));
    expect(code).toBe(0);
    expect(stdout.trimEnd().split("\n")).toHaveLength(1);
    expect(receipt.parse(JSON.parse(stdout)).commands).toMatchObject([
      { verdict: "accepted", id: command.id },
      { verdict: "refused", id: "nonsense" },
    ]);
    await eventually(() => place.results(command.id).length === 1, "the report");
    expect(place.results(command.id)[0]).toMatchObject({
      status: "failed",
      results: [{ fault: { code: "bmc-unreachable" } }],
    });

    const again = await place.call("run", payloadOf(command));
    expect(receipt.parse(JSON.parse(again.stdout)).commands).toMatchObject([
      { verdict: "known", status: "failed", result: { command: command.id, status: "failed" } },
    ]);
    await eventually(() => place.results(command.id).length === 2, "the same report once more");
  });

  test("says in one line that the daemon is not there, and fails", async () => {
    const other = join(place.dir, "other.json");
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
    expect(JSON.stringify(place.bodies)).not.toContain(password);
    expect(place.serving.log).not.toContain(password);
    expect(place.authorizations.every((auth) => auth.includes("Credential=mi-0123456789abcdef0/"))).toBe(
      true,
    );
  });

  test("R59: SIGTERM: what runs ends and is told, nothing new is taken, the exit is clean", async () => {
    const command = await failing();
    await place.call("run", payloadOf(command));
    expect(await place.end("SIGTERM")).toBe(0);
    expect(place.results(command.id)).toHaveLength(1);
    const refused = await place.call("run", payloadOf(await failing()));
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: expect.stringContaining("not handed over") });
  });
});
