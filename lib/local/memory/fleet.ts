/** The fleet out of the store in memory, for tests. */
import { fleetNodeOf } from "../../contracts/fleet.ts";
import type { Fleet } from "../../ports/fleet.ts";
import type { Indexes } from "../../ports/store.ts";

export const memoryFleet = (store: Indexes): Fleet => ({
  all: async (limit) => {
    const { items, next } = await store.list("node", limit, null);
    return { nodes: items.map(fleetNodeOf), more: next !== null };
  },
});
