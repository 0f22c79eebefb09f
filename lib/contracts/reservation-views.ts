/** What the API tells of reservations. */
import * as z from "zod";
import { reservationStates } from "../core/reservation/reservation.ts";
import { provisionState } from "./stored-node.ts";
import { at, minimumView, nodeViewShape, some } from "./views.ts";

const reservationState = z
  .enum(reservationStates)
  .describe(
    "new: it waits for nodes, or for its time. loading: its nodes are made ready. reserved: they are handed over. in-use: somebody has logged in. reclaim: it is over, and its nodes are taken back. complete, failed: over; `cause` says why, where it is not its time",
  );

const arrival = z
  .object({ at: at.describe("As a rule"), latest: at.describe("But for one in fifty") })
  .nullable()
  .describe(
    "When all its nodes will be ready, by what loads of its images took on nodes of its class; null: it is ready or over, has no place yet, or too few loads were seen",
  );

export const reservationViewShape = z
  .object({
    id: z.string(),
    version: z.int(),
    owner: z.string(),
    project: z.string().nullable(),
    image: z.string(),
    revision: z.string(),
    roles: some(
      z.object({ name: z.string(), image: z.string(), revision: z.string(), count: z.int() }),
    ).describe("Of a cluster; empty: all its nodes are for the same"),
    class: z.string(),
    needs: minimumView.exactOptional().describe("What each node must have, its images' needs included"),
    count: z.int(),
    state: reservationState,
    last: z.enum(reservationStates).nullable().describe("The state before this one"),
    since: at,
    createdAt: at,
    start: at.describe("When its user gets the nodes; of one that waits: as far as is known now"),
    end: at,
    placed: some(z.string()).describe("Nodes that are kept free for it, before it has them"),
    position: z
      .int()
      .nullable()
      .describe(
        "Its place in the line of those who wait for nodes of its class; `start` is when it is served, as far as is known now",
      ),
    expected: arrival,
    readyAt: at.nullable(),
    endedAt: at.nullable(),
    cause: z.object({ code: z.string(), message: z.string() }).nullable(),
    correctiveReboots: z.int(),
    nodes: some(nodeViewShape),
    connections: some(
      z.object({ node: z.string(), role: z.string().nullable(), address: z.string(), user: z.string() }),
    ).describe(
      "How to reach the nodes, only while it holds them, with an address that was read since the last load",
    ),
  })
  .meta({ id: "Reservation" });
export type ReservationView = z.infer<typeof reservationViewShape>;

/** In a list, which is one query: what the reservation itself says. */
export const reservationSummaryShape = reservationViewShape
  .omit({ position: true, expected: true, connections: true })
  .extend({ nodes: some(z.string()).describe("Those that it holds") })
  .meta({ id: "ReservationSummary" });
export type ReservationSummary = z.infer<typeof reservationSummaryShape>;

export const progressView = z
  .object({
    reservation: z.string(),
    state: reservationState,
    since: at,
    end: at,
    expected: arrival,
    cause: z.object({ code: z.string(), message: z.string() }).nullable(),
    nodes: some(
      z.object({
        id: z.string(),
        state: provisionState,
        phase: z.string(),
        step: z.string().nullable().describe("What is being done to it; `null`: nothing"),
        awaits: z.string().nullable().describe("The evidence that the step awaits"),
        until: at.nullable().describe("When the step is looked at again, or given up, at the latest"),
        percent: z.int().nullable().describe("Of the image that is on its disk, while it is written"),
      }),
    ).describe("The nodes that it holds"),
    after: z
      .int()
      .describe("To be passed on with the next request, which then waits for what comes after this"),
  })
  .meta({ id: "Progress" });
export type ProgressView = z.infer<typeof progressView>;

export const connectView = z
  .object({ connections: reservationViewShape.shape.connections, until: at.describe("When it ends") })
  .meta({ id: "Connect" });
