/** The HTTP API, route by route: what each is for, what it takes, what it gives. The OpenAPI document is made from this. */
import * as z from "zod";
import { extendBody, imageBody, issueBody, type Route, reasonBody, reservationBody } from "./api.ts";
import { labFile } from "./lab-file.ts";
import {
  answerView,
  imageView,
  issueView,
  jobView,
  labViewShape,
  nodeViewShape,
  proposalView,
  readinessView,
  reservationViewShape,
  timelineView,
} from "./views.ts";

export interface RouteContract {
  readonly is: string;
  readonly tag: "reservations" | "nodes" | "labs" | "images" | "jobs" | "about";
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
const missing = { 404: "There is none of that id" };

export const contracts: Readonly<Record<Route, RouteContract>> = {
  "GET /v1/openapi.json": {
    is: "This document",
    tag: "about",
    answers: { 200: z.record(z.string(), z.unknown()) },
  },
  "POST /v1/labs": {
    is: "Import a lab: what is new is enrolled, what has changed is updated, what is the same is left alone",
    tag: "labs",
    body: labFile,
    answers: {
      200: z.object({
        enrolled: z.array(z.string()),
        changed: z.array(z.string()),
        unchanged: z.int(),
        refused: z.array(z.string()),
      }),
    },
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
  "POST /v1/images": {
    is: "Register an image; its content becomes the production revision",
    tag: "images",
    body: imageBody,
    answers: { 201: z.object({ image: z.string(), revision: z.string() }) },
  },
  "GET /v1/images": {
    is: "All images",
    tag: "images",
    query: next,
    answers: { 200: page("images", imageView) },
  },
  "POST /v1/reservations": {
    is: "Reserve nodes with an image, now or for later. The same id again answers with the same reservation",
    tag: "reservations",
    body: reservationBody,
    answers: { 200: reservationViewShape, 201: reservationViewShape },
    problems: { 422: "It can never be had, and why" },
  },
  "GET /v1/reservations": {
    is: "All reservations, the oldest first",
    tag: "reservations",
    query: next,
    answers: { 200: page("reservations", reservationViewShape) },
  },
  "GET /v1/reservations/{id}": {
    is: "A reservation, with its nodes and how to reach them",
    tag: "reservations",
    answers: { 200: reservationViewShape },
    problems: missing,
  },
  "GET /v1/reservations/{id}/timeline": {
    is: "What happened to it, and why",
    tag: "reservations",
    query: after,
    answers: { 200: entries },
  },
  "GET /v1/reservations/{id}/explain": {
    is: "Why it is not ready yet, why it has these nodes, or how it ended and whose fault that was",
    tag: "reservations",
    answers: { 200: z.object({ answers: z.array(answerView) }) },
    problems: missing,
  },
  "POST /v1/reservations/{id}/extend": {
    is: "Let it end later, if nobody else has been promised its nodes by then",
    tag: "reservations",
    body: extendBody,
    answers: { 200: reservationViewShape },
    problems: { ...missing, 409: "The time is taken, or it is over" },
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
  "GET /v1/jobs/{id}": {
    is: "A job from outside",
    tag: "jobs",
    answers: { 200: jobView },
    problems: missing,
  },
};
