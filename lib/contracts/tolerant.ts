/**
 * Reading what the next version wrote. While functions are replaced, and after a deployment was undone, an older version
 * reads what a newer one has stored or sent: fields that it does not know are passed over, wherever they stand, and
 * everything that it knows is checked as ever (docs/operations.md, “How a shape may change”).
 */
import type * as z from "zod";

/** As `safeParse` of a strict shape, but for unknown fields. The value itself is left as it is. */
export function readTolerantly<T>(shape: z.ZodType<T>, value: unknown): z.ZodSafeParseResult<T> {
  const strictly = shape.safeParse(value);
  if (strictly.success) return strictly;
  const unknown = unknownIn(strictly.error.issues);
  if (unknown.length === 0) return strictly;
  const known = structuredClone(value);
  for (const path of unknown) remove(known, path);
  return shape.safeParse(known);
}

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

const unknownIn = (issues: readonly Issue[], within: Path = []): readonly Path[] =>
  issues.flatMap((issue): readonly Path[] => {
    const path = [...within, ...issue.path];
    if (issue.code === "unrecognized_keys") return issue.keys.map((key) => [...path, key]);
    // Of a union without a discriminator: whatever any of its members does not know, and one of them lacks nothing else.
    if (issue.code === "invalid_union") {
      const only = issue.errors.filter((each) => each.every(({ code }) => code === "unrecognized_keys"));
      return only.slice(0, 1).flatMap((each) => unknownIn(each, path));
    }
    return [];
  });

function remove(value: unknown, path: Path): void {
  const [first, ...rest] = path;
  if (typeof value !== "object" || value === null || first === undefined) return;
  if (rest.length === 0) Reflect.deleteProperty(value, first);
  else remove(Reflect.get(value, first), rest);
}
