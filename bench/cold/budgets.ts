/**
 * What a function's bundle may weigh, in KB of 1,024 bytes. A cold start reads, compiles and runs all of it; its time is
 * no figure that CI could hold, its size is. Raised only on purpose: `npm run bench -- cold` says what weighs.
 */
import type { FunctionName } from "../../lib/contracts/topology.ts";

export const budgetKb: Readonly<Record<FunctionName, number>> = {
  jobs: 492,
  steps: 482,
  reports: 498,
  events: 374,
  letters: 448,
  api: 600,
  operate: 498,
  "console/act": 513,
  "console/status": 428,
  "console/widgets": 430,
  "watchdogs/stuck-nodes": 396,
  "watchdogs/reservations": 486,
  "watchdogs/labs": 398,
  "watchdogs/commands": 462,
  "watchdogs/power-drift": 466,
  "watchdogs/preload": 466,
};
