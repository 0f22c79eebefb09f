/** What users do with reservations, over real HTTP with real tokens: clusters, the reset button, blocks, loans, answers. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ReservationSummary, ReservationView } from "../../lib/contracts/reservation-views.ts";
import type { NodeView } from "../../lib/contracts/views.ts";
import { newKeyPair } from "../../lib/drivers/os/ssh.ts";
import { ssh } from "../metal/support.ts";
import { eventually } from "../support/stack.ts";
import { Place } from "./main-job.ts";

const here = new Place();
const patience = 180_000;
const keyFile = join(here.data, "ada-key");

beforeAll(async () => {
  const run = await here.start("--count", "1");
  await run.until(({ event, to }) => event === "reservation" && to === "reserved");
}, patience);
afterAll(() => here.clean(), patience);

const asAda = (path: string, body?: unknown) =>
  here.ask(path, body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }, "ada", []);
const operate = (path: string, body: unknown, method = "POST") =>
  here.ask(path, { method, body: JSON.stringify(body) });
const view = async (id: string): Promise<ReservationView> =>
  JSON.parse(await (await asAda(`/v1/reservations/${id}`)).text());
const isReady = (id: string) => async () => {
  const { state, cause } = await view(id);
  if (state === "failed") throw new Error(`${id}: ${cause?.message}`);
  return state === "reserved" || state === "in-use";
};

describe("a user", () => {
  test("has a cluster whose nodes have different images and know each other, resets one of them, and ends it", {
    timeout: patience,
  }, async () => {
    const { images } = await here.get<{ images: { id: string; production: string }[] }>("/v1/images");
    const { revisions } = await here.get<{ revisions: { content: { sha256: string; sizeBytes: number } }[] }>(
      `/v1/images/${images[0]?.id}`,
    );
    expect((await operate("/v1/images", { id: "login", ...revisions[0]?.content })).status).toBe(201);
    const roles = [
      { name: "head", image: "login", count: 1 },
      { name: "worker", image: "demo", count: 2 },
    ];
    const pair = newKeyPair("ada");
    writeFileSync(keyFile, pair.private, { mode: 0o600 });
    const wanted = { id: "cluster", roles, publicKey: pair.public };
    expect((await asAda("/v1/reservations", wanted)).status).toBe(201);
    const early = await asAda("/v1/reservations/cluster/connect");
    expect(early.status).toBe(409);
    expect(await early.json()).toMatchObject({ type: "urn:rackwright:problem:not-ready" });
    await eventually(isReady("cluster"), "the cluster", patience);
    const { connections, nodes } = await view("cluster");
    expect(connections.map(({ role }) => role).sort()).toEqual(["head", "worker", "worker"]);
    expect(nodes.map(({ image }) => image).sort()).toEqual(["demo", "demo", "login"]);

    for (const { address, user } of connections) {
      const known = await ssh(address, user, keyFile, "cat /etc/rackwright/members");
      for (const other of connections)
        expect(known).toContain(`${other.address} ${other.node} ${other.role}\n`);
    }

    const [head] = connections.filter(({ role }) => role === "head");
    const node = head?.node ?? "";
    const reset = await asAda("/v1/reservations/cluster/power", { id: "reset-1", node, change: "cycle" });
    expect(reset.status, await reset.clone().text()).toBe(202);
    expect((await asAda("/v1/reservations/cluster/power", { node: "node-99", change: "off" })).status).toBe(
      409,
    );
    const job = async () => (await here.get<{ state: string }>("/v1/jobs/reset-1")).state;
    await eventually(async () => (await job()) === "done", "the reset", patience);
    const after = await here.get<NodeView>(`/v1/nodes/${node}`);
    expect(after).toMatchObject({ state: "in-use", reservation: "cluster" });
    expect((await asAda("/v1/reservations/cluster/end", { reason: "done" })).status).toBe(202);
    await eventually(async () => (await view("cluster")).state === "complete", "the end", patience);
  });

  test("reserves a block of three weeks, and is told of each of its times", {
    timeout: patience,
  }, async () => {
    const week = 7 * 24 * 3_600_000;
    const starts = [1, 2, 3].map((index) => Date.now() + index * week);
    const block = { id: "course", starts, image: "demo", count: 2, minutes: 90 };
    expect((await asAda("/v1/blocks", block)).status).toBe(201);
    expect((await asAda("/v1/blocks", block)).status).toBe(200);
    const { reservations }: { reservations: ReservationSummary[] } = JSON.parse(
      await (await asAda("/v1/reservations")).text(),
    );
    const own = reservations.filter(({ id }) => id.startsWith("course."));
    expect(own.length).toBeGreaterThan(0);
    expect(own.every(({ placed, state }) => state === "new" && placed.length === 2)).toBe(true);
    expect((await asAda("/v1/blocks/course/end", { reason: "no teacher" })).status).toBe(200);
  });

  test("is written to where he has said so: here, that nothing can be promised to him", {
    timeout: patience,
  }, async () => {
    const start = Date.now() + 3_600_000;
    const wanted = { id: "told", image: "demo", class: "none-such", start, email: "ada@example.org" };
    expect((await asAda("/v1/reservations", wanted)).status).toBe(201);
    const letters = () =>
      readdirSync(join(here.data, "mail")).map((file) => readFileSync(join(here.data, "mail", file), "utf8"));
    await eventually(
      () => letters().some((text) => text.includes("Reservation told")),
      "the letter",
      patience,
    );
    const own = letters().filter((text) => text.includes("Reservation told"));
    expect(
      own.every(
        (text) => text.includes("To: ada@example.org") && text.includes("npx rackwright explain told"),
      ),
    ).toBe(true);
  });

  test("does not get a node that is lent to somebody else", { timeout: patience }, async () => {
    const free = await here.get<{ nodes: NodeView[] }>("/v1/nodes");
    for (const { id } of free.nodes)
      expect((await operate(`/v1/nodes/${id}/loan`, { to: "bob", reason: "a test stand" })).status).toBe(200);
    await asAda("/v1/reservations", { id: "lent", image: "demo" });
    expect(await view("lent")).toMatchObject({ state: "new", nodes: [], placed: [] });
    for (const { id } of free.nodes) await operate(`/v1/nodes/${id}/loan`, { to: null, reason: "back" });
    await eventually(isReady("lent"), "the reservation", patience);
    const { answers }: { answers: { answer: string }[] } = JSON.parse(
      await (await asAda("/v1/reservations/lent/explain")).text(),
    );
    expect(answers.length).toBeGreaterThan(0);
  });
});

describe("an operator", () => {
  test("says why before he switches a node that somebody uses", { timeout: patience }, async () => {
    const all = await here.get<{ nodes: NodeView[] }>("/v1/nodes");
    const used = all.nodes.find(({ state }) => state === "in-use")?.id ?? "";
    const silent = await operate(`/v1/nodes/${used}/power`, { change: "off" });
    expect(silent.status).toBe(409);
    expect(await silent.json()).toMatchObject({ type: "urn:rackwright:problem:node-in-use" });
  });

  test("enrols a node by hand, and is refused a second one with its MAC", { timeout: patience }, async () => {
    const bmc = { driver: "exec", address: "none", credential: "bmc/blue" };
    const node = { lab: "blue", class: "by-hand", macs: ["52:54:00:ff:00:01"], bmc };
    expect((await operate("/v1/nodes/hand-01", node, "PUT")).status).toBe(201);
    expect((await operate("/v1/nodes/hand-01", node, "PUT")).status).toBe(200);
    const again = await operate("/v1/nodes/hand-02", node, "PUT");
    expect(again.status).toBe(409);
    expect(await again.text()).toContain("is already that of node hand-01");
  });

  test("retires an image, which nobody can reserve any more, and makes it production again", {
    timeout: patience,
  }, async () => {
    expect((await operate("/v1/images/login/retire", { reason: "too old" })).status).toBe(200);
    const refused = await asAda("/v1/reservations", { image: "login" });
    expect(refused.status).toBe(409);
    expect(await refused.text()).toContain("too old");
    const { production } = await here.get<{ production: string }>("/v1/images/login");
    expect((await operate("/v1/images/login/production", { revision: production })).status).toBe(200);
    expect((await operate("/v1/images/login/production", { revision: "demo:none" })).status).toBe(404);
  });
});
