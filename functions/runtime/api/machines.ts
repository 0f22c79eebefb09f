/** Machines that were found in a lab, and what operators say of them. */
import {
  type Claimed,
  claimMachine,
  forgetMachine,
  machineView,
  viewMachines,
} from "../../../lib/app/machines.ts";
import type { Route } from "../../../lib/contracts/api.ts";
import { claimBody } from "../../../lib/contracts/identification.ts";
import { type Answer, json, notFound, parseBody } from "../http.ts";
import { type Handler, pageSize, refused } from "./request.ts";

type MachineRoute = Extract<Route, `${string} /v1/labs/{id}/machines${string}`>;

export const machineHandlers: Readonly<Record<MachineRoute, Handler>> = {
  "GET /v1/labs/{id}/machines": async ({ app, id, query }) => {
    if ((await app.store.read("lab", id)) === null) return notFound(`lab ${id}`);
    return json(200, await viewMachines(app.store, id, pageSize, query["next"] ?? null));
  },
  "POST /v1/labs/{id}/machines/{machine}/claim": async ({ app, id, machine, body, actor }) => {
    const wanted = parseBody(claimBody, body);
    if (!wanted.ok) return wanted.answer;
    return settled(
      await claimMachine(app, id, machine, wanted.value, actor),
      `machine ${machine} of lab ${id}`,
    );
  },
  "POST /v1/labs/{id}/machines/{machine}/forget": async ({ app, id, machine }) =>
    settled(await forgetMachine(app, id, machine), `machine ${machine} of lab ${id}`),
};

function settled(claimed: Claimed | null, what: string): Answer {
  if (claimed === null) return notFound(what);
  return claimed.ok
    ? json(200, machineView(claimed.machine))
    : refused(claimed.fault, "It cannot be done with this machine");
}
