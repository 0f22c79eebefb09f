/**
 * What a function's bundle may weigh, in KB of 1,024 bytes. A cold start reads, compiles and runs all of it; its time is
 * no figure that CI could hold, its size is. Raised only on purpose: `npm run bench -- cold` says what weighs.
 */
import type { FunctionName } from "../../lib/contracts/topology.ts";

export const budgetKb: Readonly<Record<FunctionName, number>> = {
  jobs: 503,
  steps: 493,
  reports: 527,
  events: 381,
  letters: 455,
  api: 612,
  operate: 510,
  "console/act": 522,
  "console/status": 436,
  "console/widgets": 436,
  "watchdogs/stuck-nodes": 404,
  "watchdogs/reservations": 497,
  "watchdogs/labs": 407,
  "watchdogs/commands": 472,
  "watchdogs/power-drift": 475,
  "watchdogs/preload": 476,
};
