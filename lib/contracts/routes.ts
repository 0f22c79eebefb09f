/** The HTTP API, route by route: what each is for, what it takes, what it gives. The OpenAPI document is made from this. */
import * as z from "zod";
import {
  availabilityQuery,
  biosBody,
  burnInBody,
  extendBody,
  identifyBody,
  imageBody,
  issueBody,
  loanBody,
  nodeBody,
  ownPowerBody,
  powerBody,
  productionBody,
  projectBody,
  type Route,
  reasonBody,
  reloadBody,
  rescueBody,
  reservationBody,
} from "./api.ts";
import { blockBody, blockView } from "./block.ts";
import { claimBody, machineView } from "./identification.ts";
import { claimsBody, claimsView, inventoryView } from "./inventory-views.ts";
import { labFile, labPart } from "./lab-file.ts";
import { upkeepBody, upkeepView } from "./upkeep.ts";
import {
  answerView,
  availabilityView,
  connectView,
  imageView,
  issueView,
  jobView,
  labViewShape,
  nodeViewShape,
  progressView,
  projectView,
  proposalView,
  readinessView,
  recordView,
  reservationSummaryShape,
  reservationViewShape,
  revisionView,
  timelineView,
} from "./views.ts";

export interface RouteContract {
  readonly is: string;
  readonly tag: "reservations" | "nodes" | "labs" | "images" | "projects" | "blocks" | "jobs" | "about";
  readonly body?: z.ZodType;
  /** By status: what it gives. */
  readonly answers: Readonly<Record<number, z.ZodType>>;
  /** Problems that it may answer with, beside those of every route. */
  readonly problems?: Readonly<Record<number, string>>;
  readonly query?: Readonly<Record<string, string>>;
}

const next = { next: "Where to go on: what the page before gave as `next`" };
const after = { after: "Only what has a higher sequence number" };
const page = <T extends z.ZodType>(name: string, shape: T) =>
  z.object({ [name]: z.array(shape), next: z.string().nullable() });
const entries = z.object({ entries: z.array(timelineView), next: z.int().nullable() });
const imported = z.object({
  enrolled: z.array(z.string()),
  changed: z.array(z.string()),
  unchanged: z.int(),
  refused: z.array(z.string()),
});
const missing = { 404: "There is none of that id" };

export const contracts: Readonly<Record<Route, RouteContract>> = {
  "GET /v1/openapi.json": {
    is: "This document",
    tag: "about",
    answers: { 200: z.record(z.string(), z.unknown()) },
  },
  "GET /v1/availability": {
    is: "What can be had: classes with their free nodes, and the images for them",
    tag: "reservations",
    query: Object.fromEntries(
      Object.entries(availabilityQuery.shape).map(([name, { description = "" }]) => [name, description]),
    ),
    answers: { 200: availabilityView },
  },
  "POST /v1/labs": {
    is: "Import a lab: what is new is enrolled, what has changed is updated, what is the same is left alone",
    tag: "labs",
    body: labFile,
    answers: { 200: imported },
  },
  "GET /v1/labs": { is: "All labs", tag: "labs", query: next, answers: { 200: page("labs", labViewShape) } },
  "GET /v1/labs/{id}": { is: "A lab", tag: "labs", answers: { 200: labViewShape }, problems: missing },
  "GET /v1/labs/{id}/correction": {
    is: "What correction would have done in a lab that only observes, and what came of it without",
    tag: "labs",
    query: next,
    answers: { 200: page("proposals", proposalView) },
    problems: missing,
  },
  "GET /v1/labs/{id}/machines": {
    is: "Machines that were found in a lab: first those that are held, with why, then those that were identified",
    tag: "labs",
    query: next,
    answers: { 200: page("machines", machineView) },
    problems: missing,
  },
  "POST /v1/labs/{id}/machines/{machine}/claim": {
    is: "Say who a found machine is: a node of the lab, or a new one of a class",
    tag: "labs",
    body: claimBody,
    answers: { 200: machineView },
    problems: { ...missing, 409: "The node is in use, or of another lab" },
  },
  "POST /v1/labs/{id}/machines/{machine}/forget": {
    is: "Hear no more of a machine that is held; if it tells of itself again, it is new",
    tag: "labs",
    answers: { 200: machineView },
    problems: { ...missing, 409: "It is a node" },
  },
  "GET /v1/labs/{id}/inventory": {
    is: "A lab as a file would describe it, some nodes at a time",
    tag: "labs",
    query: next,
    answers: { 200: inventoryView },
    problems: missing,
  },
  "POST /v1/labs/{id}/claims": {
    is: "Who has what only one node can have: a MAC, a UUID, a serial number, a name. What nobody has is left out",
    tag: "labs",
    body: claimsBody,
    answers: { 200: claimsView },
  },
  "POST /v1/labs/{id}/import": {
    is: "Import a part of a lab: its settings, then its nodes, some at a time. The same part again changes nothing",
    tag: "labs",
    body: labPart,
    answers: { 200: imported },
    problems: missing,
  },
  "POST /v1/images": {
    is: "Register an image; its content becomes the production revision",
    tag: "images",
    body: imageBody,
    answers: { 201: z.object({ image: z.string(), revision: z.string() }) },
    problems: { 422: "Its build system cannot use it, or the revision is registered with other content" },
  },
  "GET /v1/images": {
    is: "All images",
    tag: "images",
    query: next,
    answers: { 200: page("images", imageView) },
  },
  "GET /v1/images/{id}": {
    is: "An image with all its revisions",
    tag: "images",
    answers: { 200: imageView.extend({ revisions: z.array(revisionView) }) },
    problems: missing,
  },
  "POST /v1/images/{id}/production": {
    is: "Let reservations from now on have another revision",
    tag: "images",
    body: productionBody,
    answers: { 200: imageView },
    problems: missing,
  },
  "POST /v1/images/{id}/retire": {
    is: "Nobody can reserve it from now on; who has it keeps it",
    tag: "images",
    body: reasonBody,
    answers: { 200: imageView },
    problems: missing,
  },
  "GET /v1/projects": {
    is: "All projects; for a user: those that he is in",
    tag: "projects",
    query: next,
    answers: { 200: page("projects", projectView) },
  },
  "PUT /v1/projects/{id}": {
    is: "Make a project, or change who is in it and how much it may have",
    tag: "projects",
    body: projectBody,
    answers: { 200: projectView },
  },
  "POST /v1/blocks": {
    is: "Reserve the same for many times, such as a class that meets every Tuesday",
    tag: "blocks",
    body: blockBody,
    answers: { 200: blockView, 201: blockView },
    problems: { 409: "The id is that of another block" },
  },
  "GET /v1/blocks": {
    is: "All blocks; for a user: his own",
    tag: "blocks",
    query: next,
    answers: { 200: page("blocks", blockView) },
  },
  "POST /v1/blocks/{id}/end": {
    is: "Let it reserve no more; what it has reserved stays",
    tag: "blocks",
    body: reasonBody,
    answers: { 200: blockView },
    problems: missing,
  },
  "POST /v1/reservations": {
    is: "Reserve nodes with an image, now or for later. The same id again answers with the same reservation",
    tag: "reservations",
    body: reservationBody,
    answers: { 200: reservationViewShape, 201: reservationViewShape },
    problems: {
      403: "The owner is not in the project, or is somebody else",
      409: "The id is that of another reservation, or the image is retired",
      422: "It can never be had, and why",
      429: "The project's quota is spent: Retry-After says when to ask again",
    },
  },
  "GET /v1/reservations": {
    is: "All reservations, the oldest first; for a user: his own",
    tag: "reservations",
    query: { ...next, owner: "Only those of this owner" },
    answers: { 200: page("reservations", reservationSummaryShape) },
  },
  "GET /v1/reservations/{id}": {
    is: "A reservation, with its nodes and how to reach them",
    tag: "reservations",
    answers: { 200: reservationViewShape },
    problems: missing,
  },
  "GET /v1/reservations/{id}/connect": {
    is: "How to log in, with addresses that were read since the last load",
    tag: "reservations",
    answers: { 200: connectView },
    problems: { ...missing, 409: "It is not ready yet, or over" },
  },
  "GET /v1/reservations/{id}/timeline": {
    is: "What happened to it, and why",
    tag: "reservations",
    query: after,
    answers: { 200: entries },
    problems: missing,
  },
  "GET /v1/reservations/{id}/progress": {
    is: "How far it is; waits for something to happen to it or to one of its nodes, if nothing has since",
    tag: "reservations",
    query: {
      after: "What the answer before gave as `after`; 0 at first, which is answered at once",
      waitSeconds: "So long at most, from 0 to 20, and less where the function has less time left",
    },
    answers: { 200: progressView },
    problems: missing,
  },
  "GET /v1/reservations/{id}/explain": {
    is: "Why it is not ready yet, why it has these nodes, or how it ended and whose fault that was",
    tag: "reservations",
    answers: { 200: z.object({ answers: z.array(answerView) }) },
    problems: missing,
  },
  "POST /v1/reservations/{id}/power": {
    is: "Switch a node of it on, off, or off and on: its user's own reset button",
    tag: "reservations",
    body: ownPowerBody,
    answers: { 202: jobView },
    problems: {
      ...missing,
      409: "It was not handed over, or is over",
      422: "It cannot be, and why",
      429: "Too many jobs wait for the node: Retry-After says when to ask again",
    },
  },
  "POST /v1/reservations/{id}/extend": {
    is: "Let it end later, if nobody else has been promised its nodes by then",
    tag: "reservations",
    body: extendBody,
    answers: { 200: reservationViewShape },
    problems: {
      ...missing,
      403: "Its owner is not in its project any more",
      409: "The time is taken, or it is over",
      422: "It cannot be, and why",
      429: "The project's quota is spent: Retry-After says when to ask again",
    },
  },
  "POST /v1/reservations/{id}/end": {
    is: "End it: its nodes are taken back",
    tag: "reservations",
    body: reasonBody,
    answers: { 202: z.object({ reservation: z.string(), ending: z.boolean() }) },
    problems: missing,
  },
  "GET /v1/nodes": {
    is: "All nodes",
    tag: "nodes",
    query: next,
    answers: { 200: page("nodes", nodeViewShape) },
  },
  "GET /v1/nodes/{id}": { is: "A node", tag: "nodes", answers: { 200: nodeViewShape }, problems: missing },
  "PUT /v1/nodes/{id}": {
    is: "Enrol a node, or change its settings: the next command goes by the new ones",
    tag: "nodes",
    body: nodeBody,
    answers: { 200: nodeViewShape, 201: nodeViewShape },
    problems: { 409: "Another node has its MAC, it is another lab's, or there is no such lab" },
  },
  "GET /v1/nodes/{id}/timeline": {
    is: "What happened to it, and why",
    tag: "nodes",
    query: after,
    answers: { 200: entries },
  },
  "GET /v1/nodes/{id}/explain": {
    is: "What it is doing and waits for, who keeps it from everybody, why it was corrected last",
    tag: "nodes",
    answers: { 200: z.object({ answers: z.array(answerView) }) },
    problems: missing,
  },
  "GET /v1/nodes/{id}/record": {
    is: "Its flight recorder: all that is known of it, in one document",
    tag: "nodes",
    answers: { 200: recordView },
    problems: missing,
  },
  "GET /v1/nodes/{id}/issues": {
    is: "Its hardware log",
    tag: "nodes",
    answers: { 200: z.object({ issues: z.array(issueView) }) },
  },
  "POST /v1/nodes/{id}/issues": {
    is: "Write into its hardware log",
    tag: "nodes",
    body: issueBody,
    answers: { 200: issueView, 201: issueView },
    problems: missing,
  },
  "POST /v1/nodes/{id}/issues/{issue}/close": {
    is: "Close an issue of its hardware log",
    tag: "nodes",
    body: reasonBody,
    answers: { 200: issueView },
    problems: missing,
  },
  "POST /v1/nodes/{id}/identify": {
    is: "Light its machine up for two minutes, so that a person finds it in the racks",
    tag: "nodes",
    body: identifyBody,
    answers: { 202: jobView },
    problems: {
      409: "It is quarantined, in maintenance, or has no machine yet",
      422: "There is no such node",
      429: "Too many jobs wait for it: Retry-After says when to ask again",
    },
  },
  "POST /v1/nodes/{id}/power": {
    is: "Switch it on, off, or off and on: at once if it is at rest or in use, else as soon as it is",
    tag: "nodes",
    body: powerBody,
    answers: { 202: jobView },
    problems: {
      409: "It is in use and no reason is given, quarantined or in maintenance",
      422: "There is no such node",
      429: "Too many jobs wait for it: Retry-After says when to ask again",
    },
  },
  "POST /v1/nodes/{id}/reload": {
    is: "Load it anew as soon as it is free",
    tag: "nodes",
    body: reloadBody,
    answers: { 202: jobView },
    problems: {
      409: "It is quarantined or in maintenance",
      422: "There is no such node or image",
      429: "Too many jobs wait for it: Retry-After says when to ask again",
    },
  },
  "POST /v1/nodes/{id}/bios": {
    is: "Set its firmware as its BIOS profile wants it, as soon as it is free; it is restarted",
    tag: "nodes",
    body: biosBody,
    answers: { 202: jobView },
    problems: {
      409: "It is quarantined or retired",
      422: "There is no such node, or it has no BIOS profile",
      429: "Too many jobs wait for it: Retry-After says when to ask again",
    },
  },
  "POST /v1/nodes/{id}/burn-in": {
    is: "Test its machine as soon as it is free; what is found stands in its hardware log",
    tag: "nodes",
    body: burnInBody,
    answers: { 202: jobView },
    problems: {
      409: "It is quarantined or retired",
      422: "There is no such node",
      429: "Too many jobs wait for it: Retry-After says when to ask again",
    },
  },
  "POST /v1/nodes/{id}/rescue": {
    is: "Boot it into a shell on its console for a while; it keeps its place, and its disk as it is",
    tag: "nodes",
    body: rescueBody,
    answers: { 202: jobView },
    problems: {
      409: "It is in use and no reason is given, quarantined or retired",
      422: "There is no such node",
      429: "Too many jobs wait for it: Retry-After says when to ask again",
    },
  },
  "POST /v1/nodes/{id}/rescue/end": {
    is: "End its rescue before its time: it boots its own disk",
    tag: "nodes",
    body: reasonBody,
    answers: { 200: nodeViewShape },
    problems: missing,
  },
  "POST /v1/nodes/{id}/loan": {
    is: "Lend it to a person or a project: nobody else can reserve it. Reservations that have it keep it",
    tag: "nodes",
    body: loanBody,
    answers: { 200: nodeViewShape },
    problems: missing,
  },
  "POST /v1/nodes/{id}/offline": {
    is: "Take it: what is under way is ended, and nobody touches it",
    tag: "nodes",
    body: reasonBody,
    answers: { 200: nodeViewShape },
    problems: missing,
  },
  "POST /v1/nodes/{id}/online": {
    is: "Give it back: what was under way goes on",
    tag: "nodes",
    body: reasonBody,
    answers: { 200: nodeViewShape },
    problems: missing,
  },
  "POST /v1/nodes/{id}/give-back": {
    is: "Give back a quarantined node: it is inspected, or loaded anew if a user had it",
    tag: "nodes",
    body: reasonBody,
    answers: { 200: nodeViewShape },
    problems: missing,
  },
  "GET /v1/readiness/{id}": {
    is: "How often nodes of a class were handed over without a load, and how long a load takes, by image",
    tag: "nodes",
    answers: { 200: readinessView },
  },
  "POST /v1/upkeep": {
    is: "Take nodes into maintenance, bring them back, or retire them: one, or all of a class, rack, power domain or lab",
    tag: "nodes",
    body: upkeepBody,
    answers: { 200: upkeepView },
    problems: { 404: "There is no such node", 422: "Its end is over already" },
  },
  "GET /v1/jobs/{id}": {
    is: "A job from outside",
    tag: "jobs",
    answers: { 200: jobView },
    problems: missing,
  },
};
