/** What the contracts of the routes have in common. */
import * as z from "zod";
import { timelineView } from "./views.ts";

export interface RouteContract {
  readonly is: string;
  readonly tag: "reservations" | "nodes" | "labs" | "images" | "projects" | "blocks" | "jobs" | "about";
  readonly body?: z.ZodType;
  /** By status: what it gives. */
  readonly answers: Readonly<Record<number, z.ZodType>>;
  /** Problems that it may answer with, beside those of every route. */
  readonly problems?: Readonly<Record<number, string>>;
  readonly query?: z.ZodObject;
}

export const page = <T extends z.ZodType>(name: string, shape: T) =>
  z.object({ [name]: z.array(shape), next: z.string().nullable() });
export const entries = z.object({ entries: z.array(timelineView), next: z.int().nullable() });
export const imported = z.object({
  enrolled: z.array(z.string()),
  changed: z.array(z.string()),
  unchanged: z.int(),
  refused: z.array(z.string()),
});
export const missing = { 404: "There is none of that id" };
