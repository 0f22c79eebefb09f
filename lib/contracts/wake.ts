/** A wake on the wakes queue: look at this. It carries nothing but a name, who asks, and for a timer the instant it stands for. */
import * as z from "zod";
import { at, nodeId, reservationId } from "./scalars.ts";

export const wakeSchema = "rackwright.wake/1";

export const wake = z.strictObject({
  schema: z.literal(wakeSchema),
  entity: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("node"), id: nodeId }),
    z.strictObject({ kind: z.literal("reservation"), id: reservationId }),
  ]),
  /** A timer: dropped when the entity is no longer due then. Null: look now. */
  due: at.nullable(),
  /** It becomes the actor of what the look leads to. */
  by: z.enum(["timer", "engine", "watchdog"]),
});
