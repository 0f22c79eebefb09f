/** Reservations. A user sees and changes his own; an operator everybody's. */
import { acceptJob } from "../../../lib/app/accept-job.ts";
import { followProgress } from "../../../lib/app/progress.ts";
import { reserve } from "../../../lib/app/reserve.ts";
import { summaryOf, viewReservation } from "../../../lib/app/views.ts";
import { sleep } from "../../../lib/aws/clock.ts";
import {
  endBody,
  extendBody,
  ownPowerBody,
  progressQuery,
  type Route,
  reservationBody,
} from "../../../lib/contracts/api.ts";
import { jobSchema } from "../../../lib/contracts/job.ts";
import { isOperator } from "../../../lib/core/caller.ts";
import { branded, isReservationId } from "../../../lib/core/ids.ts";
import type { Reservation } from "../../../lib/core/reservation/reservation.ts";
import { type Answer, json, notFound, parseBody, parseQuery, problem } from "../http.ts";
import { captureOfReservation } from "./captures.ts";
import {
  explain,
  type Handler,
  nameFor,
  nodeJob,
  otherVersion,
  pageSize,
  type Request,
  refused,
  timeline,
} from "./request.ts";

type ReservationRoute = Extract<Route, `${string} /v1/reservations${string}`>;

export const reservationHandlers: Readonly<Record<ReservationRoute, Handler>> = {
  "POST /v1/reservations": async (request) => {
    const { app, body, caller, actor } = request;
    const wanted = parseBody(reservationBody, body);
    if (!wanted.ok) return wanted.answer;
    const { owner = caller.name } = wanted.value;
    if (owner !== caller.name && !isOperator(caller)) {
      const detail = `owner: ${caller.name} reserves for nobody else; only an operator does`;
      return problem(403, "not-yours", "Not in somebody else's name", detail);
    }
    const id = wanted.value.id ?? branded(isReservationId, nameFor("res", request));
    // An operator who reserves for somebody is not the one to be told.
    const email = wanted.value.email ?? (owner === caller.name ? caller.email : null);
    const reserved = await reserve(app, { ...wanted.value, owner, id, email }, actor);
    if (!reserved.ok) return refused(reserved.fault, "It cannot be reserved");
    return json(reserved.known ? 200 : 201, await viewReservation(app, reserved.reservation));
  },
  "GET /v1/reservations": async ({ app, caller, query }) => {
    const from = query["next"] ?? null;
    const owner = isOperator(caller) ? (query["owner"] ?? null) : caller.name;
    const { items, next } =
      owner === null
        ? await app.store.list("reservation", pageSize, from)
        : await app.store.owned("reservation", owner, pageSize, from);
    return json(200, { reservations: items.map(summaryOf), next });
  },
  "GET /v1/reservations/{id}": own(async ({ app }, reservation) =>
    json(200, await viewReservation(app, reservation)),
  ),
  "GET /v1/reservations/{id}/connect": own(async ({ app }, reservation) => {
    const { id, connections, state, end } = await viewReservation(app, reservation);
    if (connections.length > 0) return json(200, { connections, until: end });
    const detail = `reservation ${id} is ${state}: GET /v1/reservations/${id}/explain says what it waits for`;
    return problem(409, "not-ready", "There is nothing to connect to", detail);
  }),
  "GET /v1/reservations/{id}/timeline": own((request) => timeline("reservation", request)),
  "GET /v1/reservations/{id}/progress": own(async ({ app, query, leftMs }, { id }) => {
    const asked = parseQuery(progressQuery, query);
    if (!asked.ok) return asked.answer;
    const { after: seen, waitSeconds } = asked.value;
    const waitMs = Math.max(0, Math.min(1000 * waitSeconds, leftMs() - answerMs));
    const view = await followProgress(app, id, { seen, waitMs, sleep });
    return view === null ? notFound(`reservation ${id}`) : json(200, view);
  }),
  "GET /v1/reservations/{id}/explain": own((request) => explain("reservation", request)),
  "POST /v1/reservations/{id}/power": own(async (request, { id, nodes, state }) => {
    const wanted = parseBody(ownPowerBody, request.body);
    if (!wanted.ok) return wanted.answer;
    const { node, change } = wanted.value;
    const isHis = nodes.includes(node) && (state === "reserved" || state === "in-use");
    if (!isHis)
      return problem(
        409,
        "not-yours",
        "Not his to switch",
        `${node} is not handed over to reservation ${id}`,
      );
    const reason = `asked for by the user of ${id}`;
    // It was the reservation that he has seen.
    return nodeJob({ ...request, ifVersion: null }, node, wanted.value.id, (which, name) => ({
      schema: jobSchema,
      kind: "power",
      id: name,
      node: which,
      change,
      reason,
    }));
  }),
  "POST /v1/reservations/{id}/capture": own((request, { id }) => captureOfReservation(request, id)),
  "POST /v1/reservations/{id}/extend": own(async ({ app, body, actor, ifVersion }, { id }) => {
    const wanted = parseBody(extendBody, body);
    if (!wanted.ok) return wanted.answer;
    const job = { schema: jobSchema, kind: "extend", id, reservation: id, ...wanted.value } as const;
    const extended = await acceptJob(app, job, actor, ifVersion);
    if (!extended.ok) return refused(extended.fault, "It cannot be extended");
    const stored = await app.store.read("reservation", id);
    return stored === null ? notFound(`reservation ${id}`) : json(200, await viewReservation(app, stored));
  }),
  "POST /v1/reservations/{id}/end": own(async ({ app, body, actor, ifVersion }, { id }) => {
    const parsed = parseBody(endBody, body);
    if (!parsed.ok) return parsed.answer;
    const job = { schema: jobSchema, kind: "end", id, reservation: id, ...parsed.value } as const;
    const ended = await acceptJob(app, job, actor, ifVersion);
    return ended.ok
      ? json(202, { reservation: id, ending: true })
      : refused(ended.fault, "It cannot be ended");
  }),
};

/** A last look at the store and the answer take no longer. */
const answerMs = 1500;

/** To one that is not his own, a user is told what he would be told if there were none. */
function own(handle: (request: Request, reservation: Reservation) => Promise<Answer>): Handler {
  return async (request) => {
    const { app, caller, id } = request;
    const reservation = isReservationId(id) ? await app.store.read("reservation", id) : null;
    if (reservation === null || (reservation.owner !== caller.name && !isOperator(caller)))
      return notFound(`reservation ${id}`);
    const { ifVersion } = request;
    if (ifVersion !== null && reservation.version !== ifVersion) return otherVersion(`reservation ${id}`);
    return handle(request, reservation);
  };
}
