/** The OpenAPI 3.1 document of the API, made from the schemas that check its requests. Pure. */
import * as z from "zod";
import { mayAsk, type Route, routes, takesVersion } from "./api.ts";
import { contracts } from "./routes.ts";
import { jobView, problemView } from "./views.ts";

type Json = { readonly [key: string]: unknown };

const everywhere = {
  400: "The request is not as it should be: `detail` says where",
  500: "Something unexpected; nothing is half done, ask again",
  503: "Many change the same thing at once: Retry-After says when to ask again",
} as const;

/** Schemas with an id are told once, and referred to. */
function collector() {
  const components: Record<string, unknown> = {};
  const of = (shape: z.ZodType): unknown => {
    const {
      $schema: _,
      $defs = {},
      ...schema
    } = z.toJSONSchema(shape, {
      target: "draft-2020-12",
      io: "input",
      unrepresentable: "any",
      reused: "inline",
    }) as Json & { $defs?: Json };
    for (const [name, each] of Object.entries($defs)) components[name] ??= renamed(each);
    const { id } = schema as { id?: string };
    if (id === undefined) return renamed(schema);
    components[id] ??= renamed(schema);
    return { $ref: `#/components/schemas/${id}` };
  };
  return { components, of };
}

function renamed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(renamed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== "id" || typeof Reflect.get(value, "id") !== "string")
      .map(([key, each]) => [
        key,
        key === "$ref" && typeof each === "string"
          ? each.replace("#/$defs/", "#/components/schemas/")
          : renamed(each),
      ]),
  );
}

export function openApi(): Json {
  const { components, of } = collector();
  const problem = { "application/problem+json": { schema: of(problemView) } };
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const [method = "", path = ""] = route.split(" ");
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation(route, path, problem, of) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Rackwright",
      version: "1",
      description:
        "Lab nodes for a reservation portal. Instants are milliseconds since 1970. Every create takes an id of the caller's or an Idempotency-Key: the same request again changes nothing. One thing comes with its ETag: sent back as If-Match, a change is made to nothing newer.",
    },
    paths,
    security: [{ token: [] }],
    components: {
      securitySchemes: {
        token: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description: "Of the OpenID Connect issuer",
        },
      },
      schemas: Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}

function operation(route: Route, path: string, problem: Json, of: (shape: z.ZodType) => unknown): Json {
  const { is, tag, body, answers, problems = {} } = contracts[route];
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: "path",
      required: true,
      schema: { type: "string" },
    })),
    ...queryOf(route),
    ...headersOf(route).map(([name, description]) => ({
      name,
      in: "header",
      required: false,
      description,
      schema: { type: "string" },
    })),
  ];
  return {
    operationId: operationIdOf(route),
    summary: is,
    tags: [tag],
    ...(mayAsk[route] === null ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: of(body) } } } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, shape]) => [
          status,
          { description: is, content: { "application/json": { schema: of(shape) } } },
        ]),
      ),
      ...Object.fromEntries(
        Object.entries({ ...everywhere, ...refusals(route), ...problems }).map(([status, description]) => [
          status,
          { description, content: problem },
        ]),
      ),
    },
  };
}

/** None has to be given. */
function queryOf(route: Route): readonly Json[] {
  const { query } = contracts[route];
  if (query === undefined) return [];
  const { properties = {} } = z.toJSONSchema(query, { io: "input", unrepresentable: "any" });
  return Object.entries(properties).map(([name, given]) => {
    const { description, ...schema } = typeof given === "object" ? given : {};
    return { name, in: "query", required: false, description, schema };
  });
}

/** What stands in the way of some callers, and of those who have not seen the latest. */
const refusals = (route: Route): Readonly<Record<number, string>> => ({
  ...(mayAsk[route] === null ? {} : { 401: "No token, or none that holds", 403: "Not for this caller" }),
  ...(takesVersion(route) ? { 412: "It is not as If-Match says: read it again" } : {}),
});

/** It makes something that gets a name: the caller's, or one made of his Idempotency-Key, or a new one. */
const takesKey = (route: Route): boolean =>
  route === "POST /v1/reservations" ||
  route === "POST /v1/blocks" ||
  contracts[route].answers[202] === jobView;

const headersOf = (route: Route): readonly (readonly [string, string])[] => [
  ...(takesKey(route)
    ? [
        [
          "Idempotency-Key",
          "The same key of the same caller again changes nothing: it answers as the first time",
        ] as const,
      ]
    : []),
  ...(takesVersion(route) ? [["If-Match", "The ETag that was seen: nothing newer is changed"] as const] : []),
];

/** `POST /v1/reservations/{id}/end` is `postReservationsEnd`. */
function operationIdOf(route: Route): string {
  const [method = "", path = ""] = route.split(" ");
  const words = path
    .replace("/v1/", "")
    .split("/")
    .map((word) => (word.startsWith("{") ? "by-id" : word.replace(".json", "")))
    .filter((word, index, all) => word !== "by-id" || index === all.length - 1)
    .flatMap((word) => word.split("-"));
  return [
    method.toLowerCase(),
    ...words.map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`),
  ].join("");
}
