/**
 * What a function's bundle may weigh, in KB of 1,024 bytes. A cold start reads, compiles and runs all of it; its time is
 * no figure that CI could hold, its size is. Raised only on purpose: `npm run bench -- cold` says what weighs.
 */
import type { FunctionName } from "../../lib/contracts/topology.ts";

export const budgetKb: Readonly<Record<FunctionName, number>> = {
  jobs: 460,
  steps: 450,
  reports: 470,
  events: 370,
  letters: 440,
  api: 550,
  operate: 480,
  "console/act": 490,
  "console/status": 420,
  "console/widgets": 430,
  "watchdogs/stuck-nodes": 390,
  "watchdogs/reservations": 460,
  "watchdogs/labs": 390,
  "watchdogs/commands": 440,
  "watchdogs/power-drift": 440,
  "watchdogs/preload": 440,
};
