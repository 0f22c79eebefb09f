/** What operators do to keep machines up: maintenance, firmware, tests, rescue. */
import { advanceNode } from "../../../lib/app/advance-node.ts";
import { upkeep } from "../../../lib/app/upkeep.ts";
import { viewNode } from "../../../lib/app/views.ts";
import { biosBody, burnInBody, type Route, reasonBody, rescueBody } from "../../../lib/contracts/api.ts";
import { jobSchema } from "../../../lib/contracts/job.ts";
import { upkeepBody } from "../../../lib/contracts/upkeep.ts";
import { json, notFound, parseBody, problem } from "../http.ts";
import { type Handler, nodeJob, otherVersion } from "./request.ts";

export type UpkeepRoute = Extract<
  Route,
  `POST /v1/nodes/{id}/${"bios" | "burn-in" | "rescue" | "rescue/end"}` | "POST /v1/upkeep"
>;

export const upkeepHandlers: Readonly<Record<UpkeepRoute, Handler>> = {
  "POST /v1/upkeep": async ({ app, body, actor }) => {
    const wanted = parseBody(upkeepBody, body);
    if (!wanted.ok) return wanted.answer;
    const done = await upkeep(app, wanted.value, actor);
    if (done.ok) return json(200, done.view);
    const { code, message } = done.fault;
    return problem(code === "node-unknown" ? 404 : 422, code, "It cannot be done", message);
  },
  "POST /v1/nodes/{id}/bios": async (request) => {
    const wanted = parseBody(biosBody, request.body);
    if (!wanted.ok) return wanted.answer;
    return nodeJob(request, request.id, wanted.value.id, (node, id) => ({
      schema: jobSchema,
      kind: "bios",
      id,
      node,
    }));
  },
  "POST /v1/nodes/{id}/burn-in": async (request) => {
    const wanted = parseBody(burnInBody, request.body);
    if (!wanted.ok) return wanted.answer;
    const { id: name, minutes, test } = wanted.value;
    return nodeJob(request, request.id, name, (node, id) => ({
      schema: jobSchema,
      kind: "burn-in",
      id,
      node,
      minutes,
      test,
    }));
  },
  "POST /v1/nodes/{id}/rescue": async (request) => {
    const wanted = parseBody(rescueBody, request.body);
    if (!wanted.ok) return wanted.answer;
    const { id: name, minutes, reason } = wanted.value;
    return nodeJob(request, request.id, name, (node, id) => ({
      schema: jobSchema,
      kind: "rescue",
      id,
      node,
      minutes,
      reason,
    }));
  },
  "POST /v1/nodes/{id}/rescue/end": async ({ app, id, body, actor, ifVersion }) => {
    const parsed = parseBody(reasonBody, body);
    if (!parsed.ok) return parsed.answer;
    const { reason } = parsed.value;
    const ended = await advanceNode(app, id, { kind: "end-rescue", reason, actor }, { ifVersion });
    if (ended === "other-version") return otherVersion(`node ${id}`);
    return ended === "unknown-node" ? notFound(`node ${id}`) : json(200, await viewNode(app.store, id));
  },
};
