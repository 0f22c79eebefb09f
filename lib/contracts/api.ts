/** The HTTP API: its routes (API Gateway route keys), the bodies it takes and those it gives. */
import * as z from "zod";
import { requirements } from "./job.ts";
import { policyOverrides } from "./policy.ts";
import { at, imageId, reservationId, sha256, words } from "./scalars.ts";

export const routes = [
  "POST /v1/labs",
  "GET /v1/labs",
  "GET /v1/labs/{id}",
  "GET /v1/labs/{id}/correction",
  "POST /v1/images",
  "GET /v1/images",
  "POST /v1/reservations",
  "GET /v1/reservations",
  "GET /v1/reservations/{id}",
  "GET /v1/reservations/{id}/timeline",
  "POST /v1/reservations/{id}/extend",
  "POST /v1/reservations/{id}/end",
  "GET /v1/nodes",
  "GET /v1/nodes/{id}",
  "GET /v1/nodes/{id}/timeline",
  "GET /v1/nodes/{id}/issues",
  "POST /v1/nodes/{id}/issues",
  "POST /v1/nodes/{id}/issues/{issue}/close",
  "POST /v1/nodes/{id}/offline",
  "POST /v1/nodes/{id}/online",
  "POST /v1/nodes/{id}/give-back",
  "GET /v1/jobs/{id}",
] as const;
export type Route = (typeof routes)[number];

export const isRoute = (key: string): key is Route => routes.some((route) => route === key);

export const reservationBody = z.strictObject({
  id: reservationId
    .optional()
    .describe("Chosen by the caller: the same id again answers with the same reservation."),
  owner: words(200),
  ...requirements,
});

export const extendBody = z.strictObject({
  end: at.describe("When it is to end, in milliseconds since 1970."),
});

export const imageBody = z.strictObject({
  id: imageId,
  buildSystem: z.string().default("netboot-image"),
  osModule: z.string().default("linux"),
  sha256,
  sizeBytes: z.int().positive(),
  /** How long its operating system takes, where it differs from others; null: as it is everywhere. */
  correction: policyOverrides.nullable().exactOptional(),
});
export type ImageBody = z.infer<typeof imageBody>;

/** What a person writes into a node's hardware log. */
export const issueBody = z.strictObject({
  code: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,62}$/, "is no code: lower-case letters, digits and dashes")
    .describe("What kind of trouble it is: a second report of the same kind is the same issue."),
  message: words(1000),
  blocking: z.boolean().default(true).describe("Nobody gets the node until the issue is closed."),
  evidence: z.array(words(1000)).max(20).default([]),
});
export type IssueBody = z.infer<typeof issueBody>;

export const reasonBody = z.strictObject({ reason: words(500) });

/** RFC 9457. `type` is stable; `detail` says what is wrong and what to do. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}

/** What the status page and `npm start` show of a node. Instants are milliseconds since 1970. */
export interface NodeView {
  readonly id: string;
  readonly lab: string;
  readonly class: string;
  readonly tags: readonly string[];
  readonly version: number;
  readonly state: string;
  readonly last: string | null;
  readonly since: number;
  readonly administrative: {
    readonly state: string;
    readonly reason: string | null;
    /** Who set it: `operator ada`. */
    readonly by: string;
    readonly since: number;
    /** Of an offline node: since when no hand is on it; null while what ran is being ended. */
    readonly handsOffAt: number | null;
  };
  readonly phase: { readonly name: string; readonly since: number };
  readonly power: { readonly observed: string; readonly at: number };
  readonly image: string | null;
  readonly revision: string | null;
  readonly reservation: string | null;
  readonly job: {
    readonly id: string;
    readonly program: string;
    readonly attempt: number;
    readonly step: string;
    readonly awaits: string;
    readonly since: number;
    readonly until: number;
    readonly command: string | null;
    readonly correcting: string | null;
    readonly doneBytes: number | null;
    readonly totalBytes: number | null;
  } | null;
  readonly correctiveReboots: number;
  /** Blocking issues of its hardware log: while there is one, nobody gets the node. */
  readonly openIssues: readonly string[];
  readonly fault: string | null;
}

/** How a lab is: its controllers, and whether it or its nodes are taken for the cause when nodes are late. */
export interface LabView {
  readonly id: string;
  readonly nodes: number;
  readonly correction: string;
  readonly controllers: readonly {
    readonly id: string;
    readonly state: "reachable" | "silent" | "never reported";
  }[];
  /** Nodes found late within the window of docs/correction.md. */
  readonly late: readonly string[];
  readonly tokens: number;
  readonly suspect: {
    readonly since: number;
    readonly allowance: number;
    readonly onProbation: readonly string[];
  } | null;
}

export interface ReservationView {
  readonly id: string;
  readonly version: number;
  readonly owner: string;
  readonly image: string;
  readonly revision: string;
  readonly class: string;
  readonly count: number;
  readonly state: string;
  readonly last: string | null;
  readonly since: number;
  readonly createdAt: number;
  /** When its user gets the nodes; of one that waits for nodes: as far as is known now. */
  readonly start: number;
  readonly end: number;
  /** Nodes that are kept free for it, before it has them. */
  readonly placed: readonly string[];
  readonly readyAt: number | null;
  readonly endedAt: number | null;
  readonly cause: { readonly code: string; readonly message: string } | null;
  readonly correctiveReboots: number;
  readonly nodes: readonly NodeView[];
  /** How to reach the nodes, only while the reservation holds them and with an address that was read since the last load. */
  readonly connections: readonly { readonly node: string; readonly address: string; readonly user: string }[];
}
