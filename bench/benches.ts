/** The benchmarks. One more is a file and a line here. */
import { agent } from "./agent/agent.ts";
import { cold } from "./cold/cold.ts";
import { operators } from "./console/console.ts";
import { cost } from "./cost/cost.ts";
import { cycles } from "./cycles/cycles.ts";
import { late } from "./late/late.ts";
import { metal } from "./metal/metal.ts";
import { rebuild } from "./rebuild/rebuild.ts";
import type { Bench } from "./result.ts";

export const benches: readonly Bench[] = [cycles, cost, late, rebuild, agent, cold, metal, operators];
