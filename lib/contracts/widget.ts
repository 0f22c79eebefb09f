/**
 * What a CloudWatch dashboard hands to a custom widget's function (CloudWatch User Guide, “Details about custom widgets”):
 * the parameters of the widget or of the button, and the context that it is shown in. What does not fit is taken for
 * absent: a widget always answers with something to see.
 */
import * as z from "zod";
import type { OperationName } from "./operate.ts";

/** The widgets that only read. */
export const widgetNames = ["fleet", "attention", "node", "reservations", "labs"] as const;
export type WidgetName = (typeof widgetNames)[number];

/** Of what operators do by hand (lib/contracts/operate.ts): what a node's buttons offer. */
export const widgetActions = [
  "look-again",
  "power-cycle",
  "reload",
  "quarantine",
  "offline",
  "release",
] as const satisfies readonly OperationName[];
export type WidgetAction = (typeof widgetActions)[number];

export const themes = ["light", "dark"] as const;
export type Theme = (typeof themes)[number];

const context = z.object({
  theme: z.enum(themes).catch("light"),
  width: z.number().positive().catch(1200),
  forms: z.object({ all: z.record(z.string(), z.string()).catch({}) }).catch({ all: {} }),
});

export const widgetEvent = z.object({
  /** The console asks for the widget's own documentation. */
  describe: z.boolean().catch(false),
  widget: z.enum(widgetNames).catch("fleet"),
  node: z.string().max(63).nullable().catch(null),
  action: z.enum(widgetActions).nullable().catch(null),
  /** The version of the node that the button was drawn for: pressed twice, it is done once. */
  version: z.int().min(1).nullable().catch(null),
  widgetContext: context.catch({ theme: "light", width: 1200, forms: { all: {} } }),
});
export type WidgetEvent = z.infer<typeof widgetEvent>;

/** Lambda hands no more than 6 MB to whoever waits for it; a widget stays far below, so that a dashboard opens quickly. */
export const mostWidgetBytes = 1024 * 1024;
