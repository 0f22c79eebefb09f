/**
 * What a fleet costs that nobody uses: each scheduled function once a minute, what polls the queues, and the agents' signs
 * of life. Counted on a lab of so many nodes at rest; the power-drift watchdog reads a bounded page a tick, however many
 * there are.
 */

import { queueNames } from "../../lib/contracts/queues.ts";
import { functionNames, functions } from "../../lib/contracts/topology.ts";
import { minutes } from "../../lib/core/time.ts";
import { openCloud } from "./cloud.ts";
import { priceOf, times } from "./ledger.ts";
import { elsewhere, prices } from "./prices.ts";

const minutesPerMonth = 730 * 60;
/** Two pollers at rest per queue, each asking for twenty seconds at a time. */
const pollsPerQueueAndMonth = (2 * 730 * 3600) / 20;

export interface IdleCost {
  readonly nodes: number;
  readonly requestsPerTick: number;
  readonly dollarsPerMonth: number;
}

const scheduled = functionNames.filter((name) => functions[name].trigger.kind === "minutely");

export async function idleCost(nodes: number): Promise<IdleCost> {
  const cloud = await openCloud({ nodes, progressEveryMs: 60_000 });
  try {
    let over = false;
    cloud.later(minutes(5), async () => {
      over = true;
    });
    await cloud.until(async () => over, minutes(6));
    const ticks = 3;
    for (let tick = 0; tick < ticks; tick += 1) for (const name of scheduled) await cloud.tick(name, "idle");
    const calls = Object.values(cloud.ledger.calls("idle")).reduce((sum, each) => sum + each, 0);
    const watchdogs = priceOf(times(cloud.ledger.counts("idle"), minutesPerMonth / ticks));
    const schedules = scheduled.length * minutesPerMonth * elsewhere.schedulerInvocation;
    const polling = queueNames.length * pollsPerQueueAndMonth * prices.sqsRequests;
    return { nodes, requestsPerTick: calls / ticks, dollarsPerMonth: watchdogs + schedules + polling };
  } finally {
    await cloud.stop();
  }
}
