/** A lab as its people keep it: read as a file would have it, and imported part by part. */
import { importPart } from "../../../lib/app/import-lab.ts";
import { viewClaims, viewInventory } from "../../../lib/app/inventory.ts";
import type { Route } from "../../../lib/contracts/api.ts";
import { claimsBody, inventoryPage } from "../../../lib/contracts/inventory-views.ts";
import { labPart } from "../../../lib/contracts/lab-file.ts";
import { isLabId } from "../../../lib/core/ids.ts";
import { json, notFound, parseBody, problem } from "../http.ts";
import type { Handler } from "./request.ts";

export type InventoryRoute = Extract<Route, `${string} /v1/labs/{id}/${"inventory" | "claims" | "import"}`>;

export const inventoryHandlers: Readonly<Record<InventoryRoute, Handler>> = {
  "GET /v1/labs/{id}/inventory": async ({ app, id, query }) => {
    const view = await viewInventory(app, id, inventoryPage, query["next"] ?? null);
    return view === null ? notFound(`lab ${id}`) : json(200, view);
  },
  "POST /v1/labs/{id}/claims": async ({ app, body }) => {
    const asked = parseBody(claimsBody, body);
    return asked.ok ? json(200, await viewClaims(app, asked.value.claims)) : asked.answer;
  },
  "POST /v1/labs/{id}/import": async ({ app, id, body, actor }) => {
    const part = parseBody(labPart, body);
    if (!part.ok) return part.answer;
    if (!isLabId(id)) return problem(400, "invalid", "Not a lab id", `id: ${id} cannot be the id of a lab`);
    const imported = await importPart(app, id, part.value, actor);
    return imported === null ? notFound(`lab ${id}`) : json(200, imported);
  },
};
