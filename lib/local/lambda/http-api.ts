/** API Gateway's HTTP API, payload format 2.0 (API Gateway Developer Guide, “Create AWS Lambda proxy integrations”). */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import * as z from "zod";
import { listenOn, readBody } from "../http.ts";
import { type Authorizer, jwtAuthorizer } from "./authorizer.ts";
import { contextOf, type Route } from "./triggers.ts";

const longestBodyBytes = 10 * 1024 * 1024;

const structured = z.looseObject({
  statusCode: z.int(),
  headers: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  body: z.string().optional(),
  isBase64Encoded: z.boolean().optional(),
});

interface Matched {
  readonly route: Route;
  readonly parameters: Record<string, string>;
}

export interface HttpApi {
  readonly port: number;
  readonly routes: readonly Route[];
  readonly authorizer: Authorizer;
}

export async function startHttpApi({ port, routes, authorizer }: HttpApi): Promise<() => Promise<void>> {
  const authorize = jwtAuthorizer(authorizer);
  const matchers = routes.map((route) => ({ route, match: matcherOf(route.routeKey) }));
  const running = new Set<Promise<void>>();

  function find(method: string, path: string): Matched | null {
    for (const { route, match } of matchers) {
      const parameters = match(method, path);
      if (parameters !== null) return { route, parameters };
    }
    return null;
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://localhost");
    const found = find(request.method ?? "GET", url.pathname);
    if (found === null) return send(response, 404, { message: "Not Found" });
    const body = await readBody(request, longestBodyBytes);
    if (body === null) return send(response, 413, { message: "Request Entity Too Large" });
    const { route, parameters } = found;
    const authorized = route.authorized === true ? await authorize(request.headers.authorization) : null;
    if (route.authorized === true && authorized === null) {
      response.setHeader("www-authenticate", "Bearer");
      return send(response, 401, { message: "Unauthorized" });
    }
    const query = Object.fromEntries(url.searchParams);
    const event = {
      version: "2.0",
      routeKey: route.routeKey,
      rawPath: url.pathname,
      rawQueryString: url.search.slice(1),
      headers: Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      ),
      ...(Object.keys(query).length === 0 ? {} : { queryStringParameters: query }),
      ...(Object.keys(parameters).length === 0 ? {} : { pathParameters: parameters }),
      requestContext: {
        requestId: randomUUID(),
        routeKey: route.routeKey,
        stage: "$default",
        timeEpoch: Date.now(),
        ...(authorized === null ? {} : { authorizer: authorized }),
        http: {
          method: request.method,
          path: url.pathname,
          protocol: "HTTP/1.1",
          sourceIp: request.socket.remoteAddress,
          userAgent: request.headers["user-agent"] ?? "",
        },
      },
      ...(body === "" ? {} : { body }),
      isBase64Encoded: false,
    };
    try {
      answer(response, await route.handler(event, contextOf(route.name, route.timeoutMs)));
    } catch (error) {
      console.error(
        JSON.stringify({
          level: "ERROR",
          message: "function failed",
          name: route.name,
          error: String(error),
        }),
      );
      send(response, 500, { message: "Internal Server Error" });
    }
  }

  const server = createServer((request, response) => {
    const serving = serve(request, response)
      .catch((error: unknown) => {
        response.destroy(error instanceof Error ? error : new Error(String(error)));
      })
      .finally(() => running.delete(serving));
    running.add(serving);
  });
  await listenOn(server, port);
  return async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    await Promise.all(running);
    server.closeAllConnections();
    await closed;
  };
}

/** `POST /v1/nodes/{id}/offline` → a function that matches it and names what stands for `{id}`. */
function matcherOf(routeKey: string): (method: string, path: string) => Record<string, string> | null {
  const [method, pattern = ""] = routeKey.split(" ");
  const parts = pattern.split("/");
  return (asked, path) => {
    const given = path.split("/");
    if (asked !== method || given.length !== parts.length) return null;
    const parameters: Record<string, string> = {};
    for (const [index, part] of parts.entries()) {
      const value = given[index] ?? "";
      const [, name] = /^\{(\w+)\}$/.exec(part) ?? [];
      if (name === undefined ? part !== value : value === "") return null;
      if (name !== undefined) parameters[name] = decoded(value);
    }
    return parameters;
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not well encoded: the function sees it as it came, as behind API Gateway.
    return text;
  }
}

/** A structured answer as it says; anything else is the body of a 200. */
function answer(response: ServerResponse, result: unknown): void {
  const parsed = structured.safeParse(result);
  if (!parsed.success) return send(response, 200, result);
  const { statusCode, headers = {}, body = "", isBase64Encoded = false } = parsed.data;
  response.writeHead(
    statusCode,
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
  );
  response.end(isBase64Encoded ? Buffer.from(body, "base64") : body);
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
