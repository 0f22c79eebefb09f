/**
 * Ten thousand requests to the API of a running stack, made from its own document, valid and spoiled: nothing breaks it, every
 * refusal says what is wrong, every answer is as the document says.
 */
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Route, routes } from "../../lib/contracts/api.ts";
import { usePlaces } from "../stack/main-job.ts";
import { spoiled, valuesOf } from "../support/from-schema.ts";

const aPlace = usePlaces();
/** Some name a path that is no path of the API: ten thousand are left. */
const requests = 12_500;
const atOnce = 24;

const nasty = fc.oneof(
  fc.constantFrom("..", "%00", "a/b", "'; drop", "🙂", "-1", "null", "__proto__"),
  fc.string({ maxLength: 300 }),
);

/**
 * What there is, by the name of a field: a request about something is worth more than one about nothing. Of a class of
 * which there is no node most of the time, and of one node: the virtual rack is not what is tried here.
 */
const known: Readonly<Record<string, readonly unknown[]>> = {
  id: ["node-12", "fuzz-1", "fuzz-2", "demo", "blue", "course"],
  node: ["node-12"],
  image: ["demo"],
  revision: ["demo:1"],
  class: ["none-such"],
  lab: ["blue", null],
  project: [null, "course"],
  owner: ["operator"],
  start: [null, Date.now() + 3_600_000],
  starts: [[Date.now() + 3_600_000, Date.now() + 7_200_000]],
  end: [Date.now() + 4_000_000],
  count: [1, 2],
  minutes: [5, 60],
  until: [Date.now() + 3_600_000],
};

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: object }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> };
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

  /** A request of that route, as its operation says, or nearly so. */
  const requestOf = (route: Route) => {
    const [method = "", path = ""] = route.split(" ");
    const { parameters = [], requestBody } = document.paths[path]?.[method.toLowerCase()] ?? {
      responses: {},
    };
    const values = (schema: object, field = "") =>
      valuesOf(schema, document.components.schemas, (name) => known[name] ?? [], field);
    const queries = parameters.filter((each) => each.in === "query");
    const [content] = Object.values(requestBody?.content ?? {});
    const valid = content === undefined ? fc.constant(undefined) : values(content.schema);
    const name = fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...(known["id"] ?? []).map(String)) },
      { weight: 1, arbitrary: nasty },
    );
    return fc.record({
      route: fc.constant(route),
      id: name,
      part: name,
      ifMatch: fc.option(fc.constantFrom('"1"', "*", "nothing", '"99999"'), { nil: undefined, freq: 1 }),
      key: fc.option(fc.constantFrom("k1", "k2", "🙂 key"), { nil: undefined, freq: 1 }),
      query: fc.record(
        Object.fromEntries(
          queries.map(({ name: each, schema }) => [
            each,
            fc.oneof(
              { weight: 3, arbitrary: values(schema, each).map(String) },
              { weight: 1, arbitrary: nasty },
            ),
          ]),
        ),
        { requiredKeys: [] },
      ),
      body: fc.oneof(
        { weight: 6, arbitrary: valid.map((value) => JSON.stringify(value)) },
        { weight: 5, arbitrary: valid.chain(spoiled).map((value) => JSON.stringify(value)) },
        { weight: 1, arbitrary: fc.string({ maxLength: 200 }) },
      ),
    });
  };

  const statuses = new Map<number, number>();
  const served = new Set<Route>();
  const waiting = fc.sample(fc.oneof(...routes.map(requestOf)), { numRuns: requests, seed: 20_261_121 });
  const one = async ({
    route,
    id,
    part,
    ifMatch,
    key,
    query,
    body: text,
  }: (typeof waiting)[number]): Promise<void> => {
    const [method = "", pattern = ""] = route.split(" ");
    // A dot or nothing is another path.
    if ([id, part].some((name) => name === "" || /^[.]+$/.test(name))) return;
    const path = pattern
      .replace("{id}", encodeURIComponent(id))
      .replace(/[{](issue|machine)[}]/, encodeURIComponent(part));
    // Ten thousand long polls of up to twenty seconds would be another test.
    const asked = { ...query, ...("waitSeconds" in query ? { waitSeconds: "0" } : {}) };
    const search = new URLSearchParams(asked).toString();
    const response = await place.ask(`${path}${search === "" ? "" : `?${search}`}`, {
      method,
      headers: {
        ...(ifMatch === undefined ? {} : { "if-match": ifMatch }),
        ...(key === undefined ? {} : { "idempotency-key": encodeURIComponent(key) }),
      },
      ...(method === "GET" || text === undefined ? {} : { body: text }),
    });
    const what = `${method} ${path}?${search} ${String(text).slice(0, 300)}`;
    const answer: unknown = JSON.parse(await response.text());
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
    if (response.status < 300) served.add(route);
    expect(response.status, `${what}: ${JSON.stringify(answer)}`).toBeLessThan(500);
    if (response.status >= 400) {
      expect(response.headers.get("content-type"), what).toBe("application/problem+json");
      expect(answer, what).toMatchObject({
        type: expect.stringMatching(/^urn:rackwright:problem:[a-z-]+$/),
        status: response.status,
        detail: expect.stringMatching(/./),
      });
      if (response.status === 429) expect(response.headers.get("retry-after"), what).toMatch(/^\d+$/);
    }
    expect(documented(route, response.status, answer), `${what}: ${response.status}`).toBeNull();
  };
  const crew = Array.from({ length: atOnce }, async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await one(next);
  });
  await Promise.all(crew);
  process.stdout.write(`answers by status: ${JSON.stringify(Object.fromEntries([...statuses].sort()))}\n`);
  expect([...statuses.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(10_000);
  const good = [...statuses].reduce((sum, [status, count]) => (status < 300 ? sum + count : sum), 0);
  expect(good).toBeGreaterThan(1000);
  expect(statuses.get(400)).toBeGreaterThan(1000);
  // Valid requests are valid: most routes did what they are for.
  process.stdout.write(`served by ${served.size} of ${routes.length} routes\n`);
  expect(served.size).toBeGreaterThan(routes.length / 2);
});
