/** How much a project may have, or a person in no project's name. */
import * as z from "zod";

export const quota = z.strictObject({
  nodesAtOnce: z.int().min(0).max(100_000).describe("Never more nodes at any one time."),
  hoursAhead: z
    .int()
    .min(0)
    .max(24 * 366)
    .describe("No reservation begins later than in so many hours."),
  longestMinutes: z
    .int()
    .min(1)
    .max(60 * 24 * 366),
});
