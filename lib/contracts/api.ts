/** The HTTP API: its routes (API Gateway route keys) and the bodies it takes. */
import * as z from "zod";
import { requirements } from "./job.ts";
import { policyOverrides } from "./policy.ts";
import { at, imageId, reservationId, sha256, words } from "./scalars.ts";

export const routes = [
  "GET /v1/openapi.json",
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
  "GET /v1/reservations/{id}/explain",
  "POST /v1/reservations/{id}/extend",
  "POST /v1/reservations/{id}/end",
  "GET /v1/nodes",
  "GET /v1/nodes/{id}",
  "GET /v1/nodes/{id}/timeline",
  "GET /v1/nodes/{id}/explain",
  "GET /v1/nodes/{id}/issues",
  "POST /v1/nodes/{id}/issues",
  "POST /v1/nodes/{id}/issues/{issue}/close",
  "POST /v1/nodes/{id}/offline",
  "POST /v1/nodes/{id}/online",
  "POST /v1/nodes/{id}/give-back",
  "GET /v1/jobs/{id}",
  "GET /v1/readiness/{id}",
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
