/**
 * What operators do by hand, as functions/operate.ts is asked for it: by an SSM Automation, which says who ran it, or by a
 * button of the console. The Automation documents, the runbook and the console's forms are made from this page.
 */
import * as z from "zod";
import type { Instant } from "../core/time.ts";
import { imageId, labId, nodeId, reservationId, words } from "./scalars.ts";
import type { Stored } from "./stored.ts";

export interface Operation {
  /** What a button says. */
  readonly title: string;
  readonly target: "node" | "lab";
  /** What comes of it, for whoever is about to do it. */
  readonly effect: string;
  /** It ends what somebody is doing, or switches a machine: asked for once more before it is done. */
  readonly disturbs: boolean;
}

/** By their names in a request. */
export const operations = {
  "look-again": {
    title: "Look again",
    target: "node",
    effect:
      "The node is looked at now, as a timer would have it: what is due is done, and nothing else changes.",
    disturbs: false,
  },
  inspect: {
    title: "Inspect again",
    target: "node",
    effect:
      "Its power state is read as soon as it is free; if its BMC does not answer, it is quarantined. A node that is kept out is given back by this, and checked first.",
    disturbs: false,
  },
  "power-cycle": {
    title: "Power cycle",
    target: "node",
    effect:
      "Off, proved off, and on again: at once if it is at rest or in use, else as soon as it is. Whoever uses it loses what he has not saved.",
    disturbs: true,
  },
  reload: {
    title: "Load again",
    target: "node",
    effect:
      "Its disk is written anew as soon as it is free, with the image that is named or that it has. It waits behind what the node is doing.",
    disturbs: true,
  },
  quarantine: {
    title: "Quarantine",
    target: "node",
    effect:
      "A blocking issue is opened in its hardware log: nobody gets the node until it is released. Whoever uses it keeps it to the end.",
    disturbs: false,
  },
  release: {
    title: "Release",
    target: "node",
    effect:
      "Its blocking issues are closed, an offline node is online again, and one that was kept out is checked or loaded before anybody gets it.",
    disturbs: false,
  },
  offline: {
    title: "Take offline",
    target: "node",
    effect:
      "Nobody gets the node and nothing touches it; what runs on its controller is ended. Whoever uses it keeps it. Its clocks stand still until it is released.",
    disturbs: true,
  },
  record: {
    title: "Export the flight recorder",
    target: "node",
    effect: "All that is known of the node, as one JSON document. Nothing changes.",
    disturbs: false,
  },
  drain: {
    title: "Drain a lab",
    target: "lab",
    effect:
      "Nobody new gets a node of the lab. Whoever uses one keeps it to his end; then it is kept out until the lab is resumed. Run it again if it says that some are left.",
    disturbs: true,
  },
  resume: {
    title: "Resume a lab",
    target: "lab",
    effect:
      "Every node of the lab that was drained comes back by way of a check, and one that is offline is online again. Run it again if it says that some are left.",
    disturbs: false,
  },
  restored: {
    title: "After a restore",
    target: "lab",
    effect:
      "The table comes from a backup: every node of the lab is taken offline, what is believed of its disk is forgotten, and its numbers move on. Put back with Resume what you have looked at. Run it again if it says that some are left.",
    disturbs: true,
  },
} as const satisfies Readonly<Record<string, Operation>>;

export type OperationName = keyof typeof operations;

const isOperationName = (text: string): text is OperationName => Object.hasOwn(operations, text);
export const operationNames: readonly OperationName[] = Object.keys(operations).filter(isOperationName);

const common = {
  reason: words(400).describe("Why: it stands in the timeline."),
  actor: words(180).describe("Who asks: of an Automation, whoever ran it."),
  request: reservationId
    .nullable()
    .default(null)
    .describe("The same request again changes nothing; of an Automation, its execution."),
};

const onNode = { ...common, target: nodeId };
const onLab = { ...common, target: labId };

export const operateRequest = z.discriminatedUnion("action", [
  z.strictObject({ action: z.literal("look-again"), ...onNode }),
  z.strictObject({ action: z.literal("inspect"), ...onNode }),
  z.strictObject({ action: z.literal("power-cycle"), ...onNode }),
  z.strictObject({
    action: z.literal("reload"),
    ...onNode,
    // A parameter of an Automation that is left out is empty.
    image: imageId
      .or(z.literal("").transform(() => null))
      .nullable()
      .default(null)
      .describe("None: the one that it has."),
  }),
  z.strictObject({ action: z.literal("quarantine"), ...onNode }),
  z.strictObject({ action: z.literal("release"), ...onNode }),
  z.strictObject({ action: z.literal("offline"), ...onNode }),
  z.strictObject({ action: z.literal("record"), ...onNode }),
  z.strictObject({ action: z.literal("drain"), ...onLab }),
  z.strictObject({ action: z.literal("resume"), ...onLab }),
  z.strictObject({ action: z.literal("restored"), ...onLab }),
]);
export type OperateRequest = z.infer<typeof operateRequest>;

export const flightRecordSchema = "rackwright.record/1";

/** All that is known of one node at one moment. */
export interface FlightRecord {
  readonly schema: typeof flightRecordSchema;
  readonly at: Instant;
  readonly node: Stored["node"];
  readonly spec: Stored["node-spec"] | null;
  readonly progress: Stored["progress"] | null;
  readonly reservation: Stored["reservation"] | null;
  readonly issues: readonly Stored["issue"][];
  readonly calendar: Stored["calendar"] | null;
  readonly jobs: readonly Stored["job"][];
  readonly lab: Stored["lab"] | null;
  readonly budget: Stored["budget"] | null;
  readonly controllers: readonly Stored["controller"][];
  readonly lease: Stored["lease"] | null;
  readonly timeline: readonly Stored["timeline"][];
  /** So many of its timeline came before those. */
  readonly earlierEntries: number;
}

export interface Operated {
  readonly done: boolean;
  /** What was done, or why it was not and what to do: a sentence for whoever asked. */
  readonly text: string;
  /** Of `record` alone. */
  readonly record?: FlightRecord;
}
