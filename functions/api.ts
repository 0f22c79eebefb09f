/** HTTP API → use-cases. One handler per route of lib/contracts/api.ts. */
import middy from "@middy/core";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { acceptJob } from "../lib/app/accept-job.ts";
import { advanceNode } from "../lib/app/advance-node.ts";
import type { App } from "../lib/app/app.ts";
import { closeIssue, giveBack, openIssue } from "../lib/app/hardware-log.ts";
import { importLab } from "../lib/app/import-lab.ts";
import { viewReadiness } from "../lib/app/readiness.ts";
import { registerImage } from "../lib/app/register-image.ts";
import { reserve } from "../lib/app/reserve.ts";
import {
  nodeView,
  viewAnswers,
  viewLab,
  viewNode,
  viewProposals,
  viewReservation,
} from "../lib/app/views.ts";
import {
  extendBody,
  imageBody,
  isRoute,
  issueBody,
  type Route,
  reasonBody,
  reservationBody,
} from "../lib/contracts/api.ts";
import { jobSchema } from "../lib/contracts/job.ts";
import { labFile } from "../lib/contracts/lab-file.ts";
import { openApi } from "../lib/contracts/openapi.ts";
import { branded, isReservationId } from "../lib/core/ids.ts";
import type { Actor } from "../lib/core/node/node.ts";
import { composer } from "./runtime/compose.ts";
import { type Answer, json, notFound, parseBody, problem } from "./runtime/http.ts";
import { log } from "./runtime/log.ts";

const makeApp = composer();
const pageSize = 100;

interface Request {
  readonly app: App;
  readonly id: string;
  readonly issue: string;
  readonly body: string | undefined;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly actor: Actor;
}

const handlers: Readonly<Record<Route, (request: Request) => Promise<Answer>>> = {
  "GET /v1/openapi.json": async () => json(200, openApi()),
  "POST /v1/labs": async ({ app, body, actor }) => {
    const file = parseBody(labFile, body);
    if (!file.ok) return file.answer;
    const imported = await importLab(app, file.value, actor);
    return json(imported.refused.length === 0 ? 200 : 409, imported);
  },
  "GET /v1/labs": async ({ app, query }) => {
    const { items, next } = await app.store.list("lab", pageSize, query["next"] ?? null);
    const views = await Promise.all(items.map(({ id }) => viewLab(app.store, id)));
    return json(200, { labs: views.filter((view) => view !== null), next });
  },
  "GET /v1/labs/{id}": async ({ app, id }) => {
    const view = await viewLab(app.store, id);
    return view === null ? notFound(`lab ${id}`) : json(200, view);
  },
  "GET /v1/labs/{id}/correction": async ({ app, id, query }) => {
    const view = await viewProposals(app.store, id, pageSize, query["next"] ?? null);
    return view === null ? notFound(`lab ${id}`) : json(200, view);
  },
  "POST /v1/images": async ({ app, body }) => {
    const image = parseBody(imageBody, body);
    return image.ok ? json(201, await registerImage(app, image.value)) : image.answer;
  },
  "GET /v1/images": async ({ app, query }) => {
    const { items, next } = await app.store.list("image", pageSize, query["next"] ?? null);
    return json(200, { images: items, next });
  },
  "POST /v1/reservations": async ({ app, body }) => {
    const wanted = parseBody(reservationBody, body);
    if (!wanted.ok) return wanted.answer;
    const id = wanted.value.id ?? branded(isReservationId, app.ids.next("res"));
    const reserved = await reserve(app, { ...wanted.value, id }, { kind: "user", name: wanted.value.owner });
    if (!reserved.ok)
      return problem(422, reserved.fault.code, "It cannot be reserved", reserved.fault.message);
    return json(reserved.known ? 200 : 201, await viewReservation(app.store, reserved.reservation));
  },
  "GET /v1/reservations": async ({ app, query }) => {
    const { items, next } = await app.store.list("reservation", pageSize, query["next"] ?? null);
    const reservations = await Promise.all(items.map((item) => viewReservation(app.store, item)));
    return json(200, { reservations, next });
  },
  "GET /v1/reservations/{id}": async ({ app, id }) => {
    const reservation = await app.store.read("reservation", id);
    return reservation === null
      ? notFound(`reservation ${id}`)
      : json(200, await viewReservation(app.store, reservation));
  },
  "GET /v1/reservations/{id}/timeline": (request) => timeline("reservation", request),
  "GET /v1/reservations/{id}/explain": (request) => explain("reservation", request),
  "POST /v1/reservations/{id}/extend": async ({ app, id, body, actor }) => {
    const wanted = parseBody(extendBody, body);
    if (!wanted.ok) return wanted.answer;
    if (!isReservationId(id)) return notFound(`reservation ${id}`);
    const job = { schema: jobSchema, kind: "extend", id, reservation: id, ...wanted.value } as const;
    const extended = await acceptJob(app, job, actor);
    const stored = await app.store.read("reservation", id);
    if (stored === null) return notFound(`reservation ${id}`);
    return extended.ok
      ? json(200, await viewReservation(app.store, stored))
      : problem(409, extended.fault.code, "It cannot be extended", extended.fault.message);
  },
  "POST /v1/reservations/{id}/end": async ({ app, id, body, actor }) => {
    const reason = parseBody(reasonBody, body);
    if (!reason.ok) return reason.answer;
    if (!isReservationId(id)) return notFound(`reservation ${id}`);
    const job = {
      schema: jobSchema,
      kind: "end",
      id,
      reservation: id,
      reason: reason.value.reason,
    } as const;
    const ended = await acceptJob(app, job, actor);
    return ended.ok ? json(202, { reservation: id, ending: true }) : notFound(`reservation ${id}`);
  },
  "GET /v1/nodes": async ({ app, query }) => {
    const { items, next } = await app.store.list("node", pageSize, query["next"] ?? null);
    const nodes = await Promise.all(
      items.map(async (node) => (await viewNode(app.store, node.id)) ?? nodeView(node, null)),
    );
    return json(200, { nodes, next });
  },
  "GET /v1/nodes/{id}": async ({ app, id }) => {
    const view = await viewNode(app.store, id);
    return view === null ? notFound(`node ${id}`) : json(200, view);
  },
  "GET /v1/nodes/{id}/timeline": (request) => timeline("node", request),
  "GET /v1/nodes/{id}/explain": (request) => explain("node", request),
  "GET /v1/nodes/{id}/issues": async ({ app, id }) => json(200, { issues: await app.store.issues(id) }),
  "POST /v1/nodes/{id}/issues": async ({ app, id, body, actor }) => {
    const said = parseBody(issueBody, body);
    if (!said.ok) return said.answer;
    const opened = await openIssue(app, id, said.value, actor);
    return opened === null ? notFound(`node ${id}`) : json(opened.known ? 200 : 201, opened.issue);
  },
  "POST /v1/nodes/{id}/issues/{issue}/close": async ({ app, id, issue, body, actor }) => {
    const reason = parseBody(reasonBody, body);
    if (!reason.ok) return reason.answer;
    const closed = await closeIssue(app, id, issue, reason.value.reason, actor);
    return closed === null ? notFound(`issue ${issue} of node ${id}`) : json(200, closed);
  },
  "POST /v1/nodes/{id}/offline": (request) => operate("offline", request),
  "POST /v1/nodes/{id}/online": (request) => operate("online", request),
  "POST /v1/nodes/{id}/give-back": async ({ app, id, body }) => {
    const reason = parseBody(reasonBody, body);
    if (!reason.ok) return reason.answer;
    const given = await giveBack(app, id, reason.value.reason, operator);
    return given === "unknown-node" ? notFound(`node ${id}`) : json(200, await viewNode(app.store, id));
  },
  "GET /v1/readiness/{id}": async ({ app, id }) => json(200, await viewReadiness(app.store, id)),
  "GET /v1/jobs/{id}": async ({ app, id }) => {
    const job = await app.store.read("job", id);
    return job === null ? notFound(`job ${id}`) : json(200, job);
  },
};

async function explain(kind: "node" | "reservation", { app, id }: Request): Promise<Answer> {
  const view = await viewAnswers(app, kind, id);
  return view === null ? notFound(`${kind} ${id}`) : json(200, view);
}

async function timeline(kind: "node" | "reservation", { app, id, query }: Request): Promise<Answer> {
  const after = Number.parseInt(query["after"] ?? "0", 10);
  if (!Number.isSafeInteger(after) || after < 0)
    return problem(400, "invalid", "Not a sequence number", "after: a number from 0");
  const entries = await app.store.timeline({ kind, id }, after, pageSize);
  const next = entries.length === pageSize ? entries.at(-1)?.sequence : undefined;
  return json(200, { entries, next: next ?? null });
}

const operator: Actor = { kind: "operator", name: "api" };

async function operate(kind: "offline" | "online", { app, id, body }: Request): Promise<Answer> {
  const reason = parseBody(reasonBody, body);
  if (!reason.ok) return reason.answer;
  const advanced = await advanceNode(app, id, { kind, reason: reason.value.reason, actor: operator });
  if (advanced === "unknown-node") return notFound(`node ${id}`);
  return json(200, await viewNode(app.store, id));
}

export const handler = middy<APIGatewayProxyEventV2, Answer>().handler(async (event) => {
  const { routeKey, pathParameters, queryStringParameters, body, isBase64Encoded } = event;
  if (!isRoute(routeKey)) return notFound(`route ${routeKey}`);
  const app = makeApp();
  const text = body !== undefined && isBase64Encoded ? Buffer.from(body, "base64").toString() : body;
  try {
    return await handlers[routeKey]({
      app,
      id: pathParameters?.["id"] ?? "",
      issue: pathParameters?.["issue"] ?? "",
      body: text,
      query: queryStringParameters ?? {},
      actor: { kind: "user", name: "api" },
    });
  } catch (error) {
    log.error("request failed", { routeKey, error });
    return problem(
      500,
      "internal",
      "It went wrong here",
      `try again; the log has request ${event.requestContext.requestId}`,
    );
  } finally {
    await app.outbox.flush();
  }
});
