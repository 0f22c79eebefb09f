/** The table, as lib/contracts/table.ts has it. */
import {
  expiryAttribute,
  type IndexName,
  indexKeysOf,
  indexNames,
  keyAttributes,
  projections,
  tableKeys,
} from "../lib/contracts/table.ts";
import type { Stage } from "./stages.ts";

const keysIn = ({ hash, range }: { readonly hash: string; readonly range: string }) => ({
  hashKey: hash,
  rangeKey: range,
});

function projectionOf(index: IndexName): "keys-only" | string[] {
  const held = projections[index];
  return held === "KEYS_ONLY" ? "keys-only" : [...held];
}

/** With point-in-time recovery, which SST turns on for every table. */
export const makeTable = ({ deletionProtection }: Stage): sst.aws.Dynamo =>
  new sst.aws.Dynamo("Table", {
    fields: Object.fromEntries(keyAttributes.map((name) => [name, "string" as const])),
    primaryIndex: keysIn(tableKeys),
    globalIndexes: Object.fromEntries(
      indexNames.map((index) => [
        index,
        {
          ...keysIn(indexKeysOf(index)),
          projection: projectionOf(index),
        },
      ]),
    ),
    ttl: expiryAttribute,
    stream: "new-image",
    deletionProtection,
    // By the key of AWS's that is in the account's own key store, so that its use is in CloudTrail.
    transform: { table: { serverSideEncryption: { enabled: true } } },
  });
