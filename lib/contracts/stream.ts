/**
 * The table's stream as a function is given it (DynamoDB Streams through Lambda): which of its records something can be
 * told of. A write that has something to tell says so in its item, and the newest entry that it carries is what it tells; an
 * image's item is replaced with every revision, a block's with every time of it that is refused. An entry that is an item of its own is of an earlier version.
 */
import * as z from "zod";
import { justRefused, type RefusedTime } from "../core/block.ts";
import { type Instant, instant } from "../core/time.ts";
import { explain } from "./scalars.ts";
import { codecs, type Stored, storedItem } from "./stored.ts";
import { toldAttribute } from "./table.ts";

export type Change =
  | { readonly kind: "timeline"; readonly value: Stored["timeline"] }
  | { readonly kind: "image"; readonly value: Stored["image"]; readonly at: Instant }
  | { readonly kind: "block"; readonly value: Stored["block"]; readonly time: RefusedTime };

/** Null: nothing to tell. `poison`: it ought to be one of ours and cannot be read, now or later. */
export type Read =
  | { readonly ok: true; readonly change: Change | null }
  | { readonly ok: false; readonly poison: string };

/** DynamoDB's own notation of a value, without the types that nothing is stored in. */
const attribute: z.ZodType<unknown> = z.lazy(() =>
  z.union([
    z.strictObject({ S: z.string() }).transform(({ S }) => S),
    z.strictObject({ N: z.string() }).transform(({ N }) => Number(N)),
    z.strictObject({ B: z.string() }).transform(({ B }) => B),
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
    NewImage: z
      .looseObject({ kind: z.looseObject({ S: z.string() }), [toldAttribute]: z.unknown().optional() })
      .optional(),
  }),
});

/** What Lambda gives the function, and what it does not (AWS Lambda Developer Guide, “Event filtering”): any of these holds. */
export const streamFilters = [
  { dynamodb: { NewImage: { [toldAttribute]: { S: [{ exists: true }] } } } },
  { eventName: ["INSERT"], dynamodb: { NewImage: { kind: { S: ["timeline"] } } } },
] as const;

/** Whether one of the filters holds. */
export function passesFilters(record: unknown): boolean {
  const parsed = streamRecord.safeParse(record);
  // Whoever is given what cannot be read says so.
  if (!parsed.success) return true;
  const { eventName, dynamodb } = parsed.data;
  const image = dynamodb.NewImage;
  return image?.[toldAttribute] !== undefined || (eventName === "INSERT" && image?.kind.S === "timeline");
}

/** Of a packed item, in base64. */
export type Unpack = (packed: string) => { readonly body: unknown; readonly entries: readonly unknown[] };

export function readStreamRecord(record: unknown, unpack: Unpack): Read {
  const parsed = streamRecord.safeParse(record);
  if (!parsed.success) return { ok: false, poison: explain(parsed.error) };
  const { eventName, dynamodb } = parsed.data;
  const kind = dynamodb.NewImage?.kind.S;
  const isNews = dynamodb.NewImage?.[toldAttribute] !== undefined;
  const told =
    kind === "image"
      ? eventName !== "REMOVE"
      : (kind === "timeline" && eventName === "INSERT") ||
        ((kind === "node" || kind === "reservation" || kind === "block") && isNews);
  if (!told) return { ok: true, change: null };
  const image = z.record(z.string(), attribute).pipe(storedItem).safeParse(dynamodb.NewImage);
  if (!image.success) return { ok: false, poison: explain(image.error) };
  const { body, packed, pk, sk } = image.data;
  const at = instant(1000 * dynamodb.ApproximateCreationDateTime);
  try {
    if (kind === "image") return { ok: true, change: { kind, value: codecs.image.read(body), at } };
    if (kind === "block") {
      const value = codecs.block.read(body);
      const time = justRefused(value);
      return { ok: true, change: time === null ? null : { kind, value, time } };
    }
    const entry = kind === "timeline" ? body : unpack(z.string().parse(packed)).entries.at(-1);
    return { ok: true, change: { kind: "timeline", value: codecs.timeline.read(entry) } };
  } catch (error) {
    const why = error instanceof z.ZodError ? explain(error) : String(error);
    return { ok: false, poison: `item ${pk} ${sk}: ${why}` };
  }
}
