/** How one kind of item is written and read. */
import type * as z from "zod";
import { readTolerantly } from "./tolerant.ts";

export interface Codec<T> {
  /** The version of the shape, stored with every item. */
  readonly schema: number;
  /** Of what is to be written: a field that is not in the shape is a mistake of this program. */
  readonly parse: (body: unknown) => T;
  /** Of what was written, perhaps by the next version. */
  readonly read: (body: unknown) => T;
}

export const codec = <T>(schema: number, shape: z.ZodType<T>): Codec<T> => ({
  schema,
  parse: (body) => shape.parse(body),
  read: (body) => {
    const read = readTolerantly(shape, body);
    if (read.success) return read.data;
    throw read.error;
  },
});
