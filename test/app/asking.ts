/** Asks the API's handlers over a lab in memory, as somebody: what stands behind the gateway and the check of roles. */
import * as z from "zod";
import { handlers } from "../../functions/runtime/api/all.ts";
import type { App } from "../../lib/app/app.ts";
import type { Route } from "../../lib/contracts/api.ts";
import { actorOf, type Caller } from "../../lib/core/caller.ts";

export const ada: Caller = { name: "ada", roles: ["user"], email: null };
export const bob: Caller = { name: "bob", roles: ["user"], email: null };
export const grace: Caller = { name: "grace", roles: ["operator"], email: null };

export interface Asked {
  readonly id?: string;
  readonly issue?: string;
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string>>;
  readonly ifVersion?: number;
  readonly key?: string;
}

export interface Told {
  readonly status: number;
  readonly etag: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

const spoken = z.looseObject({});

export async function ask(app: App, caller: Caller, route: Route, asked: Asked = {}): Promise<Told> {
  const { id = "", issue = "", body, query = {}, ifVersion = null, key = null } = asked;
  const answer = await handlers[route]({
    app,
    caller,
    actor: actorOf(caller),
    id,
    issue,
    machine: "none",
    body: body === undefined ? undefined : JSON.stringify(body),
    query,
    ifVersion,
    idempotencyKey: key,
    leftMs: () => 0,
  });
  const etag = answer.headers?.["etag"];
  return {
    status: answer.statusCode ?? 0,
    etag: typeof etag === "string" ? etag : null,
    body: spoken.parse(JSON.parse(answer.body ?? "null")),
  };
}
