/** Nodes, their hardware logs, and what operators do to them. */
import { advanceNode } from "../../../lib/app/advance-node.ts";
import { flightRecord, shortened } from "../../../lib/app/flight-record.ts";
import { closeIssue, giveBack, openIssue } from "../../../lib/app/hardware-log.ts";
import { enrol } from "../../../lib/app/import-lab.ts";
import { viewNode, viewNodes } from "../../../lib/app/views.ts";
import {
  identifyBody,
  issueBody,
  loanBody,
  nodeBody,
  powerBody,
  type Route,
  reasonBody,
  reloadBody,
} from "../../../lib/contracts/api.ts";
import { jobSchema } from "../../../lib/contracts/job.ts";
import { isNodeId } from "../../../lib/core/ids.ts";
import { type Answer, json, notFound, parseBody, problem } from "../http.ts";
import { captureOfNode } from "./captures.ts";
import { console } from "./consoles.ts";
import { explain, type Handler, nodeJob, otherVersion, pageSize, type Request, timeline } from "./request.ts";
import type { UpkeepRoute } from "./upkeep.ts";

/** Lambda answers with 6 MB at most. */
const mostCharacters = 4_000_000;

type NodeRoute = Exclude<Extract<Route, `${string} /v1/nodes${string}`>, UpkeepRoute>;

export const nodeHandlers: Readonly<Record<NodeRoute, Handler>> = {
  "GET /v1/nodes": async ({ app, query }) => {
    const { items, next } = await app.store.list("node", pageSize, query["next"] ?? null);
    return json(200, { nodes: await viewNodes(app.store, items), next });
  },
  "GET /v1/nodes/{id}": async ({ app, id }) => {
    const view = await viewNode(app.store, id);
    return view === null ? notFound(`node ${id}`) : json(200, view);
  },
  "PUT /v1/nodes/{id}": async ({ app, id, body, actor, ifVersion }) => {
    const wanted = parseBody(nodeBody, body);
    if (!wanted.ok) return wanted.answer;
    if (!isNodeId(id))
      return problem(400, "invalid", "Not a node id", `id: ${id} cannot be the id of a node`);
    const enrolled = await enrol(app, { ...wanted.value, id }, actor, ifVersion);
    if (enrolled.kind === "other-version") return otherVersion(`node ${id}`);
    if (enrolled.kind === "refused")
      return problem(409, "node-refused", "It cannot be enrolled like this", enrolled.why);
    return json(enrolled.kind === "enrolled" ? 201 : 200, await viewNode(app.store, id));
  },
  "GET /v1/nodes/{id}/console": console,
  "GET /v1/nodes/{id}/timeline": (request) => timeline("node", request),
  "GET /v1/nodes/{id}/explain": (request) => explain("node", request),
  "GET /v1/nodes/{id}/record": async ({ app, id }) => {
    const record = await flightRecord(app, id);
    return record === null ? notFound(`node ${id}`) : json(200, shortened(record, mostCharacters));
  },
  "GET /v1/nodes/{id}/issues": async ({ app, id }) => json(200, { issues: await app.store.issues(id) }),
  "POST /v1/nodes/{id}/issues": async ({ app, id, body, actor }) => {
    const said = parseBody(issueBody, body);
    if (!said.ok) return said.answer;
    const opened = await openIssue(app, id, said.value, actor);
    return opened === null ? notFound(`node ${id}`) : json(opened.known ? 200 : 201, opened.issue);
  },
  "POST /v1/nodes/{id}/issues/{issue}/close": async ({ app, id, issue, body, actor, ifVersion }) => {
    const reason = parseBody(reasonBody, body);
    if (!reason.ok) return reason.answer;
    const closed = await closeIssue(app, id, issue, reason.value.reason, actor, ifVersion);
    if (closed === "other-version") return otherVersion(`issue ${issue} of node ${id}`);
    return closed === null ? notFound(`issue ${issue} of node ${id}`) : json(200, closed);
  },
  "POST /v1/nodes/{id}/identify": async (request) => {
    const wanted = parseBody(identifyBody, request.body);
    if (!wanted.ok) return wanted.answer;
    return nodeJob(request, request.id, wanted.value.id, (node, id) => ({
      schema: jobSchema,
      kind: "identify",
      id,
      node,
    }));
  },
  "POST /v1/nodes/{id}/power": async (request) => {
    const wanted = parseBody(powerBody, request.body);
    if (!wanted.ok) return wanted.answer;
    const { id, change, reason } = wanted.value;
    return nodeJob(request, request.id, id, (node, name) => ({
      schema: jobSchema,
      kind: "power",
      id: name,
      node,
      change,
      reason,
    }));
  },
  "POST /v1/nodes/{id}/reload": async (request) => {
    const wanted = parseBody(reloadBody, request.body);
    if (!wanted.ok) return wanted.answer;
    const { id, image } = wanted.value;
    return nodeJob(request, request.id, id, (node, name) => ({
      schema: jobSchema,
      kind: "reload",
      id: name,
      node,
      image,
    }));
  },
  "POST /v1/nodes/{id}/capture": captureOfNode,
  "POST /v1/nodes/{id}/loan": async ({ app, id, body, actor, ifVersion }) => {
    const wanted = parseBody(loanBody, body);
    if (!wanted.ok) return wanted.answer;
    const { to, until, reason } = wanted.value;
    const loan = to === null ? null : { to, until, reason };
    const advanced = await advanceNode(app, id, { kind: "loan", loan, reason, actor }, { ifVersion });
    if (advanced === "unknown-node") return notFound(`node ${id}`);
    if (advanced === "other-version") return otherVersion(`node ${id}`);
    return json(200, await viewNode(app.store, id));
  },
  "POST /v1/nodes/{id}/offline": (request) => operate("offline", request),
  "POST /v1/nodes/{id}/online": (request) => operate("online", request),
  "POST /v1/nodes/{id}/give-back": async ({ app, id, body, actor, ifVersion }) => {
    const reason = parseBody(reasonBody, body);
    if (!reason.ok) return reason.answer;
    const given = await giveBack(app, id, reason.value.reason, actor, ifVersion);
    if (given === "other-version") return otherVersion(`node ${id}`);
    return given === "unknown-node" ? notFound(`node ${id}`) : json(200, await viewNode(app.store, id));
  },
};

async function operate(
  kind: "offline" | "online",
  { app, id, body, actor, ifVersion }: Request,
): Promise<Answer> {
  const parsed = parseBody(reasonBody, body);
  if (!parsed.ok) return parsed.answer;
  const { reason } = parsed.value;
  const advanced = await advanceNode(app, id, { kind, reason, actor }, { ifVersion });
  if (advanced === "unknown-node") return notFound(`node ${id}`);
  if (advanced === "other-version") return otherVersion(`node ${id}`);
  return json(200, await viewNode(app.store, id));
}
