/** Serial consoles, as a lab's file names them, as commands carry them, and what is told of them. */
import * as z from "zod";
import { type ConsoleSettings, type Sighting, troubles } from "../core/console/console.ts";
import type { Heard } from "../core/node/node.ts";
import { at, bootId, installationId, nodeId } from "./scalars.ts";

/** They reach tools as arguments and in their environment: nothing that could be taken for something else is let in. */
const plain = /^[\x20-\x7e]{0,256}$/;

export const consoleSettings = z.strictObject({
  driver: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, "is not a console driver's name"),
  address: z.string().regex(/^[\x21-\x7e]{1,256}$/, "is not an address"),
  options: z
    .record(
      z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,31}$/, "is not the name of an option"),
      z.string().regex(plain, "holds something else than printable ASCII"),
    )
    .refine((options) => Object.keys(options).length <= 16, "has more than 16 options"),
  credential: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._/-]{0,127}$/, "is not the name of a secret")
    .refine((name) => !name.includes(".."), "must not contain ..")
    .nullable(),
}) satisfies z.ZodType<ConsoleSettings>;

export const longestConsoleLine = 400;

/** What is kept with a node's job. */
export const heard = z.strictObject({
  boot: bootId.nullable(),
  installation: installationId,
  means: z.enum(troubles),
  pattern: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, "is not the name of a pattern"),
  line: z.string().max(longestConsoleLine),
  at,
}) satisfies z.ZodType<Heard>;

export const sighting = heard.extend({ node: nodeId }) satisfies z.ZodType<Sighting>;

export const consoleLine = z.strictObject({ at, text: z.string().max(longestConsoleLine) });
export type ConsoleLine = z.infer<typeof consoleLine>;

/** What is kept of a console in the table: enough to read on, little enough to be one small item. */
export const mostConsoleLines = 100;

/** The lines that were asked for last, and who is to be asked no sooner than some seconds after `askedAt`. */
export const nodeConsole = z.strictObject({
  node: nodeId,
  version: z.int().min(1),
  /** In order of time. */
  lines: z.array(consoleLine).max(mostConsoleLines),
  askedAt: at.nullable(),
  /** When the agent looked last. */
  readAt: at.nullable(),
  /** Nobody has asked for so long that the table may forget it. */
  expiresAt: at,
});
export type NodeConsole = z.infer<typeof nodeConsole>;
