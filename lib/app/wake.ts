/** A wake arrived: look at what it names. */
import type { Actor } from "../core/node/node.ts";
import type { Wake } from "../ports/queue.ts";
import { advanceNode } from "./advance-node.ts";
import { type Advanced, advanceReservation } from "./advance-reservation.ts";
import type { App } from "./app.ts";

const outcomeOf = (advanced: Advanced): string =>
  typeof advanced === "string" ? advanced : `refused: ${advanced.refused.message}`;

export async function heedWake(app: App, { entity, due, by }: Wake): Promise<string> {
  const actor: Actor = {
    kind: by,
    name: by === "watchdog" ? "stuck-nodes" : by === "timer" ? "deadline" : "wake",
  };
  switch (entity.kind) {
    case "node":
      return advanceNode(app, entity.id, { kind: "look", actor }, { timer: due });
    case "reservation":
      return outcomeOf(await advanceReservation(app, entity.id, { kind: "look", actor }, { timer: due }));
  }
}
