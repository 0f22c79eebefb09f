/** Wakes queue → look at the node or reservation that a wake names. */
import { readAhead } from "../lib/app/read-ahead.ts";
import { heedWake } from "../lib/app/wake.ts";
import { readTolerantly } from "../lib/contracts/tolerant.ts";
import { wake } from "../lib/contracts/wake.ts";
import { consumer } from "./runtime/batch.ts";

export const handler = consumer({
  read: (body) => readTolerantly(wake, body),
  ahead: (app, wakes) =>
    readAhead(
      app,
      wakes.flatMap(({ entity, due }) => (entity.kind === "node" ? [{ node: entity.id, timer: due }] : [])),
    ),
  consume: async (app, message) => {
    const outcome = await heedWake(app, message);
    return outcome === "unknown-node" || outcome === "unknown-reservation" ? outcome : null;
  },
});
