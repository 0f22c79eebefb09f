/** Who answers which route. */
import type { Route } from "../../../lib/contracts/api.ts";
import { blockHandlers } from "./blocks.ts";
import { inventoryHandlers } from "./inventory.ts";
import { machineHandlers } from "./machines.ts";
import { nodeHandlers } from "./nodes.ts";
import { otherHandlers } from "./others.ts";
import type { Handler } from "./request.ts";
import { reservationHandlers } from "./reservations.ts";
import { upkeepHandlers } from "./upkeep.ts";

export const handlers: Readonly<Record<Route, Handler>> = {
  ...reservationHandlers,
  ...nodeHandlers,
  ...machineHandlers,
  ...blockHandlers,
  ...upkeepHandlers,
  ...inventoryHandlers,
  ...otherHandlers,
};
