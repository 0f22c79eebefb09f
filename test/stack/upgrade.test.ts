/**
 * Functions are replaced in the middle of running jobs: by those of the version before, by broken ones, and back. The
 * version before is the commit before this one; where a clone has no history, or that commit does not promise yet to read
 * what a later one writes (lib/contracts/tolerant.ts), a second build of this one stands in for it.
 */
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ReservationView } from "../../lib/contracts/reservation-views.ts";
import type { NodeView } from "../../lib/contracts/views.ts";
import type { TimelineEntry } from "../../lib/core/timeline.ts";
import { eventually, temporaryFolder } from "../support/stack.ts";
import { type Tree, treeOf } from "../upgrade/tree.ts";
import { type Place, usePlaces } from "./main-job.ts";

const patience = 480_000;
const place = usePlaces();
const own = join(import.meta.dirname, "../../dist/functions");
const folder = temporaryFolder();
let before: Tree | null = null;

const bundlesIn = (path: string) =>
  readdirSync(path, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".mjs"));

/** A copy that says in the log that it was loaded, so that a test can know which version is at work. */
function marked(from: string, mark: string): string {
  const path = join(folder.path, mark);
  cpSync(from, path, { recursive: true });
  for (const file of bundlesIn(path))
    appendFileSync(join(path, file), `\nconsole.error("loaded ${mark} ${file}");\n`);
  return path;
}

beforeAll(() => {
  before = treeOf("HEAD~1");
  if (before !== null && !existsSync(join(before.path, "lib/contracts/tolerant.ts"))) {
    before.remove();
    before = null;
  }
  if (before !== null) execFileSync(process.execPath, ["esbuild.config.ts"], { cwd: before.path });
  marked(before === null ? own : join(before.path, "dist/functions"), "previous");
  marked(own, "current");
  const broken = marked(own, "broken");
  for (const file of bundlesIn(broken).filter((each) => each !== "api.mjs"))
    writeFileSync(
      join(broken, file),
      `console.error("loaded broken ${file}");\nexport const handler = async () => { throw new Error("a bad deployment"); };\n`,
    );
}, patience);
afterAll(() => {
  before?.remove();
  folder.remove();
});

/** As a deployment does it; resolves when the last function was replaced. */
async function deploy(here: Place, mark: "previous" | "current" | "broken"): Promise<void> {
  const log = join(here.data, "logs/cloud.log");
  const count = () => readFileSync(log, "utf8").split(`loaded ${mark} `).length - 1;
  const [known, path] = [count(), join(folder.path, mark)];
  symlinkSync(path, join(here.data, "functions.next"));
  renameSync(join(here.data, "functions.next"), join(here.data, "functions"));
  process.kill(here.processes()["cloud"]?.pid ?? 0, "SIGHUP");
  const all = bundlesIn(path).length;
  await eventually(() => count() >= known + all, `${all} functions of ${mark} being loaded`, patience);
}

const reserve = (here: Place, id: string, count: number) =>
  here.ask("/v1/reservations", {
    method: "POST",
    body: JSON.stringify({ id, owner: "ada", image: "demo", count, minutes: 60 }),
  });
const stateOf = async (here: Place, id: string) =>
  (await here.get<ReservationView>(`/v1/reservations/${id}`)).state;
const isIn = (here: Place, id: string, state: string) => async () => (await stateOf(here, id)) === state;
const end = (here: Place, id: string) =>
  here.ask(`/v1/reservations/${id}/end`, { method: "POST", body: JSON.stringify({ reason: "enough" }) });

/** No transition is missing, doubled or untold (invariant 9), and everything has come to rest. */
async function expectWhole(here: Place): Promise<void> {
  const { nodes } = await here.get<{ nodes: NodeView[] }>("/v1/nodes");
  for (const { id, version, state, job } of nodes) {
    const { entries } = await here.get<{ entries: TimelineEntry[] }>(`/v1/nodes/${id}/timeline`);
    expect(entries.map(({ sequence }) => sequence)).toEqual(entries.map((_, index) => index + 1));
    expect(entries.length).toBe(Math.min(100, version));
    expect({ id, state, job }).toEqual({ id, state: "available", job: null });
  }
}
const isAtRest = (here: Place) => async () =>
  (await here.get<{ nodes: NodeView[] }>("/v1/nodes")).nodes.every(({ state }) => state === "available");

describe("functions are replaced while jobs run", () => {
  test("by the version before and back again: what one has begun the other ends, and nothing is done twice", {
    timeout: patience,
  }, async () => {
    const here = place();
    const run = await here.start("--count", "2");
    await run.until(({ phase }) => phase === "build");
    await deploy(here, "previous");
    await reserve(here, "by-previous", 2);
    await run.until(({ event, to }) => event === "reservation" && to === "reserved");
    await deploy(here, "current");
    await reserve(here, "by-current", 1);
    await eventually(isIn(here, "by-previous", "reserved"), "the hand-over", patience);
    await end(here, "by-previous");
    await deploy(here, "previous");
    await eventually(isIn(here, "by-current", "reserved"), "the other hand-over", patience);
    await end(here, "by-current");
    await deploy(here, "current");
    const { reservation } = JSON.parse(readFileSync(join(here.data, "run.json"), "utf8"));
    await end(here, reservation);
    for (const id of ["by-previous", "by-current", reservation])
      await eventually(isIn(here, id, "complete"), `the end of ${id}`, patience);
    await eventually(isAtRest(here), "rest", patience);
    await expectWhole(here);
    for (const { log } of await here.rackLog()) {
      const writes = log.filter(({ kind }) => kind === "image-written").map((each) => each.installation);
      expect(new Set(writes).size).toBe(writes.length);
    }
  });

  test("by broken ones, and rolled back: no job is lost", { timeout: patience }, async () => {
    const here = place();
    const run = await here.start("--count", "1");
    await run.until(({ phase }) => phase === "build");
    await reserve(here, "in-flight", 2);
    await deploy(here, "broken");
    await reserve(here, "asked-meanwhile", 1);
    const log = join(here.data, "logs/cloud.log");
    const failures = () => readFileSync(log, "utf8").split("a bad deployment").length - 1;
    // Long enough that messages have been given up: what they asked for is found by the watchdogs.
    await eventually(() => failures() >= 20, "twenty failures", patience);
    await deploy(here, "previous");
    for (const id of ["in-flight", "asked-meanwhile"]) {
      await eventually(isIn(here, id, "reserved"), `the hand-over of ${id}`, patience);
      await end(here, id);
    }
    await deploy(here, "current");
    for (const id of ["in-flight", "asked-meanwhile"])
      await eventually(isIn(here, id, "complete"), `the end of ${id}`, patience);
    const { nodes } = await here.get<{ nodes: NodeView[] }>("/v1/nodes");
    expect(nodes.filter(({ state }) => state === "quarantined")).toEqual([]);
  });
});
