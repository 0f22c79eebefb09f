/**
 * The agent is killed at a hundred random moments under two hundred power commands, on real IPMI BMCs: no command takes
 * effect twice, none is lost, each has one final report.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Action, Command, CommandResult } from "../../lib/core/command.ts";
import { aCommand } from "../agent/support.ts";
import { type AgentPlace, agentPlace } from "../support/agent-place.ts";
import { eventually, temporaryFolder } from "../support/stack.ts";
import { bmcPassword, type Effect, type IpmiBmc, ipmiBmc, requireTools } from "./farm.ts";

requireTools();
const kills = 100;
const commands = 200;
const nodes = 8;
const folder = temporaryFolder();
const bmcs: IpmiBmc[] = [];
let place: AgentPlace;

beforeAll(async () => {
  const taken = new Set<number>();
  for (let index = 0; index < nodes; index += 1) bmcs.push(await ipmiBmc(folder.path, `bmc-${index}`, taken));
  place = await agentPlace({ program: ["dist/agent/rackwright-agent.mjs"] });
  place.secret("bmc/blue", { username: "admin", password: bmcPassword });
});
afterAll(async () => {
  await place.remove();
  for (const bmc of bmcs) await bmc.stop();
  folder.remove();
});

/** The most that each verb may do to the chassis. */
const most: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "power.on": { "power 1": 1 },
  "power.off": { "power 0": 1 },
  "power.cycle": { "power 0": 1, "power 1": 1 },
  "power.reset": { reset: 1, "power 1": 1 },
};
const verbs = ["power.on", "power.reset", "power.cycle", "power.off", "power.reset"] as const;

interface Sent {
  readonly command: Command;
  readonly node: number;
  readonly at: number;
  endedAt: number | null;
}

const random = (below: number): number => Math.floor(Math.random() * below);

test("kill -9, a hundred times", { timeout: 400_000 }, async () => {
  const sent: Sent[] = [];
  const epochs = Array.from({ length: nodes }, () => 0);
  const outstanding = (): Sent[] => sent.filter(({ endedAt }) => endedAt === null);
  const settle = (): void => {
    for (const each of outstanding())
      if (place.results(each.command.id).length > 0) each.endedAt = Date.now();
  };
  const idle = (): number[] => {
    const busy = new Set(outstanding().map(({ node }) => node));
    return bmcs.map((_, node) => node).filter((node) => !busy.has(node));
  };
  async function issue(): Promise<void> {
    settle();
    const free = idle();
    const node = free[random(free.length)];
    if (node === undefined || sent.length >= commands) return;
    const epoch = (epochs[node] ?? 0) + 1;
    epochs[node] = epoch;
    const verb = verbs[random(verbs.length)] ?? "power.reset";
    const actions: Action[] = [{ verb }];
    const command = await place.addressed(
      aCommand({
        id: `crash.${sent.length}`,
        node: `node-${node}`,
        epoch,
        actions,
        driver: "ipmi",
        address: bmcs[node]?.address ?? "",
        options: { cipherSuite: "3" },
        startsWithinMs: 300_000,
        endsWithinMs: 360_000,
      }),
    );
    sent.push({ command, node, at: Date.now(), endedAt: null });
  }
  // As the control plane does: what has no word is delivered again. The daemon may be killed under it.
  const deliver = () => place.take(...outstanding().map(({ command }) => command)).catch(() => undefined);

  await place.start();
  for (let round = 0; round < kills; round += 1) {
    for (let each = 0; each < 2 + random(2); each += 1) await issue();
    if (outstanding().length > 0) void deliver();
    await new Promise((resolve) => setTimeout(resolve, random(220)));
    await place.end("SIGKILL");
    settle();
    await place.start();
  }
  while (sent.length < commands || outstanding().length > 0) {
    while (sent.length < commands && idle().length > 0) await issue();
    await deliver();
    await new Promise((resolve) => setTimeout(resolve, 100));
    settle();
  }
  await eventually(() => outstanding().length === 0, "every report", 60_000);

  expect(sent).toHaveLength(commands);
  const statuses = new Map<string, number>();
  for (const [node, bmc] of bmcs.entries()) {
    const mine = sent.filter((each) => each.node === node);
    const effects = bmc.effects();
    for (const each of mine) {
      const results = place.results(each.command.id);
      const [result] = results;
      if (result === undefined) throw new Error(`${each.command.id} has no report`);
      expect(new Set(results.map(({ status }) => status)), "one final verdict").toEqual(
        new Set([result.status]),
      );
      statuses.set(result.status, (statuses.get(result.status) ?? 0) + 1);
      const own = effects.filter(({ atMs }) => atMs >= each.at && atMs <= (each.endedAt ?? 0));
      judge(each, result, own);
    }
    const owned = effects.filter(({ atMs }) =>
      mine.some((each) => atMs >= each.at && atMs <= (each.endedAt ?? 0)),
    );
    expect(effects.length, "nothing happens to a machine that no command asked for").toBe(owned.length);
  }
  console.log(`${commands} commands, ${kills} kills: ${JSON.stringify(Object.fromEntries(statuses))}`);
  expect(
    statuses.get("unknown") ?? 0,
    "some were killed in the middle, or nothing was tested",
  ).toBeGreaterThan(0);
  expect(statuses.get("completed") ?? 0).toBeGreaterThan(0);
});

function judge({ command }: Sent, result: CommandResult, effects: readonly Effect[]): void {
  const [{ verb } = { verb: "none" }] = command.actions;
  const counts = new Map<string, number>();
  for (const { what } of effects) counts.set(what, (counts.get(what) ?? 0) + 1);
  for (const [what, count] of counts)
    expect(count, `${command.id} (${verb}, ${result.status}): ${what}`).toBeLessThanOrEqual(
      most[verb]?.[what] ?? 0,
    );
  const observed = result.results.findLast((each) => each.observed?.power !== undefined)?.observed?.power;
  expect(["completed", "unknown"]).toContain(result.status);
  if (result.status === "unknown") expect(["on", "off"], "the hardware was looked at").toContain(observed);
  else expect(observed).toBe(verb === "power.off" ? "off" : "on");
}
