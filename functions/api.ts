/** HTTP API → use-cases: who asks, whether he may, then the route's own handler. */
import middy from "@middy/core";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { Contended } from "../lib/app/app.ts";
import { lookAtOnce } from "../lib/app/look-at-once.ts";
import { isRoute, mayAsk, type Route, takesVersion } from "../lib/contracts/api.ts";
import { callerOf, type RoleClaims } from "../lib/contracts/authorizer.ts";
import { apiEnvironment, readEnvironment, readRoleClaims } from "../lib/contracts/environment.ts";
import { actorOf, type Caller } from "../lib/core/caller.ts";
import { handlers } from "./runtime/api/all.ts";
import { composer } from "./runtime/compose.ts";
import { type Answer, notFound, problem } from "./runtime/http.ts";
import { log } from "./runtime/log.ts";

const makeApp = composer();
const claims: RoleClaims = readRoleClaims(readEnvironment(apiEnvironment, process.env).ROLE_CLAIMS);

const nobody: Caller = { name: "nobody", roles: [], email: null };

export const handler = middy<APIGatewayProxyEventV2, Answer>().handler(async (event, context) => {
  const { routeKey, pathParameters, queryStringParameters, headers, requestContext } = event;
  if (!isRoute(routeKey)) return notFound(`route ${routeKey}`);
  const caller = callerOf(requestContext, claims);
  const forbidden = forbiddenTo(caller, routeKey);
  if (forbidden !== null) return forbidden;
  const ifMatch = headers["if-match"];
  const ifVersion = versionIn(ifMatch);
  if (ifVersion === "unreadable")
    return problem(
      400,
      "invalid",
      "Not an ETag",
      `If-Match: ${ifMatch} is not what an answer's ETag was: "12"`,
    );
  if (ifVersion !== null && !routeKey.startsWith("GET ") && !takesVersion(routeKey))
    return problem(
      400,
      "no-version",
      "If-Match means nothing here",
      `${routeKey} changes nothing that has an ETag: leave If-Match out`,
    );
  const app = makeApp();
  try {
    return await handlers[routeKey]({
      app,
      caller: caller ?? nobody,
      actor: actorOf(caller ?? nobody),
      id: pathParameters?.["id"] ?? "",
      issue: pathParameters?.["issue"] ?? "",
      machine: pathParameters?.["machine"] ?? "",
      body: bodyOf(event),
      query: queryStringParameters ?? {},
      ifVersion,
      idempotencyKey: headers["idempotency-key"] ?? null,
      leftMs: () => context.getRemainingTimeInMillis(),
    });
  } catch (error) {
    if (error instanceof Contended)
      return problem(503, "contended", "Too many at once", `${error.message}: ask again`, {
        retryAfterSeconds: 1,
      });
    log.error("request failed", { routeKey, error });
    const detail = `try again; the log has request ${requestContext.requestId}`;
    return problem(500, "internal", "It went wrong here", detail);
  } finally {
    await lookAtOnce(app);
    await app.outbox.flush();
  }
});

/** The gateway lets nobody through without a token; who comes by another way is told so here. */
function forbiddenTo(caller: Caller | null, route: Route): Answer | null {
  const may = mayAsk[route];
  if (may === null) return null;
  if (caller === null)
    return problem(401, "unauthenticated", "Who is asking?", "Authorization: a bearer token is wanted");
  if (caller.roles.some((role) => may.includes(role))) return null;
  const detail = `${route} is for ${may.join(" and ")}; ${caller.name} is ${caller.roles.join(" and ")}`;
  return problem(403, "not-allowed", "Not for you", detail);
}

const bodyOf = ({ body, isBase64Encoded }: APIGatewayProxyEventV2): string | undefined =>
  body !== undefined && isBase64Encoded ? Buffer.from(body, "base64").toString() : body;

/** `"12"`, or `*` for whatever it is now. */
function versionIn(ifMatch: string | undefined): number | null | "unreadable" {
  if (ifMatch === undefined || ifMatch.trim() === "*") return null;
  const [, digits] = /^\s*(?:W\/)?"(\d{1,12})"\s*$/.exec(ifMatch) ?? [];
  return digits === undefined ? "unreadable" : Number(digits);
}
