/** What is different between two descriptions, field by field. Pure. */

export interface FieldChange {
  /** `bmc.address`, `racks.rack-a.units`. */
  readonly field: string;
  /** As JSON; null: it was not there. */
  readonly from: string | null;
  /** As JSON; null: it is not there any more. */
  readonly to: string | null;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The order of names does not matter; that of a list does. Both are as their codec parsed them. */
export function changesBetween(before: unknown, after: unknown, field = ""): readonly FieldChange[] {
  if (isRecord(before) && isRecord(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return names.flatMap((name) =>
      changesBetween(before[name], after[name], field === "" ? name : `${field}.${name}`),
    );
  }
  const [from, to] = [textOf(before), textOf(after)];
  return from === to ? [] : [{ field, from, to }];
}

/** With names in order, so that the same is the same text. */
function textOf(value: unknown): string | null {
  if (value === undefined) return null;
  return JSON.stringify(value, (_, each: unknown) =>
    isRecord(each) ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))) : each,
  );
}
