/** The one table: two keys, four sparse indexes. The embedded stack and infra/ make it from this page. */
export const tableKeys = { hash: "pk", range: "sk" } as const;

export const indexNames = ["due", "pool", "list", "owner"] as const;
export type IndexName = (typeof indexNames)[number];

/** What a node is shown as among thousands: all that `list` holds of one. */
export const cellAttribute = "cell";

/** There where a write has something to tell: only such a change of the table starts the function that tells it. */
export const toldAttribute = "told";

/**
 * Most name what to read again, so keys are all they need. `list` holds what seldom changes as a whole, and of a node its
 * cell: a copy of what changes often would be paid for with every change.
 */
export const projections: Readonly<Record<IndexName, "KEYS_ONLY" | readonly string[]>> = {
  due: "KEYS_ONLY",
  pool: "KEYS_ONLY",
  list: ["kind", "schema", "body", cellAttribute],
  owner: "KEYS_ONLY",
};

export const indexKeysOf = (index: IndexName) => ({ hash: `${index}Pk`, range: `${index}Sk` }) as const;

/** All that a key is made of; every one of them is text. */
export const keyAttributes: readonly string[] = [
  tableKeys.hash,
  tableKeys.range,
  ...indexNames.flatMap((index) => Object.values(indexKeysOf(index))),
];

/** When an item may be forgotten, in seconds since 1970. DynamoDB does so within days: whoever reads one looks at the time. */
export const expiryAttribute = "expires";

/** What the stream tells of a change: the item as it is after it. */
export const streamView = "NEW_IMAGE";
