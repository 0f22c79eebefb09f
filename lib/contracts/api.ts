/** The HTTP API: its routes (API Gateway route keys) and the bodies it takes. */
import * as z from "zod";
import type { Role } from "../core/caller.ts";
import { minimumHardware } from "./hardware.ts";
import { burnIn, capture, lastCapture, mostNodes, powerChange, requirements, rescue } from "./job.ts";
import { labNode } from "./lab-file.ts";
import { policyOverrides } from "./policy.ts";
import { quota } from "./quota.ts";
import {
  at,
  imageId,
  imageSettings,
  keeping,
  labId,
  nodeId,
  osVersion,
  projectId,
  reservationId,
  revisionId,
  sha256,
  words,
} from "./scalars.ts";

export const routes = [
  "GET /v1/openapi.json",
  "GET /v1/availability",
  "POST /v1/labs",
  "GET /v1/labs",
  "GET /v1/labs/{id}",
  "GET /v1/labs/{id}/correction",
  "GET /v1/labs/{id}/machines",
  "POST /v1/labs/{id}/machines/{machine}/claim",
  "POST /v1/labs/{id}/machines/{machine}/forget",
  "GET /v1/labs/{id}/inventory",
  "POST /v1/labs/{id}/claims",
  "POST /v1/labs/{id}/import",
  "POST /v1/images",
  "GET /v1/images",
  "GET /v1/images/{id}",
  "POST /v1/images/{id}/try",
  "POST /v1/images/{id}/production",
  "POST /v1/images/{id}/keep",
  "POST /v1/images/{id}/retire",
  "GET /v1/projects",
  "PUT /v1/projects/{id}",
  "POST /v1/blocks",
  "GET /v1/blocks",
  "POST /v1/blocks/{id}/end",
  "POST /v1/reservations",
  "GET /v1/reservations",
  "GET /v1/reservations/{id}",
  "GET /v1/reservations/{id}/connect",
  "GET /v1/reservations/{id}/timeline",
  "GET /v1/reservations/{id}/progress",
  "GET /v1/reservations/{id}/explain",
  "POST /v1/reservations/{id}/power",
  "POST /v1/reservations/{id}/capture",
  "POST /v1/reservations/{id}/extend",
  "POST /v1/reservations/{id}/end",
  "GET /v1/nodes",
  "GET /v1/nodes/{id}",
  "PUT /v1/nodes/{id}",
  "GET /v1/nodes/{id}/console",
  "GET /v1/nodes/{id}/timeline",
  "GET /v1/nodes/{id}/explain",
  "GET /v1/nodes/{id}/record",
  "GET /v1/nodes/{id}/issues",
  "POST /v1/nodes/{id}/issues",
  "POST /v1/nodes/{id}/issues/{issue}/close",
  "POST /v1/nodes/{id}/identify",
  "POST /v1/nodes/{id}/power",
  "POST /v1/nodes/{id}/reload",
  "POST /v1/nodes/{id}/capture",
  "POST /v1/nodes/{id}/bios",
  "POST /v1/nodes/{id}/burn-in",
  "POST /v1/nodes/{id}/rescue",
  "POST /v1/nodes/{id}/rescue/end",
  "POST /v1/nodes/{id}/loan",
  "POST /v1/nodes/{id}/offline",
  "POST /v1/nodes/{id}/online",
  "POST /v1/nodes/{id}/give-back",
  "POST /v1/upkeep",
  "GET /v1/jobs/{id}",
  "GET /v1/readiness/{id}",
] as const;
export type Route = (typeof routes)[number];

const everyone: readonly Role[] = ["user", "operator", "lab-controller"];
const users: readonly Role[] = ["user", "operator"];
const operators: readonly Role[] = ["operator"];
const hands: readonly Role[] = ["operator", "lab-controller"];

/**
 * Who may ask what; null: nobody has to say who he is. Of reservations, blocks and jobs, a user sees and changes his own;
 * what is not his is not there for him.
 */
export const mayAsk: Readonly<Record<Route, readonly Role[] | null>> = {
  "GET /v1/openapi.json": null,
  "GET /v1/availability": users,
  "POST /v1/labs": operators,
  "GET /v1/labs": hands,
  "GET /v1/labs/{id}": hands,
  "GET /v1/labs/{id}/correction": operators,
  "GET /v1/labs/{id}/machines": hands,
  "POST /v1/labs/{id}/machines/{machine}/claim": operators,
  "POST /v1/labs/{id}/machines/{machine}/forget": operators,
  "GET /v1/labs/{id}/inventory": operators,
  "POST /v1/labs/{id}/claims": operators,
  "POST /v1/labs/{id}/import": operators,
  "POST /v1/images": operators,
  "GET /v1/images": everyone,
  "GET /v1/images/{id}": everyone,
  "POST /v1/images/{id}/try": operators,
  "POST /v1/images/{id}/production": operators,
  "POST /v1/images/{id}/keep": operators,
  "POST /v1/images/{id}/retire": operators,
  "GET /v1/projects": users,
  "PUT /v1/projects/{id}": operators,
  "POST /v1/blocks": users,
  "GET /v1/blocks": users,
  "POST /v1/blocks/{id}/end": users,
  "POST /v1/reservations": users,
  "GET /v1/reservations": users,
  "GET /v1/reservations/{id}": users,
  "GET /v1/reservations/{id}/connect": users,
  "GET /v1/reservations/{id}/timeline": users,
  "GET /v1/reservations/{id}/progress": users,
  "GET /v1/reservations/{id}/explain": users,
  "POST /v1/reservations/{id}/power": users,
  "POST /v1/reservations/{id}/capture": users,
  "POST /v1/reservations/{id}/extend": users,
  "POST /v1/reservations/{id}/end": users,
  "GET /v1/nodes": hands,
  "GET /v1/nodes/{id}": hands,
  "PUT /v1/nodes/{id}": operators,
  "GET /v1/nodes/{id}/console": users,
  "GET /v1/nodes/{id}/timeline": hands,
  "GET /v1/nodes/{id}/explain": hands,
  "GET /v1/nodes/{id}/record": operators,
  "GET /v1/nodes/{id}/issues": hands,
  "POST /v1/nodes/{id}/issues": hands,
  "POST /v1/nodes/{id}/issues/{issue}/close": operators,
  "POST /v1/nodes/{id}/identify": operators,
  "POST /v1/nodes/{id}/power": operators,
  "POST /v1/nodes/{id}/reload": operators,
  "POST /v1/nodes/{id}/capture": operators,
  "POST /v1/nodes/{id}/bios": operators,
  "POST /v1/nodes/{id}/burn-in": operators,
  "POST /v1/nodes/{id}/rescue": operators,
  "POST /v1/nodes/{id}/rescue/end": operators,
  "POST /v1/nodes/{id}/loan": operators,
  "POST /v1/nodes/{id}/offline": operators,
  "POST /v1/nodes/{id}/online": operators,
  "POST /v1/nodes/{id}/give-back": operators,
  "POST /v1/upkeep": operators,
  "GET /v1/jobs/{id}": users,
  "GET /v1/readiness/{id}": operators,
};

/** It changes one thing that has an ETag: sent back as If-Match, nothing newer is changed. */
export const takesVersion = (route: Route): boolean =>
  !route.startsWith("GET ") &&
  route !== "POST /v1/nodes/{id}/issues" &&
  /\/v1\/(?:reservations|nodes|images|blocks|projects)\/\{id\}/.test(route);

export const isRoute = (key: string): key is Route => routes.some((route) => route === key);

export const reservationBody = z.strictObject({
  id: reservationId
    .optional()
    .describe("Chosen by the caller: the same id again answers with the same reservation."),
  owner: words(200)
    .optional()
    .describe("Whose reservation it is: the caller's, unless an operator says whose."),
  ...requirements,
});

const least = z.coerce.number().int().min(1).max(1_073_741_824).exactOptional();

const listed = (text: string): string[] => text.split(",").filter((each) => each !== "");

/** What can be had: of one class, or of all. */
export const availabilityQuery = z.object({
  class: words(63).exactOptional().describe("Of this class only, and from when on there is enough of it"),
  count: z.coerce.number().int().min(1).max(mostNodes).default(1).describe("So many nodes"),
  minutes: z.coerce
    .number()
    .int()
    .min(1)
    .max(60 * 24 * 30)
    .default(60)
    .describe("For so long"),
  lab: labId.exactOptional().describe("Of this lab only"),
  tags: z
    .string()
    .max(500)
    .transform(listed)
    .exactOptional()
    .describe("With all of these tags, separated by commas"),
  project: projectId.exactOptional().describe("In the name of this project: what is lent to it counts"),
  cpus: least.describe("With so many CPUs"),
  memoryMiB: least.describe("With so much memory"),
  diskGiB: least.describe("With a disk of that size"),
  nics: least.describe("With so many network interfaces"),
  features: z
    .string()
    .max(500)
    .transform(listed)
    .exactOptional()
    .describe("With all of these, separated by commas"),
});
export type AvailabilityQuery = z.infer<typeof availabilityQuery>;

export const nodeBody = labNode.omit({ id: true }).extend({ lab: labId });

export const reloadBody = z.strictObject({
  id: reservationId.optional().describe("Id of the job: the same id again changes nothing."),
  image: imageId.describe("Its production revision is loaded as soon as the node is free."),
});

export const biosBody = z.strictObject({
  id: reservationId.optional().describe("Id of the job: the same id again changes nothing."),
});

export const burnInBody = biosBody.extend(burnIn);

export const rescueBody = biosBody.extend(rescue);

export const identifyBody = z.strictObject({
  id: reservationId.optional().describe("Id of the job: the same id again changes nothing."),
});

export const powerBody = z.strictObject({
  id: reservationId.optional().describe("Id of the job: the same id again changes nothing."),
  change: powerChange,
  reason: words(500).nullable().default(null).describe("Why. Wanted for a node that somebody uses."),
});

export const ownPowerBody = powerBody.omit({ reason: true }).extend({
  node: nodeId.describe("A node of the reservation that was handed over."),
});

export const loanBody = z.strictObject({
  to: words(200).nullable().describe("An owner of reservations, or a project; null: it is anybody's again."),
  until: at.nullable().default(null).describe("Whoever asks after this is anybody again; null: until then."),
  reason: words(500),
});

export const captureBody = z.strictObject({
  id: reservationId.optional().describe("Id of the job: the same id again changes nothing."),
  ...capture,
});

export const ownCaptureBody = captureBody.extend({
  node: nodeId.nullable().default(null).describe("Null: the only node of the reservation."),
});

export const endBody = z.strictObject({
  reason: words(500),
  capture: lastCapture.describe("Make an image of a node before it is taken back; null: of none."),
});

export const tryBody = z.strictObject({
  id: reservationId.optional().describe("Id of the job: the same id again changes nothing."),
  revision: revisionId,
  node: nodeId
    .nullable()
    .default(null)
    .describe("Null: a free one of the class that it was captured from, another than that one."),
});

export const productionBody = z.strictObject({
  revision: revisionId,
  untried: words(500)
    .nullable()
    .default(null)
    .describe("Why a captured revision becomes production before another node was loaded with it."),
});

export const keepBody = z.strictObject({
  keep: keeping
    .nullable()
    .describe(
      "Revisions beside the production one that are older and more than that are collected from the image stores, none that is in use; null: all are kept.",
    ),
});

export const projectBody = z.strictObject({
  members: z.array(words(200)).max(1000).describe("Who may reserve in its name: subjects of tokens"),
  quota,
});

const sequence = z.coerce.number().int().min(0).default(0);

export const timelineQuery = z.object({
  after: sequence.describe("Only what has a higher sequence number"),
});

/** A long poll. The longest wait ends well before API Gateway does, after 30 s. */
export const progressQuery = z.strictObject({
  after: sequence.describe("What the answer before gave as `after`; 0 at first, which is answered at once"),
  waitSeconds: z.coerce
    .number()
    .min(0)
    .max(20)
    .default(0)
    .describe("So long at most, and less where the function has less time left"),
});

/** A page of a list. */
export const pageQuery = z.object({
  next: z.string().exactOptional().describe("Where to go on: what the page before gave as `next`"),
});

export const extendBody = z.strictObject({
  end: at.describe("When it is to end, in milliseconds since 1970."),
});

export const imageBody = z
  .strictObject({
    id: imageId,
    buildSystem: z.string().default("netboot-image"),
    osModule: z.string().default("linux"),
    /** Whose time-outs hold: `2008` of `windows`. Without it, those of its family. */
    osVersion: osVersion.exactOptional(),
    sha256: sha256
      .exactOptional()
      .describe("Of the disk image in the lab's image store, where the build system takes one"),
    sizeBytes: z.int().positive().exactOptional(),
    revision: z
      .string()
      .regex(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?$/, "is not the name of a revision")
      .exactOptional()
      .describe("What this revision is called; default: the beginning of the checksum"),
    settings: imageSettings
      .exactOptional()
      .describe("What else the build system wants to know: docs/build-systems.md"),
    minimum: minimumHardware.exactOptional().describe("What a machine must at least have for it"),
    /** How long its operating system takes, where it differs from others; null: as it is everywhere. */
    correction: policyOverrides.nullable().exactOptional(),
  })
  .refine(({ sha256, sizeBytes }) => (sha256 === undefined) === (sizeBytes === undefined), {
    path: ["sizeBytes"],
    message: "checksum and size belong together",
  })
  .refine(({ sha256, revision }) => sha256 !== undefined || revision !== undefined, {
    path: ["revision"],
    message: "an image without a checksum wants a name for its revision",
  });
export type ImageBody = z.infer<typeof imageBody>;

/** What a person writes into a node's hardware log. */
export const issueBody = z.strictObject({
  code: z
    .string()
    .regex(
      /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
      "is no code: lower-case letters, digits and dashes, no dash at its end",
    )
    .describe("What kind of trouble it is: a second report of the same kind is the same issue."),
  message: words(1000),
  blocking: z.boolean().default(true).describe("Nobody gets the node until the issue is closed."),
  evidence: z.array(words(1000)).max(20).default([]),
});
export type IssueBody = z.infer<typeof issueBody>;

export const reasonBody = z.strictObject({ reason: words(500) });
