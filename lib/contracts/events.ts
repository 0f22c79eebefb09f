/** What happens, as others hear of it on the event bus: what of a timeline is worth telling (lib/contracts/told.ts), and every new image. */
import * as z from "zod";
import type { ProvisionState } from "../core/node/node.ts";
import { letterCauses, letterTypes } from "../core/reservation/letter.ts";
import type { ReservationState } from "../core/reservation/reservation.ts";
import type { Notice } from "../core/timeline.ts";
import { actor } from "./stored-node.ts";

/** Which events a rule of EventBridge takes: each field has one of the values; `$or`: at least one of the patterns fits. */
export interface EventPattern {
  readonly source?: readonly string[];
  readonly "detail-type"?: readonly string[];
  readonly detail?: { readonly cause: readonly string[] };
  readonly $or?: readonly EventPattern[];
}

/** The format, with its version. A change that somebody could stumble over is a new version; new types and fields are not. */
export const eventSchema = "rackwright.event/1";

/** What the bus calls us. */
export const eventSource = "rackwright";

export type EventType =
  | `node.${ProvisionState | "identified" | "corrected" | "noted"}`
  | `reservation.${ReservationState | Notice | "noted"}`
  | "image.registered"
  | "image.captured"
  | "image.retired"
  | "block.refused";

/** What users are written to about. */
export const letterPattern: EventPattern = {
  source: [eventSource],
  $or: letterTypes.map((type) => {
    const cause = letterCauses[type];
    return { "detail-type": [type], ...(cause === undefined ? {} : { detail: { cause: [cause] } }) };
  }),
};

/** Every type, with what it means. */
export const eventTypes: Readonly<Record<EventType, string>> = {
  "node.unidentified": "It is known from a lab file; its machine has yet to be found",
  "node.identified": "Its machine was found, by what `why` says; its BMC is asked next. Once for every node",
  "node.enrolled": "It is known from a lab file, or was given back; its BMC is asked next",
  "node.available": "It is free",
  "node.reserved": "It was claimed for a reservation",
  "node.loading": "Its disk is being written",
  "node.configuring": "Its operating system comes up",
  "node.in-use": "It is handed over to its user",
  "node.capturing": "What is on it is being made an image of",
  "node.reclaiming": "It is being taken back",
  "node.maintenance": "An operator has it",
  "node.retired": "An operator has taken it out of use for good",
  "node.quarantined": "It could not be repaired: a person has to look at it",
  "node.corrected": "It was late, and something was done about it: `correction` says what",
  "node.noted":
    "An operator or a user had something done to it, or correction would have acted, and its state stays as it is",
  "reservation.new": "It was asked for, and waits for nodes",
  "reservation.loading": "It has nodes, which are being made ready",
  "reservation.reserved": "Its nodes are handed over",
  "reservation.in-use": "Its user has logged in",
  "reservation.reclaim":
    "It is over, and its nodes are being taken back; `cause` says why where it is not its time",
  "reservation.complete": "It was served, and its nodes are free again",
  "reservation.failed": "It could not be served: `cause` and `why` say why",
  "reservation.ending-soon": "It ends soon: its user is to be told; once for every end",
  "reservation.extended": "It ends later than before",
  "reservation.noted":
    "Something was decided, and its state stays as it is: a place was found, a node was replaced",
  "image.registered": "An image has a new revision, which is what is loaded from now on",
  "image.captured":
    "A new image was made of a node; it is not production before it was tried: `why` says how",
  "image.retired": "Nobody can reserve the image any more: `why` says why",
  "block.refused":
    "A time of a block could not be reserved when it came near: `why` and `cause` say why, `reservation` what it would have been called",
};

export const isEventType = (text: string): text is EventType => Object.hasOwn(eventTypes, text);

const id = z.string().nullable();

/** The `detail` of an event. Nothing secret is in it, nor what a node's console printed: the timeline has that. */
export const event = z.strictObject({
  schema: z.literal(eventSchema).describe("The format, with its version."),
  id: z
    .string()
    .regex(/^(node|reservation|image|block)\/[^#]+#\d+$/, "is not an event id (node/node-01#17)")
    .describe("What it is about and which version of that: the same id is the same event, delivered again."),
  type: z.enum(Object.keys(eventTypes).filter(isEventType)).describe("What happened: the table below."),
  at: z.int().min(0).describe("When, in milliseconds since 1970."),
  sequence: z
    .int()
    .min(1)
    .describe(
      "Grows with every event about the same thing: events may come in any order, and this is theirs.",
    ),
  node: id.describe("The node that it is about, or `null`."),
  lab: id.describe("The node's lab."),
  reservation: id.describe("The reservation that it is about, or that the node is for."),
  image: id.describe("The image that it is about."),
  revision: id.describe("The image's revision."),
  from: id.describe("The state before; `null` where there was none."),
  to: id.describe("The state now: the same as before where only something was noted."),
  phase: id.describe("The phase of the node's boot."),
  why: z.string().describe("A sentence for people: do not read meaning into its words."),
  by: actor.nullable().describe("Who or what caused it."),
  cause: id.describe(
    "The code of the fault that a reservation ended with, or that a time of a block was refused with: `never-connected`, `no-capacity` …",
  ),
  correction: id.describe("What was done about a node that was late: `reset`, `power-cycle` …"),
});
export type Event = z.infer<typeof event>;
