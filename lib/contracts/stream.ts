/**
 * The table's stream as a function is given it (DynamoDB Streams through Lambda): which of its records something can be
 * told of. Timeline entries are written once and never changed; an image's item is replaced with every revision.
 */
import * as z from "zod";
import { type Instant, instant } from "../core/time.ts";
import { explain } from "./scalars.ts";
import { codecs, type Stored, storedItem } from "./stored.ts";

export type Change =
  | { readonly kind: "timeline"; readonly value: Stored["timeline"] }
  | { readonly kind: "image"; readonly value: Stored["image"]; readonly at: Instant };

/** Null: nothing to tell. `poison`: it ought to be one of ours and cannot be read, now or later. */
export type Read =
  | { readonly ok: true; readonly change: Change | null }
  | { readonly ok: false; readonly poison: string };

/** DynamoDB's own notation of a value, without the types that nothing is stored in. */
const attribute: z.ZodType<unknown> = z.lazy(() =>
  z.union([
    z.strictObject({ S: z.string() }).transform(({ S }) => S),
    z.strictObject({ N: z.string() }).transform(({ N }) => Number(N)),
    z.strictObject({ BOOL: z.boolean() }).transform(({ BOOL }) => BOOL),
    z.strictObject({ NULL: z.literal(true) }).transform(() => null),
    z.strictObject({ L: z.array(attribute) }).transform(({ L }) => L),
    z.strictObject({ M: z.record(z.string(), attribute) }).transform(({ M }) => M),
  ]),
);

const streamRecord = z.looseObject({
  eventName: z.enum(["INSERT", "MODIFY", "REMOVE"]),
  dynamodb: z.looseObject({
    /** Seconds since 1970. */
    ApproximateCreationDateTime: z.number().default(0),
    NewImage: z.looseObject({ kind: z.looseObject({ S: z.string() }) }).optional(),
  }),
});

export function readStreamRecord(record: unknown): Read {
  const parsed = streamRecord.safeParse(record);
  if (!parsed.success) return { ok: false, poison: explain(parsed.error) };
  const { eventName, dynamodb } = parsed.data;
  const kind = dynamodb.NewImage?.kind.S;
  const told = kind === "image" ? eventName !== "REMOVE" : kind === "timeline" && eventName === "INSERT";
  if (!told) return { ok: true, change: null };
  const image = z.record(z.string(), attribute).pipe(storedItem).safeParse(dynamodb.NewImage);
  if (!image.success) return { ok: false, poison: explain(image.error) };
  const { body, pk, sk } = image.data;
  const at = instant(1000 * dynamodb.ApproximateCreationDateTime);
  try {
    const change: Change =
      kind === "image"
        ? { kind, value: codecs.image.read(body), at }
        : { kind: "timeline", value: codecs.timeline.read(body) };
    return { ok: true, change };
  } catch (error) {
    const why = error instanceof z.ZodError ? explain(error) : String(error);
    return { ok: false, poison: `item ${pk} ${sk}: ${why}` };
  }
}
