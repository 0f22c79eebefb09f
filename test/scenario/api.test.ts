/**
 * Ten thousand requests to the API of a running stack, valid and hostile, from its own document: nothing breaks it, every
 * refusal says what is wrong, every answer is as the document says.
 */
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Route, routes } from "../../lib/contracts/api.ts";
import { usePlaces } from "../stack/main-job.ts";

const aPlace = usePlaces();
/** Some name a path that is no path of the API: ten thousand are left. */
const requests = 12_500;
const atOnce = 24;

/** Nodes that are taken, ended or imported anew would be another test. */
const left: readonly Route[] = ["POST /v1/labs", "POST /v1/images"];

const nasty = fc.oneof(
  fc.constantFrom(
    "node-01",
    "res-none",
    "blue",
    "..",
    "%00",
    "a/b",
    "'; drop",
    "🙂",
    "-1",
    "null",
    "__proto__",
  ),
  fc.string({ maxLength: 300 }),
);
const instants = fc.oneof(fc.constant(Date.now() + 3_600_000), fc.integer(), fc.constant(8.64e15));
const body = fc.oneof(
  fc.record({ reason: fc.oneof(fc.constant("because"), nasty) }),
  fc.record({ end: instants }),
  fc.record(
    {
      owner: fc.oneof(fc.constant("ada"), nasty),
      image: fc.oneof(fc.constant("demo"), nasty),
      count: fc.oneof(fc.integer({ min: 30, max: 40 }), fc.integer()),
      minutes: fc.oneof(fc.constant(5), fc.integer()),
      start: fc.oneof(fc.constant(null), instants),
      class: fc.oneof(fc.constant("none-such"), nasty),
      publicKey: fc.oneof(fc.constant(null), nasty),
    },
    { requiredKeys: ["owner", "image", "class"] },
  ),
  fc.record({ code: nasty, message: nasty, blocking: fc.constant(false) }),
  fc.jsonValue({ maxDepth: 4 }),
);
const request = fc.record({
  route: fc.constantFrom(...routes.filter((route) => !left.includes(route))),
  id: nasty,
  issue: nasty,
  ifMatch: fc.option(fc.constantFrom('"1"', "*", "nothing", '"99999"'), { nil: undefined, freq: 1 }),
  query: fc.option(
    fc.dictionary(fc.constantFrom("next", "after", "x", "count", "class", "owner"), nasty, { maxKeys: 2 }),
    { nil: {} },
  ),
  body: fc.oneof(
    { weight: 8, arbitrary: body.map((value) => JSON.stringify(value)) },
    fc.string({ maxLength: 200 }),
  ),
});

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}

test("no request breaks the API, every refusal is a problem document, every answer is as documented", async () => {
  const place = aPlace();
  const run = await place.start("--count", "1");
  await run.until(({ event, to }) => event === "reservation" && to === "reserved");
  const document = await place.get<{
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: Record<string, object> };
  }>("/v1/openapi.json");
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: "api", components: document.components });
  const documented = (route: Route, status: number, value: unknown): string | null => {
    const [method = "", path = ""] = route.split(" ");
    const { content } = document.paths[path]?.[method.toLowerCase()]?.responses[status] ?? {};
    const [media] = Object.values(content ?? {});
    if (media === undefined) return `${status} is not documented`;
    const schema = JSON.parse(JSON.stringify(media.schema).replaceAll('"#/components', '"api#/components'));
    return ajv.validate(schema, value) ? null : ajv.errorsText();
  };

  const statuses = new Map<number, number>();
  const waiting = fc.sample(request, { numRuns: requests, seed: 20_261_121 });
  const one = async ({
    route,
    id,
    issue,
    ifMatch,
    query,
    body: text,
  }: (typeof waiting)[number]): Promise<void> => {
    const [method = "", pattern = ""] = route.split(" ");
    const path = pattern
      .replace("{id}", encodeURIComponent(id))
      .replace("{issue}", encodeURIComponent(issue));
    // A dot or nothing is another path.
    if (id === "" || issue === "" || /^[.]+$/.test(id) || /^[.]+$/.test(issue)) return;
    const search = new URLSearchParams(query).toString();
    const response = await place.ask(`${path}${search === "" ? "" : `?${search}`}`, {
      method,
      headers: ifMatch === undefined ? {} : { "if-match": ifMatch },
      ...(method === "GET" ? {} : { body: text }),
    });
    const what = `${method} ${path}?${search} ${text.slice(0, 300)}`;
    const answer: unknown = JSON.parse(await response.text());
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
    expect(response.status, `${what}: ${JSON.stringify(answer)}`).toBeLessThan(500);
    if (response.status >= 400) {
      expect(response.headers.get("content-type"), what).toBe("application/problem+json");
      expect(answer, what).toMatchObject({
        type: expect.stringMatching(/^urn:rackwright:problem:[a-z-]+$/),
        status: response.status,
        detail: expect.stringMatching(/./),
      });
    }
    expect(documented(route, response.status, answer), `${what}: ${response.status}`).toBeNull();
  };
  const crew = Array.from({ length: atOnce }, async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await one(next);
  });
  await Promise.all(crew);
  process.stdout.write(`answers by status: ${JSON.stringify(Object.fromEntries([...statuses].sort()))}\n`);
  expect([...statuses.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(10_000);
  expect(statuses.get(200)).toBeGreaterThan(100);
  expect(statuses.get(400)).toBeGreaterThan(100);
});
