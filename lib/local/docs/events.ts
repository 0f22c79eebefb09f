/** docs/events.md, from the schema of an event. */
import { type Event, event, eventSchema, eventSource, eventTypes } from "../../contracts/events.ts";
import { actor } from "../../contracts/stored-node.ts";
import { fieldsTable } from "./fields.ts";
import { json, page, table } from "./markdown.ts";

/** A test holds it against the schema. */
export const exampleEvent: Event = {
  schema: eventSchema,
  id: "reservation/course-2026-11-24#9",
  type: "reservation.ending-soon",
  at: 1_795_251_600_000,
  sequence: 9,
  node: null,
  lab: null,
  reservation: "course-2026-11-24",
  image: null,
  revision: null,
  from: "in-use",
  to: "in-use",
  phase: null,
  why: "ends in 15 min",
  by: { kind: "timer", name: "wake" },
  cause: null,
  correction: null,
};

export const eventsPage = (): string =>
  page(
    "What others hear",
    "`lib/contracts/events.ts`",
    "Whatever happens to nodes, reservations and images, and each time of a block that is refused, is told on an event bus (Amazon EventBridge): one event for every change of a state, every correction, all that somebody has asked for, and every new revision of an image. It is made from the table's stream, after what it tells of was committed: nothing is told that did not happen, and nothing that happened is left out, however functions die.",
    "This is the `detail` of an event:",
    json(exampleEvent),
    `On the bus \`source\` is \`${eventSource}\` and \`detail-type\` is the event's \`type\`, so that a rule can choose: \`{"source": ["${eventSource}"], "detail-type": [{"prefix": "reservation."}]}\`.`,
    "## What to rely on",
    [
      "- At least once: an event may come again. The same `id` is the same event; drop what you know.",
      "- In any order: `sequence` grows with every event about the same thing. It is no count: a number may be left out where nothing happened that is worth telling.",
      "- Nothing secret is in an event, nor what a node has printed: `GET /v1/nodes/{id}/timeline` has the evidence.",
      `- \`${eventSchema}\` stays as it is but for new types and new fields: pass over what you do not know. Anything else is a new version.`,
    ].join("\n"),
    "## The fields",
    fieldsTable(event),
    "`by` has:",
    fieldsTable(actor, {
      kind: "`user`, `operator`, `message`, `watchdog`, `timer`, `agent`, `node` or `engine`.",
      name: "Which one.",
    }),
    "## The types",
    table(
      ["type", "meaning"],
      Object.entries(eventTypes).map(([type, meaning]) => [`\`${type}\``, meaning]),
    ),
    "How far a node's load has come (a step, a phase of its boot) is no event: each would be paid for, and most of a timeline is made of them. Whoever shows that asks `GET /v1/reservations/{id}/progress`, which waits for the next entry, or reads the timeline. What was asked for or decided and leaves the state as it is becomes `noted`; a portal that only wants to know who has what leaves those out by its rule.",
    "## On one machine",
    "`npm start` keeps every event as a target of EventBridge would get it, one line of JSON each, in `events.jsonl` of its data directory. With `EVENTS_WEBHOOK_URL` in the environment each is also sent there by `POST`, in order and again until the answer is 2xx, from when it was first set; how far it is survives a restart.",
  );
