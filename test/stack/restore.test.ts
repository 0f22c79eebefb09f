/**
 * The drill: the table is saved while everything runs, the lab goes on, the table is lost, and the backup is put back into a
 * new data directory. The machines, their agent and its journal are where the lab has got to, not where the backup was.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ReservationView } from "../../lib/contracts/reservation-views.ts";
import type { NodeView } from "../../lib/contracts/views.ts";
import { eventually, temporaryFolder } from "../support/stack.ts";
import { type Place, usePlaces } from "./main-job.ts";

const place = usePlaces();
const patience = 480_000;

const run = (...parameters: readonly string[]) =>
  execFileSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "lib/local/backup.ts", ...parameters],
    { encoding: "utf8" },
  );
const post = (here: Place, path: string, body: object) =>
  here.ask(path, { method: "POST", body: JSON.stringify(body) });
const reserve = (here: Place, id: string, prefer: readonly string[] = []) =>
  post(here, "/v1/reservations", { id, owner: "ada", image: "demo", minutes: 60, prefer });
const view = (here: Place, id: string) => here.get<ReservationView>(`/v1/reservations/${id}`);
const isIn = (here: Place, id: string, state: string) => async () => (await view(here, id)).state === state;
const nodeOf = async (here: Place, id: string) => (await view(here, id)).nodes[0]?.id ?? "";
const nodesOf = async (here: Place) => (await here.get<{ nodes: NodeView[] }>("/v1/nodes")).nodes;
const online = (here: Place, id: string) =>
  post(here, `/v1/nodes/${id}/online`, { reason: "looked at after the restore" });
const writesOn = async (here: Place, node: string) =>
  (await here.rackLog())
    .filter((each) => each.node === node)
    .flatMap(({ log }) => log.filter(({ kind }) => kind === "image-written")).length;

test("a restored table touches no machine; nodes come back one by one, are looked at, and are loaded before anybody gets them", {
  timeout: patience,
}, async () => {
  const [before, after, backups] = [place(), place(), temporaryFolder()];
  const file = join(backups.path, "table.sqlite");
  const first = await before.start("--count", "1");
  await first.until(({ event, to }) => event === "reservation" && to === "reserved");
  await reserve(before, "kept");
  await eventually(isIn(before, "kept", "reserved"), "the hand-over before the backup", patience);
  const kept = await nodeOf(before, "kept");
  expect(run("backup", "--data", before.data, "--file", file)).toContain("is saved in");

  // Since then: one reservation has come, another has gone.
  await reserve(before, "since");
  await eventually(isIn(before, "since", "reserved"), "the hand-over after the backup", patience);
  const since = await nodeOf(before, "since");
  await post(before, "/v1/reservations/kept/end", { reason: "enough" });
  await eventually(isIn(before, "kept", "complete"), "the end after the backup", patience);
  expect(() => run("restore", "--data", before.data, "--file", file)).toThrow("stop it first");
  first.child.kill("SIGTERM");
  await first.ended;

  cpSync(before.data, after.data, { recursive: true });
  for (const rest of ["dynamodb.sqlite", "dynamodb.sqlite-wal", "dynamodb.sqlite-shm"])
    rmSync(join(after.data, rest), { force: true });
  expect(run("restore", "--data", after.data, "--file", file)).toMatch(/(\d+) of \1 nodes are offline now/);
  after.port = before.port;
  const second = await after.start("--count", "1");
  await second.until(({ text }) => text?.startsWith("Carrying on with reservation") === true);

  const told = JSON.stringify(await after.rackLog());
  const ticks = () =>
    readFileSync(join(after.data, "logs/cloud.log"), "utf8").split("watchdog stuck-nodes").length - 1;
  const known = ticks();
  await eventually(() => ticks() >= known + 3, "three rounds of the watchdog", patience);
  expect(JSON.stringify(await after.rackLog())).toBe(told);
  const restored = await nodesOf(after);
  expect(restored.map(({ administrative }) => administrative.state)).toEqual(restored.map(() => "offline"));
  expect((await after.ask("/v1/reservations/since")).status).toBe(404);
  expect((await view(after, "kept")).state).toBe("reserved");

  // The node that somebody got since the backup: looked at first, and loaded before anybody else gets it.
  const writes = await writesOn(after, since);
  await online(after, since);
  const looked = async () => (await nodesOf(after)).find(({ id }) => id === since);
  await eventually(
    async () => (await looked())?.state === "available" && (await looked())?.power.observed === "on",
    "the look at it",
    patience,
  );
  expect(await writesOn(after, since)).toBe(writes);
  await reserve(after, "next", [since]);
  await eventually(isIn(after, "next", "reserved"), "the hand-over after the restore", patience);
  expect(await nodeOf(after, "next")).toBe(since);
  expect(await writesOn(after, since)).toBe(writes + 1);

  // The reservation that had ended since: its time goes on, and its end gives back its node.
  await online(after, kept);
  await post(after, "/v1/reservations/kept/end", { reason: "it had ended already" });
  await eventually(isIn(after, "kept", "complete"), "its second end", patience);
  expect(existsSync(join(after.data, "dynamodb.sqlite"))).toBe(true);
  backups.remove();
});
