/** Asked twice, or of something that has changed meanwhile: nothing is done twice, and nothing newer is changed. */
import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { openIssue } from "../../lib/app/hardware-log.ts";
import { type Route, routes, takesVersion } from "../../lib/contracts/api.ts";
import { openApi } from "../../lib/contracts/openapi.ts";
import { ada, ask, bob, grace, type Told } from "./asking.ts";
import { MemoryLab } from "./lab.ts";

const lab = new MemoryLab();
const by = { kind: "operator", name: "grace" } as const;
let issue = "";

beforeAll(async () => {
  await lab.open(4);
  for (const id of ["his", "theirs"]) {
    const body = { id, image: "demo", count: 1, minutes: 600 };
    expect((await ask(lab.app, id === "his" ? ada : bob, "POST /v1/reservations", { body })).status).toBe(
      201,
    );
  }
  await lab.until(
    async () => (await lab.isIn("his", "reserved")()) && (await lab.isIn("theirs", "reserved")()),
  );
  const project = { members: ["ada"], quota: { nodesAtOnce: 2, hoursAhead: 24, longestMinutes: 120 } };
  await ask(lab.app, grace, "PUT /v1/projects/{id}", { id: "course", body: project });
  const block = { id: "tuesdays", starts: [lab.now + 40 * 24 * 3_600_000], image: "demo" };
  await ask(lab.app, ada, "POST /v1/blocks", { body: block });
  const trouble = { code: "fan", message: "it rattles", blocking: false, evidence: [] };
  issue = (await openIssue(lab.app, "node-04", trouble, by))?.issue.id ?? "";
});

const nodeOf = async (reservation: string): Promise<string> =>
  (await lab.reservation(reservation)).nodes[0] ?? "";

const operation = z.object({
  operationId: z.string(),
  parameters: z.array(z.object({ name: z.string() })).optional(),
});
const openApiShape = z.object({ paths: z.record(z.string(), z.record(z.string(), operation)) });

const reason = { reason: "because" };
/** What is changed, and a body that would change it. */
const changes: Readonly<
  Partial<Record<Route, () => Promise<{ id: string; issue?: string; body: unknown }>>>
> = {
  "POST /v1/images/{id}/try": async () => ({ id: "demo", body: { revision: "demo:abababababab" } }),
  "POST /v1/images/{id}/production": async () => ({ id: "demo", body: { revision: "demo:abababababab" } }),
  "POST /v1/images/{id}/retire": async () => ({ id: "demo", body: reason }),
  "POST /v1/images/{id}/keep": async () => ({ id: "demo", body: { keep: null } }),
  "PUT /v1/projects/{id}": async () => ({
    id: "course",
    body: { members: [], quota: { nodesAtOnce: 1, hoursAhead: 1, longestMinutes: 1 } },
  }),
  "POST /v1/blocks/{id}/end": async () => ({ id: "tuesdays", body: reason }),
  "POST /v1/reservations/{id}/power": async () => ({
    id: "his",
    body: { node: await nodeOf("his"), change: "cycle" },
  }),
  "POST /v1/reservations/{id}/capture": async () => ({ id: "his", body: { comment: "mine" } }),
  "POST /v1/reservations/{id}/extend": async () => ({
    id: "his",
    body: { end: (await lab.reservation("his")).end + 60_000 },
  }),
  "POST /v1/reservations/{id}/end": async () => ({ id: "his", body: reason }),
  "PUT /v1/nodes/{id}": async () => ({
    id: "node-04",
    body: {
      lab: "blue",
      class: "other",
      macs: ["52:54:00:00:00:03"],
      bmc: { driver: "redfish", address: "https://node-04", credential: "bmc/blue" },
    },
  }),
  "POST /v1/nodes/{id}/issues/{issue}/close": async () => ({ id: "node-04", issue, body: reason }),
  "POST /v1/nodes/{id}/identify": async () => ({ id: "node-04", body: {} }),
  "POST /v1/nodes/{id}/power": async () => ({ id: "node-04", body: { change: "off" } }),
  "POST /v1/nodes/{id}/reload": async () => ({ id: "node-04", body: { image: "demo" } }),
  "POST /v1/nodes/{id}/capture": async () => ({ id: await nodeOf("his"), body: { comment: "mine" } }),
  "POST /v1/nodes/{id}/bios": async () => ({ id: "node-04", body: {} }),
  "POST /v1/nodes/{id}/burn-in": async () => ({ id: "node-04", body: {} }),
  "POST /v1/nodes/{id}/rescue": async () => ({ id: "node-04", body: {} }),
  "POST /v1/nodes/{id}/rescue/end": async () => ({ id: "node-04", body: reason }),
  "POST /v1/nodes/{id}/loan": async () => ({ id: "node-04", body: { to: "bob", reason: "a test" } }),
  "POST /v1/nodes/{id}/offline": async () => ({ id: "node-04", body: reason }),
  "POST /v1/nodes/{id}/online": async () => ({ id: "node-04", body: reason }),
  "POST /v1/nodes/{id}/give-back": async () => ({ id: "node-04", body: reason }),
};

describe("what has changed since its ETag was seen is not changed", () => {
  test.each(routes.filter(takesVersion))("%s", async (route) => {
    const given = await changes[route]?.();
    if (given === undefined) throw new Error(`no change is known for ${route}: write one above`);
    const before = JSON.stringify([
      await lab.nodes(),
      await lab.reservation("his"),
      await lab.store.read("job", "job-1"),
    ]);
    const caller = route.includes("/reservations/") || route.includes("/blocks/") ? ada : grace;
    const told = await ask(lab.app, caller, route, { ...given, ifVersion: 999_999 });
    expect(told.status, JSON.stringify(told.body)).toBe(412);
    expect(told.body).toMatchObject({
      type: "urn:rackwright:problem:other-version",
      detail: expect.any(String),
    });
    const after = JSON.stringify([
      await lab.nodes(),
      await lab.reservation("his"),
      await lab.store.read("job", "job-1"),
    ]);
    expect(after).toBe(before);
  });

  test("with the ETag that was seen it is", async () => {
    const seen = await ask(lab.app, grace, "GET /v1/nodes/{id}", { id: "node-04" });
    const ifVersion = Number(seen.etag?.slice(1, -1));
    const change = await changes["PUT /v1/nodes/{id}"]?.();
    const told = await ask(lab.app, grace, "PUT /v1/nodes/{id}", { ...change, ifVersion });
    expect(told.status).toBe(200);
    expect(told.body).toMatchObject({ class: "other", version: ifVersion + 1 });
  });
});

describe("the same Idempotency-Key", () => {
  const idOf = ({ body }: Told): unknown => body["id"];

  test("is taken wherever something is made that gets a name", () => {
    const taking = Object.values(openApiShape.parse(openApi()).paths)
      .flatMap((path) => Object.values(path))
      .filter(({ parameters = [] }) => parameters.some(({ name }) => name === "Idempotency-Key"))
      .map(({ operationId }) => operationId);
    expect(taking.sort()).toEqual([
      "postBlocks",
      "postImagesTry",
      "postNodesBios",
      "postNodesBurnIn",
      "postNodesCapture",
      "postNodesIdentify",
      "postNodesPower",
      "postNodesReload",
      "postNodesRescue",
      "postReservations",
      "postReservationsCapture",
      "postReservationsPower",
    ]);
  });

  test("is the same job, whoever looks; of another caller it is another one; for something else it is refused", async () => {
    const power = async (caller: typeof ada, of: string, key: string) =>
      ask(lab.app, caller, "POST /v1/reservations/{id}/power", {
        id: of,
        key,
        body: { node: await nodeOf(of), change: "cycle" },
      });
    const first = await power(ada, "his", "Press #1");
    expect(first.status, JSON.stringify(first.body)).toBe(202);
    expect(idOf(await power(ada, "his", "Press #1"))).toBe(idOf(first));
    const bobs = await power(bob, "theirs", "Press #1");
    expect(bobs.status).toBe(202);
    expect(idOf(bobs)).not.toBe(idOf(first));
    const other = await ask(lab.app, grace, "POST /v1/nodes/{id}/power", {
      id: "node-03",
      body: { id: String(idOf(first)), change: "off" },
    });
    expect([other.status, other.body["type"]]).toEqual([409, "urn:rackwright:problem:id-taken"]);
    const read = async (caller: typeof ada) =>
      (await ask(lab.app, caller, "GET /v1/jobs/{id}", { id: String(idOf(first)) })).status;
    expect([await read(ada), await read(bob), await read(grace)]).toEqual([200, 404, 200]);
  });

  test("is the same block", async () => {
    const body = { starts: [lab.now + 3_600_000], image: "demo" };
    const [first, second] = [
      await ask(lab.app, ada, "POST /v1/blocks", { body, key: "k" }),
      await ask(lab.app, ada, "POST /v1/blocks", { body, key: "k" }),
    ];
    expect([first?.status, second?.status]).toEqual([201, 200]);
    expect(second && idOf(second)).toBe(first && idOf(first));
    const others = await ask(lab.app, bob, "POST /v1/blocks", { body, key: "k" });
    expect(others.status).toBe(201);
    const list = await ask(lab.app, bob, "GET /v1/blocks");
    expect(list.body).toMatchObject({ blocks: [{ owner: "bob" }], next: null });
  });
});

test("a refusal names the field, as data", async () => {
  const told = await ask(lab.app, ada, "POST /v1/reservations", {
    body: { roles: [{ name: "head", image: "demo", count: 0 }], minutes: "long" },
  });
  expect(told.status).toBe(400);
  expect(told.body["errors"]).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ pointer: "#/roles/0/count" }),
      expect.objectContaining({ pointer: "#/minutes" }),
    ]),
  );
  const early = await ask(lab.app, ada, "POST /v1/reservations", { body: { image: "demo", start: 1 } });
  expect([early.status, early.body["errors"]]).toEqual([
    422,
    [expect.objectContaining({ pointer: "#/start" })],
  ]);
  const query = await ask(lab.app, ada, "GET /v1/availability", { query: { count: "none" } });
  expect(query.body["errors"]).toEqual([expect.objectContaining({ parameter: "count" })]);
});

test("a block of which no time could ever be reserved is refused at once, with why", async () => {
  const block = (more: object) =>
    ask(lab.app, ada, "POST /v1/blocks", {
      body: { id: "never", starts: [lab.now + 3_600_000], image: "demo", ...more },
    });
  const unknown = await block({ image: "no-such" });
  expect([unknown.status, unknown.body["type"]]).toEqual([422, "urn:rackwright:problem:image-unknown"]);
  const long = await block({ project: "course", minutes: 121 });
  expect([long.status, long.body["type"]]).toEqual([422, "urn:rackwright:problem:too-long"]);
  const list = await ask(lab.app, ada, "GET /v1/blocks");
  expect(JSON.stringify(list.body)).not.toContain("never");
});

test("a lab file of which a node is refused is answered with a problem that says why, and what is done", async () => {
  const bmc = { driver: "redfish", address: "https://other", credential: "bmc/blue" };
  const body = {
    schema: "rackwright.lab/1",
    lab: "green",
    controllers: ["mi-0123456789abcdef1"],
    nodes: [{ id: "node-01", macs: ["52:54:00:00:09:09"], bmc }],
  };
  const told = await ask(lab.app, grace, "POST /v1/labs", { body });
  expect([told.status, told.body["type"]]).toEqual([409, "urn:rackwright:problem:node-refused"]);
  expect(told.body["detail"]).toMatch(/^node node-01 belongs to lab blue.* 0 nodes are enrolled, 0 changed/);
});

test("what cannot be part of an issue's name is no code of one, and is said so", async () => {
  const body = { code: "fan-", message: "it rattles", blocking: false };
  const told = await ask(lab.app, grace, "POST /v1/nodes/{id}/issues", { id: "node-03", body });
  expect([told.status, told.body["errors"]]).toEqual([400, [expect.objectContaining({ pointer: "#/code" })]]);
});
