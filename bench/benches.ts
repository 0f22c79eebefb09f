/** The benchmarks. One more is a file and a line here. */
import { cold } from "./cold/cold.ts";
import { cost } from "./cost/cost.ts";
import { cycles } from "./cycles/cycles.ts";
import { late } from "./late/late.ts";
import type { Bench } from "./result.ts";

export const benches: readonly Bench[] = [cycles, cost, late, cold];
