/** Who may do what, cell by cell, on a living stack with real tokens: role × route × his own, somebody else's, none. */
import { generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mayAsk, type Route, routes } from "../../lib/contracts/api.ts";
import type { ReservationSummary, ReservationView } from "../../lib/contracts/reservation-views.ts";
import type { Role } from "../../lib/core/caller.ts";
import { audience, issuerPath } from "../../lib/local/issuer.ts";
import { eventually } from "../support/stack.ts";
import { Place } from "./main-job.ts";

const here = new Place();
const patience = 120_000;
const callers: readonly (readonly [who: string, groups: string[], role: Role])[] = [
  ["ada", [], "user"],
  ["grace", ["operator"], "operator"],
  ["mi-blue", ["lab-controller"], "lab-controller"],
];
const whose = ["ada", "bob"] as const;

beforeAll(async () => {
  const run = await here.start("--count", "1");
  await run.until(({ event, to }) => event === "reservation" && to === "reserved");
  for (const owner of whose) {
    const post = async (path: string, body: object, status: number) => {
      const made = await here.ask(path, { method: "POST", body: JSON.stringify(body) }, owner, []);
      expect(made.status, await made.clone().text()).toBe(status);
    };
    await post("/v1/reservations", { id: `of-${owner}`, image: "demo", class: "none-such" }, 201);
    const starts = [Date.now() + 24 * 3_600_000];
    await post("/v1/blocks", { id: `block-of-${owner}`, starts, image: "demo", class: "none-such" }, 201);
    await post("/v1/reservations", { id: `ready-of-${owner}`, image: "demo", minutes: 600 }, 201);
    const view = () => here.get<ReservationView>(`/v1/reservations/ready-of-${owner}`);
    await eventually(async () => (await view()).state === "reserved", `the node of ${owner}`, patience);
    const node = (await view()).nodes[0]?.id ?? "";
    nodeOf.set(owner, node);
    const job = { id: `job-of-${owner}`, node, change: "cycle" };
    await post(`/v1/reservations/ready-of-${owner}/power`, job, 202);
  }
}, 2 * patience);
afterAll(() => here.clean(), patience);

/** Bodies that are refused for what they are, so that nothing is changed by asking. */
const ask = (route: Route, id: string, who: string, groups: string[]) => {
  const [method = "", pattern = ""] = route.split(" ");
  const path = pattern.replace("{id}", id).replace("{issue}", "none").replace("{machine}", "none");
  return here.ask(path, { method, ...(method === "GET" ? {} : { body: "{}" }) }, who, groups);
};

const nodeOf = new Map<string, string>();
/** Routes about something that is somebody's, and by what id. */
const idOf = (route: Route, owner: string): string | null => {
  if (route.includes("/v1/reservations/{id}")) return `of-${owner}`;
  if (route.includes("/v1/blocks/{id}")) return `block-of-${owner}`;
  if (route.includes("/v1/jobs/{id}")) return `job-of-${owner}`;
  return route.includes("/v1/nodes/{id}/console") ? (nodeOf.get(owner) ?? "") : null;
};

describe("who may do what", () => {
  for (const route of routes) {
    for (const [who, groups, role] of callers) {
      for (const owner of idOf(route, "") !== null ? whose : [null]) {
        const may = mayAsk[route];
        const allowed = may === null || may.includes(role);
        const hidden = owner !== null && role === "user" && owner !== who;
        const what = owner === null ? route : `${route} of ${owner}`;
        test(`${role} ${who}, ${what}: ${allowed ? (hidden ? "not there" : "yes") : "no"}`, async () => {
          const answer = await ask(route, owner === null ? "none" : (idOf(route, owner) ?? ""), who, groups);
          const text = await answer.text();
          if (!allowed) expect(answer.status, text).toBe(403);
          else if (hidden) expect(answer.status, text).toBe(404);
          else expect([200, 400, 404, 409, 422], text).toContain(answer.status);
          if (allowed && owner !== null && !hidden) expect(answer.status, text).not.toBe(404);
        });
      }
    }
    test(`nobody, ${route}: ${mayAsk[route] === null ? "yes" : "no"}`, async () => {
      const [method = "", path = ""] = route.split(" ");
      const { status } = await fetch(`${here.api}${path}`, { method });
      expect(status).toBe(mayAsk[route] === null ? 200 : 401);
    });
  }
});

describe("a token", () => {
  test("that another key has signed, that is for somebody else, or that is over, is none", async () => {
    const { privateKey } = await generateKeyPair("ES256");
    const signed = (to: string, until: string) =>
      new SignJWT({ groups: ["operator"] })
        .setProtectedHeader({ alg: "ES256" })
        .setSubject("grace")
        .setIssuer(`${here.api}${issuerPath}`)
        .setAudience(to)
        .setExpirationTime(until)
        .sign(privateKey);
    for (const token of [await signed(audience, "1h"), await signed("others", "1h"), "no.token.atall", ""]) {
      const headers = { authorization: `Bearer ${token}` };
      expect((await fetch(`${here.api}/v1/nodes`, { headers })).status).toBe(401);
    }
  });
});

describe("a user", () => {
  const asAda = (path: string, init: RequestInit = {}) => here.ask(path, init, "ada", []);
  const post = (body: unknown, headers = {}) => ({ method: "POST", body: JSON.stringify(body), headers });

  test("lists his own reservations, an operator everybody's", async () => {
    const own: { reservations: ReservationSummary[] } = JSON.parse(
      await (await asAda("/v1/reservations")).text(),
    );
    expect(new Set(own.reservations.map(({ owner }) => owner))).toEqual(new Set(["ada"]));
    const all = await here.get<{ reservations: ReservationSummary[] }>("/v1/reservations");
    expect(new Set(all.reservations.map(({ owner }) => owner)).size).toBeGreaterThan(2);
    const bobs = await here.get<{ reservations: ReservationSummary[] }>("/v1/reservations?owner=bob");
    expect(bobs.reservations.map(({ id }) => id)).toEqual(["of-bob", "ready-of-bob", "block-of-bob.1"]);
  });

  test("reserves in his own name only, and needs not say it", async () => {
    const forBob = await asAda("/v1/reservations", post({ owner: "bob", image: "demo", class: "none-such" }));
    expect(forBob.status).toBe(403);
    expect(await forBob.json()).toMatchObject({ type: "urn:rackwright:problem:not-yours" });
    const own = await asAda("/v1/reservations", post({ image: "demo", class: "none-such" }));
    expect(await own.json()).toMatchObject({ owner: "ada" });
  });

  test("cannot find out what stands behind an id that is somebody else's", async () => {
    const taken = await asAda("/v1/reservations", post({ id: "of-bob", image: "demo", class: "none-such" }));
    expect(taken.status).toBe(409);
    expect(await taken.text()).not.toContain('"owner"');
  });

  test("asks twice with the same Idempotency-Key and has one reservation; another caller's key is another one", async () => {
    const once = () =>
      asAda("/v1/reservations", post({ image: "demo", class: "none-such" }, { "idempotency-key": "k1" }));
    const [first, second] = [await once(), await once()];
    expect([first.status, second.status]).toEqual([201, 200]);
    const views: ReservationView[] = [JSON.parse(await first.text()), JSON.parse(await second.text())];
    expect(views[1]?.id).toBe(views[0]?.id);
    const other = await here.ask(
      "/v1/reservations",
      post({ image: "demo", class: "none-such" }, { "idempotency-key": "k1" }),
      "bob",
      [],
    );
    expect(other.status).toBe(201);
    const differs = await asAda(
      "/v1/reservations",
      post({ image: "demo", class: "other" }, { "idempotency-key": "k1" }),
    );
    expect(differs.status).toBe(409);
  });

  test("changes nothing newer than what he has seen", async () => {
    const seen = await asAda("/v1/reservations/of-ada");
    const etag = seen.headers.get("etag") ?? "";
    expect(etag).toMatch(/^"\d+"$/);
    const end = (ifMatch: string) =>
      asAda("/v1/reservations/of-ada/end", post({ reason: "done" }, { "if-match": ifMatch }));
    expect((await end('"1"')).status).toBe(412);
    expect((await end("1")).status).toBe(400);
    const { reservation } = { reservation: await asAda("/v1/reservations/of-ada") };
    expect((await end(reservation.headers.get("etag") ?? "")).status).toBe(202);
  });

  test("has his project's quota, and is told when it is spent", async () => {
    const project = { members: ["ada"], quota: { nodesAtOnce: 2, hoursAhead: 24, longestMinutes: 120 } };
    const put = (who: string, groups: string[]) =>
      here.ask("/v1/projects/course", { method: "PUT", body: JSON.stringify(project) }, who, groups);
    expect((await put("ada", [])).status).toBe(403);
    expect((await put("grace", ["operator"])).status).toBe(200);
    const reserve = (body: object) =>
      asAda("/v1/reservations", post({ image: "demo", class: "none-such", project: "course", ...body }));
    expect((await reserve({ count: 2, id: "quota-1" })).status).toBe(201);
    const spent = await reserve({ count: 1 });
    expect([spent.status, spent.headers.get("retry-after")]).toEqual([429, "60"]);
    expect(await spent.json()).toMatchObject({ type: "urn:rackwright:problem:quota-spent" });
    expect((await reserve({ minutes: 121 })).status).toBe(422);
    expect((await reserve({ start: Date.now() + 25 * 3_600_000 })).status).toBe(422);
    expect((await asAda("/v1/reservations/quota-1/end", post({ reason: "done" }))).status).toBe(202);
    expect((await reserve({ count: 1 })).status).toBe(201);
    const bob = await here.ask(
      "/v1/reservations",
      post({ image: "demo", class: "none-such", project: "course" }),
      "bob",
      [],
    );
    expect(bob.status).toBe(403);
  });
});

test("three calls, found in the API document alone, are all that a portal's main page needs", async () => {
  interface Operation {
    readonly operationId: string;
    readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  }
  const document: { paths: Record<string, Record<string, Operation>> } = JSON.parse(
    await (await fetch(`${here.api}/v1/openapi.json`)).text(),
  );
  let calls = 0;
  /** By its operation, with what that takes in the path and in the query. */
  async function call<T>(operationId: string, given: Readonly<Record<string, string>> = {}): Promise<T> {
    calls += 1;
    const found = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, each]) =>
        each.operationId === operationId ? [{ path, method, parameters: each.parameters ?? [] }] : [],
      ),
    );
    const [{ path, method, parameters }] = found as [(typeof found)[number]];
    const query = new URLSearchParams();
    for (const { name, in: place } of parameters)
      if (place === "query" && given[name] !== undefined) query.set(name, given[name]);
    const url = `${path.replace("{id}", given["id"] ?? "")}?${query}`;
    const body = method === "get" ? {} : { body: JSON.stringify({ reason: "done" }) };
    return JSON.parse(
      await (await here.ask(url, { method: method.toUpperCase(), ...body }, "bob", [])).text(),
    );
  }
  const can = await call<{
    classes: { class: string; free: number; soonest: number | null }[];
    images: string[];
  }>("getAvailability", { class: "standard", count: "2", minutes: "60" });
  expect(can.images).toContain("demo");
  expect(can.classes[0]).toMatchObject({ class: "standard", free: expect.any(Number) });
  expect(can.classes[0]?.soonest).not.toBeNull();
  const has = await call<{ reservations: ReservationSummary[] }>("getReservations");
  const ready = has.reservations.find(({ state }) => state === "reserved" || state === "in-use");
  expect(ready).toMatchObject({ id: "ready-of-bob", end: expect.any(Number), nodes: [nodeOf.get("bob")] });
  const { connections } = await call<{ connections: { address: string; user: string }[] }>(
    "getReservationsConnect",
    { id: ready?.id ?? "" },
  );
  expect(connections).toEqual([expect.objectContaining({ address: expect.any(String), user: "student" })]);
  expect(calls).toBe(3);
  // What its buttons do is one call each.
  expect(await call("postReservationsEnd", { id: ready?.id ?? "" })).toMatchObject({ ending: true });
});
