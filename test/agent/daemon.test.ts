/** The daemon as a process, with power scripts in the place of BMCs: stopping, limits, breakers, what tools say. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Command } from "../../lib/core/command.ts";
import { type AgentPlace, type AgentPlaceSettings, agentPlace } from "../support/agent-place.ts";
import { eventually } from "../support/stack.ts";
import { aCommand, type CommandChange } from "./support.ts";

const password = "Tr0ub4dor&3";
const places: AgentPlace[] = [];
async function aPlace(script: string, settings: AgentPlaceSettings = {}): Promise<AgentPlace> {
  const place = await agentPlace(settings);
  places.push(place);
  place.secret("bmc/blue", { username: "admin", password });
  place.script("power", script);
  await place.start();
  return place;
}
afterEach(async () => {
  for (const place of places.splice(0)) await place.remove();
});

const power = (place: AgentPlace, change: CommandChange = {}): Promise<Command> =>
  place.addressed(aCommand({ driver: "exec", address: "pdu", options: { script: "power" }, ...change }));

const slowOn = (dir: string) => `#!/bin/sh
[ "$power_mode" = status ] && exit 2
echo $$ > '${dir}/began'
sleep 600 &
echo $! > '${dir}/child'
wait
`;
const isRunning = (pid: string): boolean =>
  existsSync(`/proc/${pid.trim()}/stat`) &&
  !readFileSync(`/proc/${pid.trim()}/stat`, "utf8").includes(") Z ");
/** Switches after a while. */
const steady = (dir: string, seconds: number) => `#!/bin/sh
f="${dir}/state-$power_id"
case "$power_mode" in
  status) [ "$(cat "$f" 2>/dev/null)" = on ] || exit 2 ;;
  *) sleep ${seconds}; echo "$power_id $power_mode" >> '${dir}/effects'; echo "$power_mode" > "$f" ;;
esac
`;

test("R57: a script that hangs is killed at mustEnd with everything that it started", async () => {
  const place = await aPlace("");
  place.script("power", slowOn(place.dir));
  const command = await power(place, { endsWithinMs: 700 });
  await place.take(command);
  const result = await place.ended(command.id);
  expect(result).toMatchObject({
    status: "unknown",
    results: [
      { verb: "power.on", outcome: "unknown", fault: { code: "time-out" } },
      { verb: "power.status", observed: { power: "off" } },
    ],
  });
  for (const file of ["began", "child"])
    expect(isRunning(readFileSync(join(place.dir, file), "utf8"))).toBe(false);
});

test("what a killed daemon has left running is ended by the next before anything is observed", async () => {
  const place = await aPlace("");
  place.script("power", slowOn(place.dir));
  const command = await power(place);
  await place.take(command);
  await eventually(() => existsSync(join(place.dir, "child")), "the script");
  await place.end("SIGKILL");
  const child = readFileSync(join(place.dir, "child"), "utf8");
  expect(isRunning(child)).toBe(true);
  await place.start();
  expect((await place.ended(command.id)).status).toBe("unknown");
  expect(isRunning(child)).toBe(false);
});

test("R59: SIGTERM lets what runs end and be told; what waits is kept for the next start, nothing new is taken", async () => {
  const place = await aPlace("");
  place.script("power", steady(place.dir, 0.6));
  const [running, waiting] = [
    await power(place, { node: "a", options: { script: "power", id: "1" } }),
    await power(place, { node: "b", domain: "a", options: { script: "power", id: "2" } }),
  ];
  await place.take(running, waiting);
  await eventually(() => place.journalText().includes('"acting"'), "the script");
  expect(await place.end("SIGTERM")).toBe(0);
  expect(place.results(running.id)[0]?.status).toBe("completed");
  expect(place.results(waiting.id)).toEqual([]);
  await place.start();
  expect((await place.ended(waiting.id)).status).toBe("completed");
});

test("a second SIGTERM ends what runs at once and tells it as unknown", async () => {
  const place = await aPlace("");
  place.script("power", slowOn(place.dir));
  const command = await power(place);
  await place.take(command);
  await eventually(() => existsSync(join(place.dir, "child")), "the script");
  const ended = place.end("SIGTERM");
  await eventually(() => place.serving.log.includes("what runs may end"), "the first SIGTERM");
  process.kill(place.pid(), "SIGTERM");
  expect(await ended).toBe(0);
  expect(place.results(command.id)[0]).toMatchObject({ status: "unknown" });
  expect(isRunning(readFileSync(join(place.dir, "child"), "utf8"))).toBe(false);
});

test("a fence ends what runs and what waits with a lower epoch, and says when that is done", async () => {
  const place = await aPlace("");
  place.script("power", slowOn(place.dir));
  const running = await power(place, { node: "n", epoch: 10 });
  await place.take(running);
  await eventually(() => existsSync(join(place.dir, "child")), "the script");
  const fence = await power(place, { node: "n", epoch: 12, actions: [{ verb: "fence" }] });
  await place.take(fence);
  expect((await place.ended(fence.id)).status).toBe("completed");
  expect(place.results(running.id)[0]).toMatchObject({
    status: "unknown",
    reason: expect.stringContaining("fenced"),
  });
  expect(isRunning(readFileSync(join(place.dir, "child"), "utf8"))).toBe(false);
  const older = await place.take(await power(place, { node: "n", epoch: 11 }));
  expect(older.commands[0]).toMatchObject({
    verdict: "refused",
    reason: expect.stringContaining("superseded"),
  });
});

test("R62: what a tool printed on both streams is kept with the command, its secrets masked, its end if it was much", async () => {
  const place = await aPlace(
    `#!/bin/sh
[ "$power_mode" = status ] && exit 2
i=0; while [ $i -lt 400 ]; do echo "line $i of much output"; i=$((i+1)); done
echo "connecting as $power_user:$power_pass" ; echo "and this went wrong: $power_pass" >&2
exit 1
`,
  );
  const command = await power(place);
  await place.take(command);
  const { results } = await place.ended(command.id);
  const said = results[0]?.said ?? "";
  expect(said).toContain("connecting as admin:•••");
  expect(said).toContain("and this went wrong: •••");
  expect(said.length).toBeLessThanOrEqual(2000);
  expect(JSON.stringify(results)).not.toContain(password);
  expect(place.journalText()).not.toContain(password);
});

test("R50, R60, R61: with 256 power commands in flight tools are capped in number, none is lost, the daemon stays small", async () => {
  const place = await aPlace("", {
    program: ["dist/agent/rackwright-agent.mjs"],
    limits: { toolsAtOnce: 24 },
  });
  const go = join(place.dir, "go");
  place.script(
    "power",
    steady(place.dir, 0).replace("sleep 0", `while [ ! -e '${go}' ]; do sleep 0.1; done`),
  );
  const commands = await Promise.all(
    Array.from({ length: 256 }, (_, index) =>
      power(place, {
        node: `n-${index}`,
        options: { script: "power", id: String(index) },
        startsWithinMs: 600_000,
        endsWithinMs: 900_000,
      }),
    ),
  );
  const seen = { running: 0, tools: 0, waiting: 0, megabytes: 0 };
  const look = async (): Promise<void> => {
    const text = await (await fetch(`${place.url}/metrics`)).text();
    const value = (name: string): number =>
      Number(new RegExp(`^rackwright_agent_${name} (\\S+)`, "m").exec(text)?.[1]);
    seen.running = Math.max(seen.running, value("commands_running"));
    seen.tools = Math.max(seen.tools, value("tools_running"));
    seen.waiting = Math.max(seen.waiting, value("tools_waiting"));
    const status = readFileSync(`/proc/${place.pid()}/status`, "utf8");
    seen.megabytes = Math.max(seen.megabytes, Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
  };
  for (let from = 0; from < commands.length; from += 50) await place.take(...commands.slice(from, from + 50));
  await eventually(async () => {
    await look();
    return seen.running === 256 && seen.tools === 24 && seen.waiting === 256 - 24;
  }, "256 commands in flight");
  writeFileSync(go, "");
  await eventually(async () => {
    await look();
    return commands.every(({ id }) => place.results(id).length > 0);
  }, "256 results");
  console.log(
    `256 power commands in flight: ${seen.megabytes.toFixed(0)} MB, at most ${seen.tools} tools at once`,
  );
  expect(seen.tools).toBe(24);
  expect(seen.megabytes).toBeLessThan(150);
  expect(commands.map(({ id }) => place.results(id)[0]?.status)).toEqual(commands.map(() => "completed"));
  expect(readFileSync(join(place.dir, "effects"), "utf8").trim().split("\n")).toHaveLength(256);
});

test("while its queue cannot be reached, reports are kept on disk, survive kill -9, and arrive in order afterwards", {
  timeout: 120_000,
}, async () => {
  const place = await aPlace("");
  place.script("power", steady(place.dir, 0));
  await place.addressed(aCommand());
  place.serving.reachable = false;
  const commands: Command[] = [];
  for (let index = 0; index < 8; index += 1)
    commands.push(
      await power(place, {
        node: "n",
        epoch: 100 + index,
        actions: [{ verb: index % 2 === 0 ? "power.on" : "power.off" }],
        options: { script: "power", id: "1" },
      }),
    );
  for (const command of commands) {
    await place.take(command);
    await eventually(
      () => place.journalText().includes(`"finished","result":{"command":"${command.id}"`),
      command.id,
    );
  }
  expect(place.results()).toEqual([]);
  await place.end("SIGKILL");
  await place.start();
  place.serving.reachable = true;
  // It asks again after half a minute at the longest.
  const patienceMs = 60_000;
  await eventually(() => commands.every(({ id }) => place.results(id).length > 0), "the reports", patienceMs);
  expect(place.results().map(({ command }) => command)).toEqual(commands.map(({ id }) => id));
});

test("R50: run answers within its second while hundreds of commands are under way", async () => {
  const place = await aPlace("");
  place.script("power", steady(place.dir, 0.3));
  const commands = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      power(place, { node: `n-${index}`, options: { script: "power", id: String(index) } }),
    ),
  );
  for (let from = 0; from < 100; from += 50) await place.take(...commands.slice(from, from + 50));
  const again = Buffer.from(
    JSON.stringify({ schema: "rackwright.delivery/1", commands: commands.slice(0, 20) }),
  );
  // `run` gives up by itself after its second: that it has an answer is the promise.
  const { code, stdout } = await place.call("run", again.toString("base64url"));
  expect(code).toBe(0);
  // Some of them may have ended by now: what is under way, and how much of it, is not the promise.
  const asked = commands.slice(0, 20).map(({ id }) => expect.objectContaining({ verdict: "known", id }));
  expect(JSON.parse(stdout)).toMatchObject({ commands: asked });
});
