/** Labs, images, projects, jobs, and what can be had. */

import { viewAvailability } from "../../../lib/app/availability.ts";
import { importLab } from "../../../lib/app/import-lab.ts";
import { viewReadiness } from "../../../lib/app/readiness.ts";
import { changeImage, registerImage } from "../../../lib/app/register-image.ts";
import { setProject } from "../../../lib/app/set-project.ts";
import { viewLab, viewLabs, viewProposals } from "../../../lib/app/views.ts";
import {
  availabilityQuery,
  imageBody,
  keepBody,
  productionBody,
  projectBody,
  type Route,
  reasonBody,
} from "../../../lib/contracts/api.ts";
import { labFile } from "../../../lib/contracts/lab-file.ts";
import { openApi } from "../../../lib/contracts/openapi.ts";
import { isOperator } from "../../../lib/core/caller.ts";
import { isProjectId } from "../../../lib/core/ids.ts";
import { gone, untried } from "../../../lib/core/image.ts";
import { type Answer, json, notFound, parseBody, parseQuery, problem } from "../http.ts";
import { tryImage } from "./captures.ts";
import type { InventoryRoute } from "./inventory.ts";
import { type Handler, otherVersion, pageSize } from "./request.ts";

type OtherRoute = Exclude<
  Route,
  | `${string} /v1/${"reservations" | "nodes" | "blocks" | "upkeep" | "labs/{id}/machines"}${string}`
  | InventoryRoute
>;

const mostTold = 20;

let document: Answer | null = null;

export const otherHandlers: Readonly<Record<OtherRoute, Handler>> = {
  "GET /v1/openapi.json": async () => {
    document ??= json(200, openApi());
    return document;
  },
  "GET /v1/availability": async ({ app, caller, query }) => {
    const asked = parseQuery(availabilityQuery, query);
    return asked.ok ? json(200, await viewAvailability(app, asked.value, caller.name)) : asked.answer;
  },
  "POST /v1/labs": async ({ app, body, actor }) => {
    const file = parseBody(labFile, body);
    if (!file.ok) return file.answer;
    const imported = await importLab(app, file.value, actor);
    const { enrolled, changed: others, refused: left } = imported;
    if (left.length === 0) return json(200, imported);
    const more = left.length > mostTold ? `; and ${left.length - mostTold} more` : "";
    const done = `${enrolled.length} nodes are enrolled, ${others.length} changed`;
    const detail = `${left.slice(0, mostTold).join("; ")}${more}. ${done}: put the others right, and import the file again`;
    return problem(409, "node-refused", "Some of its nodes are refused", detail);
  },
  "GET /v1/labs": async ({ app, query }) => {
    const { items, next } = await app.store.list("lab", pageSize, query["next"] ?? null);
    return json(200, { labs: await viewLabs(app.store, items), next });
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
    if (!image.ok) return image.answer;
    const registered = await registerImage(app, image.value);
    return registered.ok
      ? json(201, registered.revision)
      : problem(422, registered.fault.code, "The image cannot be registered", registered.fault.message);
  },
  "GET /v1/images": async ({ app, query }) => {
    const { items, next } = await app.store.list("image", pageSize, query["next"] ?? null);
    return json(200, { images: items, next });
  },
  "GET /v1/images/{id}": async ({ app, id }) => {
    const [image, revisions] = await Promise.all([app.store.read("image", id), app.store.revisions(id)]);
    return image === null ? notFound(`image ${id}`) : json(200, { ...image, revisions });
  },
  "POST /v1/images/{id}/try": tryImage,
  "POST /v1/images/{id}/production": async ({ app, id, body, ifVersion }) => {
    const wanted = parseBody(productionBody, body);
    if (!wanted.ok) return wanted.answer;
    const { revision, untried: why } = wanted.value;
    const known = await app.store.read("revision", revision);
    if (known === null || known.image !== id) return notFound(`revision ${revision} of image ${id}`);
    const missing = why === null ? untried(known) : null;
    if (missing !== null)
      return problem(
        409,
        "revision-untried",
        "It has not been tried",
        `${missing}: POST /v1/images/${id}/try first, or say why not (untried)`,
      );
    const lost = gone(known);
    if (lost !== null) return problem(409, "revision-collected", "Its bytes are gone", lost);
    const change = { production: known.revision, retired: null };
    return changed(id, await changeImage(app, id, change, ifVersion));
  },
  "POST /v1/images/{id}/keep": async ({ app, id, body, ifVersion }) => {
    const wanted = parseBody(keepBody, body);
    if (!wanted.ok) return wanted.answer;
    return changed(id, await changeImage(app, id, { keep: wanted.value.keep }, ifVersion));
  },
  "POST /v1/images/{id}/retire": async ({ app, id, body, ifVersion }) => {
    const reason = parseBody(reasonBody, body);
    if (!reason.ok) return reason.answer;
    return changed(id, await changeImage(app, id, { retired: reason.value.reason }, ifVersion));
  },
  "GET /v1/projects": async ({ app, caller, query }) => {
    const { items, next } = await app.store.list("project", pageSize, query["next"] ?? null);
    const own = items.filter(({ members }) => isOperator(caller) || members.includes(caller.name));
    return json(200, { projects: own, next });
  },
  "PUT /v1/projects/{id}": async ({ app, id, body, ifVersion }) => {
    const wanted = parseBody(projectBody, body);
    if (!wanted.ok) return wanted.answer;
    if (!isProjectId(id))
      return problem(400, "invalid", "Not a project id", `id: ${id} cannot be the id of a project`);
    const set = await setProject(app, { ...wanted.value, id }, ifVersion);
    return set === "other-version" ? otherVersion(`project ${id}`) : json(200, set);
  },
  "GET /v1/readiness/{id}": async ({ app, id }) => json(200, await viewReadiness(app.store, id)),
  "GET /v1/jobs/{id}": async ({ app, caller, actor, id }) => {
    const job = await app.store.read("job", id);
    const isHis = job?.requestedBy.kind === actor.kind && job.requestedBy.name === actor.name;
    return job === null || !(isHis || isOperator(caller)) ? notFound(`job ${id}`) : json(200, job);
  },
};

function changed(id: string, image: Awaited<ReturnType<typeof changeImage>>): Answer {
  if (image === null) return notFound(`image ${id}`);
  return image === "other-version" ? otherVersion(`image ${id}`) : json(200, image);
}
