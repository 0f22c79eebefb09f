/** Serial consoles on a living stack: read through the API, and believed by correction. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { ConsoleView, NodeView } from "../../lib/contracts/views.ts";
import type { HardwareIssue, TimelineEntry } from "../../lib/core/timeline.ts";
import { rackFile } from "../../lib/local/rack/store.ts";
import { eventually } from "../support/stack.ts";
import { Place } from "./main-job.ts";

const here = new Place();
const patience = 120_000;
const owner = "you";
let reservation: string;

beforeAll(async () => {
  const run = await here.start("--count", "1");
  const ready = await run.until(({ event, to }) => event === "reservation" && to === "reserved");
  reservation = String(ready.reservation);
}, patience);
afterEach(({ task }) => {
  if (task.result?.state === "fail") here.explain();
});
afterAll(() => here.clean(), patience);

const post = (path: string, body: unknown, who = owner, groups: string[] = []): Promise<Response> =>
  here.ask(path, { method: "POST", body: JSON.stringify(body) }, who, groups);

async function readAs(
  who: string,
  groups: string[],
  query = "",
): Promise<{ status: number; view: ConsoleView }> {
  const answer = await here.ask(`/v1/nodes/node-01/console${query}`, {}, who, groups);
  return { status: answer.status, view: JSON.parse(await answer.text()) };
}

test("who has a node watches it boot, line by line, and nobody else does but an operator", {
  timeout: patience,
}, async () => {
  const path = `/v1/reservations/${reservation}/power`;
  expect((await post(path, { node: "node-01", change: "cycle" })).status).toBe(202);
  const read: ConsoleView["lines"][number][] = [];
  let after = 0;
  await eventually(
    async () => {
      const { status, view } = await readAs(owner, [], `?after=${after}&waitSeconds=5`);
      expect(status).toBe(200);
      read.push(...view.lines);
      after = view.after;
      return read.some(({ text }) => text.includes("Starting sshd: OK"));
    },
    "a boot on the console",
    patience,
  );
  const texts = read.map(({ text }) => text);
  expect(texts.findIndex((text) => text.includes("BIOS"))).toBeLessThan(
    texts.findIndex((text) => text.includes("Linux version")),
  );
  expect(texts.join("")).not.toContain("\u001b");
  expect(new Set(read.map(({ at }) => at)).size).toBe(read.length);
  expect((await readAs("bob", [])).status).toBe(404);
  expect((await readAs("mi-0123456789abcdef0", ["lab-controller"])).status).toBe(403);
  expect((await readAs("grace", ["operator"])).status).toBe(200);
});

test("the lab controller keeps a log of each boot", () => {
  const dir = join(here.data, "agent/consoles/node-01");
  const logs = readdirSync(dir).filter((name) => name.endsWith(".log"));
  expect(logs.length).toBeGreaterThan(1);
  const newest = readFileSync(join(dir, logs.sort().at(-1) ?? ""), "utf8");
  expect(newest).toMatch(/^\d{4}-\d\d-\d\dT\S+Z .*BIOS/);
});

test("at the end of his reservation the console is not his any more", { timeout: patience }, async () => {
  expect((await post(`/v1/reservations/${reservation}/end`, { reason: "done" })).status).toBe(202);
  await eventually(async () => (await readAs(owner, [])).status === 404, "the end of his reading", patience);
});

test("R70: a kernel panic is believed at once: the node is reset long before its time is up, and comes back", {
  timeout: patience,
}, async () => {
  const { controlPort } = rackFile.parse(JSON.parse(readFileSync(join(here.data, "rack/rack.json"), "utf8")));
  const fault = { kind: "hang", node: "node-02", phase: "kernel", panics: true };
  const broken = await fetch(`http://127.0.0.1:${controlPort}/faults`, {
    method: "POST",
    body: JSON.stringify({ add: [fault] }),
  });
  expect(broken.status).toBe(200);
  expect((await post("/v1/nodes/node-02/reload", { image: "demo" }, "grace", ["operator"])).status).toBe(202);
  const entries = async () =>
    (await here.get<{ entries: TimelineEntry[] }>("/v1/nodes/node-02/timeline?after=0")).entries;
  await eventually(
    async () => (await entries()).some(({ why }) => why.includes("loaded anew and proved")),
    "node-02 loaded",
    patience,
  );
  expect((await here.get<NodeView>("/v1/nodes/node-02")).state).toBe("available");
  const story = await entries();
  const heard = story.findIndex(({ evidence }) => evidence?.includes("Kernel panic") === true);
  expect(heard).toBeGreaterThan(0);
  // In the very look that heard of it, and not when a clock said so.
  expect(story[heard]).toMatchObject({ correction: "look-again", actor: { kind: "node" } });
  expect(story.slice(heard + 1).find(({ correction }) => correction !== null)?.correction).toBe("reset");
  const { issues } = await here.get<{ issues: HardwareIssue[] }>("/v1/nodes/node-02/issues");
  const issue = issues.find(({ fault: { code } }) => code === "kernel-panic");
  expect(issue?.state).toBe("closed");
  expect(issue?.evidence.join("\n")).toMatch(/console: .*Kernel panic - not syncing/);
});
