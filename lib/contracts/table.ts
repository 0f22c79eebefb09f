/** The one table: two keys, four sparse indexes. The embedded stack and infra/ make it from this page. */
export const tableKeys = { hash: "pk", range: "sk" } as const;

export const indexNames = ["due", "pool", "list", "owner"] as const;
export type IndexName = (typeof indexNames)[number];

/** `due` and `pool` name what to read again, so keys are all they need; `list` and `owner` are read for what they hold. */
export const projections = { due: "KEYS_ONLY", pool: "KEYS_ONLY", list: "ALL", owner: "ALL" } as const;

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
