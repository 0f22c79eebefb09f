import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Client, createClient } from "../../clients/typescript/client.ts";
import { requestOf } from "../../clients/typescript/request.ts";
import { type ScriptedServer, startScriptedServer } from "../support/scripted-server.ts";
import { loading, loadingNode, refuses, says } from "./samples.ts";

let server: ScriptedServer;
let client: Client;
const waitsMs: number[] = [];

beforeAll(async () => {
  server = await startScriptedServer();
  const sleep = async (ms: number) => {
    waitsMs.push(ms);
  };
  client = createClient({ baseUrl: `${server.endpoint}/`, token: "t0ken", sleep });
});
beforeEach(() => {
  waitsMs.length = 0;
});
afterAll(() => server.stop());

const lines = () => server.calls.map(({ line }) => line);
const create = () => client.call("postReservations", { body: { id: "res-1", owner: "ada", image: "demo" } });

describe("a call of the typed client", () => {
  test("puts each option where the API wants it, and shows its token", async () => {
    server.play([says({ entries: [], next: null }), says({ reservation: "a/b", ending: true }, 202)]);
    expect(await client.call("getNodesTimeline", { id: "node-01", after: 7 })).toEqual({
      entries: [],
      next: null,
    });
    await client.call("postReservationsEnd", { id: "a/b", body: { reason: "done" } });
    expect(lines()).toEqual(["GET /v1/nodes/node-01/timeline?after=7", "POST /v1/reservations/a%2Fb/end"]);
    expect(server.calls[1]).toMatchObject({
      body: { reason: "done" },
      headers: { "content-type": "application/json", authorization: "Bearer t0ken" },
    });
  });

  test("goes through a list page by page", async () => {
    server.play([says({ nodes: [loadingNode], next: "n 7" }), says({ nodes: [loadingNode], next: null })]);
    let count = 0;
    for await (const { nodes } of client.pages("getNodes")) count += nodes.length;
    expect(count).toBe(2);
    expect(lines()).toEqual(["GET /v1/nodes", "GET /v1/nodes?next=n+7"]);
  });

  test("gives the status and the version of the answer where they are wanted", async () => {
    server.play([says(loading, 201, { etag: '"2"' })]);
    const reply = await client.reply("getReservationsById", { id: "res-1" });
    expect(reply).toEqual({ status: 201, etag: '"2"', body: loading });
  });

  test("never leads to another operation by an id that changes the path", async () => {
    server.play([]);
    for (const id of ["", ".", ".."])
      await expect(client.call("getNodesById", { id })).rejects.toMatchObject({ status: 404 });
    expect(lines()).toEqual([]);
  });
});

describe("what went wrong", () => {
  test("is told as the problem that the API names", async () => {
    server.play([refuses(409, "the time is taken")]);
    await expect(
      client.call("postReservationsExtend", { id: "res-1", body: { end: 1 } }),
    ).rejects.toMatchObject({
      name: "ProblemError",
      type: "urn:rackwright:problem:refused",
      title: "It cannot be",
      status: 409,
      detail: "the time is taken",
    });
    expect(waitsMs).toEqual([]);
  });

  test("is told as far as it goes when it comes from something in between", async () => {
    server.play([{ status: 403, body: { message: "Forbidden" } }]);
    await expect(client.call("getNodes")).rejects.toMatchObject({ status: 403, detail: "Forbidden" });
  });

  test("is that the API cannot be reached, when nobody answers", async () => {
    server.play(["cut", "cut", "cut", "cut"]);
    await expect(client.call("getNodes")).rejects.toThrow(/GET .*nodes: the API does not answer/);
    expect(waitsMs).toEqual([400, 800, 1600]);
  });
});

describe("a request is made again", () => {
  test("when it reads, and the connection was cut or the API is in trouble", async () => {
    server.play(["cut", refuses(500, "it went wrong here"), says(loading)]);
    expect(await client.call("getReservationsById", { id: "res-1" })).toEqual(loading);
  });

  test("when it creates what has an id of the caller's", async () => {
    server.play(["cut", refuses(503, "not now"), says(loading)]);
    expect(await create()).toEqual(loading);
    expect(server.requests).toEqual(Array(3).fill({ id: "res-1", owner: "ada", image: "demo" }));
  });

  test("after the time that the API asks for, and not at all when that is long", async () => {
    server.play([refuses(429, "slowly", { "retry-after": "7" }), says(loading)]);
    await create();
    expect(waitsMs).toEqual([7000]);
    server.play([refuses(429, "much later", { "retry-after": "3600" })]);
    await expect(create()).rejects.toMatchObject({ status: 429 });
  });

  test("when nobody listens there: nothing was sent", async () => {
    const gone = await startScriptedServer();
    await gone.stop();
    const sleep = async (ms: number) => {
      waitsMs.push(ms);
    };
    const away = createClient({ baseUrl: gone.endpoint, sleep });
    await expect(away.call("postNodesOnline", { id: "node-01", body: { reason: "fixed" } })).rejects.toThrow(
      /ECONNREFUSED/,
    );
    expect(waitsMs).toHaveLength(3);
  });

  test("never when it may have done something that a second one would do again", async () => {
    server.play(["cut"]);
    const issue = { code: "fan", message: "a fan stands still" };
    await expect(client.call("postNodesIssues", { id: "node-01", body: issue })).rejects.toThrow(
      /does not answer/,
    );
    server.play([refuses(500, "it went wrong here")]);
    await expect(client.call("postNodesIssues", { id: "node-01", body: issue })).rejects.toMatchObject({
      status: 500,
    });
    expect(waitsMs).toEqual([]);
  });
});

test("an operation that knows Idempotency-Key is given one, so that its request can be made again", () => {
  const operation = {
    method: "POST",
    path: "/v1/things",
    parameters: [
      { option: "idempotencyKey", in: "header", name: "Idempotency-Key" },
      { option: "ifMatch", in: "header", name: "If-Match" },
    ],
    contentType: "application/json",
  };
  const made = requestOf(operation, { body: {}, ifMatch: '"3"' }, undefined);
  expect(made.mayRepeat).toBe(true);
  expect(made.headers.get("idempotency-key")).toMatch(/^[0-9a-f-]{36}$/);
  expect(made.headers.get("if-match")).toBe('"3"');
  const named = requestOf(operation, { idempotencyKey: "mine" }, undefined);
  expect(named.headers.get("idempotency-key")).toBe("mine");
  expect(requestOf({ ...operation, parameters: [] }, { body: {} }, undefined).mayRepeat).toBe(false);
});
