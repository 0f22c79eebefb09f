/** The part of the HTTP API that is about nodes. */
import * as z from "zod";
import {
  biosBody,
  burnInBody,
  captureBody,
  identifyBody,
  issueBody,
  loanBody,
  nodeBody,
  powerBody,
  type Route,
  reasonBody,
  reloadBody,
  rescueBody,
} from "./api.ts";
import { after, entries, missing, next, page, type RouteContract } from "./route-parts.ts";
import { answerView, consoleView, issueView, jobView, nodeViewShape, recordView } from "./views.ts";

type NodeRoute = Extract<Route, `${string} /v1/nodes${string}`>;

export const nodeRoutes: Readonly<Record<NodeRoute, RouteContract>> = {
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
  "GET /v1/nodes/{id}/console": {
    is: "What its serial console printed last; waits for more. A user reads that of a node while he has it, from then on",
    tag: "nodes",
    query: {
      after: "What the answer before gave as `after`; 0 at first",
      waitSeconds: "So long at most, from 0 to 20, and less where the function has less time left",
    },
    answers: { 200: consoleView },
    problems: {
      404: "There is none of that id, or it is not the caller's",
      409: "No console is known for it",
    },
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
      ...missing,
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
      ...missing,
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
      ...missing,
      409: "It is quarantined or in maintenance",
      422: "There is no such node or image",
      429: "Too many jobs wait for it: Retry-After says when to ask again",
    },
  },
  "POST /v1/nodes/{id}/capture": {
    is: "Make an image of it, as it is now, if it is in use or free: GET /v1/jobs/{id} says what became of it",
    tag: "nodes",
    body: captureBody,
    answers: { 202: jobView },
    problems: {
      ...missing,
      409: "It is neither in use nor free",
      422: "There is no such node, or it cannot be captured",
      429: "Too many jobs wait for it: Retry-After says when to ask again",
    },
  },
  "POST /v1/nodes/{id}/bios": {
    is: "Set its firmware as its BIOS profile wants it, as soon as it is free; it is restarted",
    tag: "nodes",
    body: biosBody,
    answers: { 202: jobView },
    problems: {
      ...missing,
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
      ...missing,
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
      ...missing,
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
};
