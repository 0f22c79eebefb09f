/**
 * The operators' dashboard on one machine, at /console: the same widgets, laid out by the same definition, called as a
 * CloudWatch dashboard calls them (CloudWatch User Guide, “Using custom widgets”). Its page asks this server to invoke a
 * function by its ARN, with the token that the API wants too.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { bodyWidgets, gridColumns, readingFunction } from "../../contracts/dashboard.ts";
import { tokenPath } from "../issuer.ts";
import { contextOf, functionArn, type Handler, type Route } from "../lambda/triggers.ts";
import { dashboardPage } from "./page.ts";

export interface WidgetFunction {
  readonly name: string;
  readonly timeoutMs: number;
  readonly handler: Handler;
}

export const consolePath = "/console";
const invokePath = `${consolePath}/invoke`;

const asked = z.object({ endpoint: z.string(), event: z.record(z.string(), z.unknown()) });
const request = z.looseObject({ body: z.string() });

/** `dashboard.js` is read anew for every page, so that a page that is loaded again has what is in the tree. */
export function consoleRoutes(functions: readonly WidgetFunction[]): readonly Route[] {
  const byArn = new Map(functions.map((each) => [functionArn(each.name), each]));
  const page: Handler = async () => ({
    statusCode: 200,
    headers: { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" },
    body: dashboardPage({
      script: readFileSync(join(import.meta.dirname, "dashboard.js"), "utf8"),
      settings: {
        widgets: bodyWidgets(functionArn(readingFunction)),
        columns: gridColumns,
        invokePath,
        tokenPath,
      },
    }),
  });
  const invoke: Handler = async (event) => {
    const { endpoint, event: given } = asked.parse(JSON.parse(request.parse(event).body));
    const called = byArn.get(endpoint);
    if (called === undefined) return answer(404, { errorMessage: `no function is called ${endpoint}` });
    try {
      return answer(200, await called.handler(given, contextOf(called.name, called.timeoutMs)));
    } catch (error) {
      // Lambda tells of a failed invocation in its answer, and the dashboard shows it.
      return answer(502, { errorMessage: error instanceof Error ? error.message : String(error) });
    }
  };
  const named = { name: "console", timeoutMs: 30_000 };
  return [
    { routeKey: `GET ${consolePath}`, ...named, handler: page },
    { routeKey: `POST ${invokePath}`, ...named, handler: invoke, authorized: true },
  ];
}

const answer = (statusCode: number, body: unknown) => ({
  statusCode,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
