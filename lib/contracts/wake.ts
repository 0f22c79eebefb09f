/** A wake on the wakes queue: look at this. */
import * as z from "zod";
import type { Wake } from "../ports/queue.ts";
import { at, nodeId, reservationId } from "./scalars.ts";

export const wakeSchema = "rackwright.wake/1";

export const wake = z.strictObject({
  schema: z.literal(wakeSchema),
  entity: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("node"), id: nodeId }),
    z.strictObject({ kind: z.literal("reservation"), id: reservationId }),
  ]),
  due: at.nullable(),
  by: z.enum(["timer", "engine", "watchdog"]),
});
export type WakeMessage = Wake & { readonly schema: typeof wakeSchema };
