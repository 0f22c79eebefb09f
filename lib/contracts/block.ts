/** Blocks as they are asked for, stored and shown. */
import * as z from "zod";
import type { Block } from "../core/block.ts";
import { requirements } from "./job.ts";
import { at, blockId } from "./scalars.ts";

const { start: _, ...each } = requirements;
const request = z.strictObject(each);

const mostStarts = 200;

export const blockBody = z
  .strictObject({
    id: blockId
      .optional()
      .describe(
        "Chosen by the caller: the same id again is the same block. Its reservations are called <id>.1, <id>.2 …",
      ),
    starts: z
      .array(at)
      .min(1)
      .max(mostStarts)
      .describe(
        "When each is to be ready, in order, in milliseconds since 1970: every Tuesday at nine, say.",
      ),
    ...each,
  })
  .refine(({ starts }) => starts.every((start, index) => start > (starts[index - 1] ?? 0)), {
    path: ["starts"],
    message: "are not in order: each must be later than the one before",
  });

export type StoredBlock = Block<z.infer<typeof request>>;

export const block: z.ZodType<StoredBlock> = z.strictObject({
  id: blockId,
  version: z.int().min(1),
  owner: z.string(),
  bound: z.boolean().default(false),
  request,
  starts: z.array(at),
  made: z.int().min(0),
  refused: z
    .array(z.strictObject({ index: z.int().min(0), start: at, at, code: z.string(), reason: z.string() }))
    .default([]),
  ended: z.string().nullable(),
});

export const blockView = z
  .object({
    id: z.string(),
    version: z.int(),
    owner: z.string(),
    starts: z.array(z.int()),
    made: z
      .int()
      .describe(
        "So many of its times have a reservation; those that are left are not near enough yet, or were refused",
      ),
    refused: z
      .array(
        z.object({
          reservation: z.string().describe("The id that its reservation would have had"),
          start: z.int(),
          at: z.int().describe("When it was refused"),
          code: z.string(),
          reason: z.string(),
        }),
      )
      .describe("Its times that could not be reserved when they came near, in order, and why"),
    ended: z.string().nullable().describe("Why it makes no more; null: it does"),
  })
  .meta({ id: "Block" });
