/** Who may do what, cell by cell, on a living stack with real tokens: role × route × his own, somebody else's, none. */
import { generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mayAsk, type Route, routes } from "../../lib/contracts/api.ts";
import type { ReservationSummary, ReservationView } from "../../lib/contracts/views.ts";
import type { Role } from "../../lib/core/caller.ts";
import { audience, issuerPath } from "../../lib/local/issuer.ts";
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
    const body = JSON.stringify({ id: `of-${owner}`, owner, image: "demo", class: "none-such" });
    const made = await here.ask("/v1/reservations", { method: "POST", body });
    expect(made.status, await made.clone().text()).toBe(201);
  }
}, patience);
afterAll(() => here.clean(), patience);

/** Bodies that are refused for what they are, so that nothing is changed by asking. */
const ask = (route: Route, id: string, who: string, groups: string[]) => {
  const [method = "", pattern = ""] = route.split(" ");
  const path = pattern.replace("{id}", id).replace("{issue}", "none").replace("{machine}", "none");
  return here.ask(path, { method, ...(method === "GET" ? {} : { body: "{}" }) }, who, groups);
};

const isOfReservation = (route: Route): boolean => route.includes("/v1/reservations/{id}");

describe("who may do what", () => {
  for (const route of routes) {
    for (const [who, groups, role] of callers) {
      for (const owner of isOfReservation(route) ? whose : [null]) {
        const may = mayAsk[route];
        const allowed = may === null || may.includes(role);
        const hidden = owner !== null && role === "user" && owner !== who;
        const what = owner === null ? route : `${route} of ${owner}`;
        test(`${role} ${who}, ${what}: ${allowed ? (hidden ? "not there" : "yes") : "no"}`, async () => {
          const answer = await ask(route, owner === null ? "none" : `of-${owner}`, who, groups);
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
    expect(own.reservations.map(({ owner }) => owner)).toEqual(["ada"]);
    const all = await here.get<{ reservations: ReservationSummary[] }>("/v1/reservations");
    expect(new Set(all.reservations.map(({ owner }) => owner)).size).toBeGreaterThan(2);
    const bobs = await here.get<{ reservations: ReservationSummary[] }>("/v1/reservations?owner=bob");
    expect(bobs.reservations.map(({ id }) => id)).toEqual(["of-bob"]);
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

test("three calls are all that a portal's main page needs: what can I have, what do I have, end it", async () => {
  const asked = async <T>(path: string): Promise<T> =>
    JSON.parse(await (await here.ask(path, {}, "ada", [])).text());
  const can = await asked<{
    classes: { class: string; free: number; soonest: number | null }[];
    images: string[];
  }>("/v1/availability?class=standard&count=2");
  expect(can.images).toEqual(["demo"]);
  expect(can.classes[0]).toMatchObject({ class: "standard", free: 11 });
  expect(can.classes[0]?.soonest).not.toBeNull();
  const has = await asked<{ reservations: ReservationSummary[] }>("/v1/reservations");
  expect(has.reservations.every((each) => "nodes" in each && "state" in each && "end" in each)).toBe(true);
  // The third call is one of connect and end, by the id that the second one named.
});
