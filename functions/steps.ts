/** Wakes queue → look at the node or reservation that a wake names. */
import { heedWake } from "../lib/app/wake.ts";
import { explain } from "../lib/contracts/scalars.ts";
import { readTolerantly } from "../lib/contracts/tolerant.ts";
import { wake } from "../lib/contracts/wake.ts";
import { consumer } from "./runtime/batch.ts";

export const handler = consumer(async (app, body) => {
  const parsed = readTolerantly(wake, body);
  if (!parsed.success) return explain(parsed.error);
  const outcome = await heedWake(app, parsed.data);
  return outcome === "unknown-node" || outcome === "unknown-reservation" ? outcome : null;
});
