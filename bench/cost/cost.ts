/** `npm run bench -- cost`: every billable request of a full cycle, and what a fleet costs that nobody uses. */

import { queueNames } from "../../lib/contracts/queues.ts";
import { functionNames, functions } from "../../lib/contracts/topology.ts";
import type { Bench, Table } from "../result.ts";
import { atMost, rounded } from "../result.ts";
import { type CycleCost, cycleCost } from "./cycle.ts";
import { type IdleCost, idleCost } from "./idle.ts";
import { type Counts, priceOf } from "./ledger.ts";
import { elsewhere, prices, pricesAsOf, units } from "./prices.ts";
import { recorded } from "./recorded.ts";

/** As the agent tells it unless its configuration says otherwise. */
const progressEveryMs = 60_000;
/** A change that makes any of these grow by more has to say so, in bench/cost/recorded.ts. */
const tolerance = 1.03;

/** Design §10. */
const budgetPer1000Cycles = 0.15;

const perThousand = (counts: Counts): number => rounded(1000 * priceOf(counts), 4);

function ledgerTable(cycles: readonly CycleCost[]): Table {
  return {
    title: `One full cycle, counted; prices of ${pricesAsOf}`,
    columns: ["unit", ...cycles.map(({ atOnce }) => `${atOnce} at a time`), "$ per 1,000 cycles"],
    rows: [
      ...units.map((unit) => [
        unit,
        ...cycles.map(({ counts }) => rounded(counts[unit], 1)),
        cycles.map(({ counts }) => rounded(1000 * counts[unit] * prices[unit], 4)).join(" / "),
      ]),
      ["changes of state", ...cycles.map(({ transitions }) => rounded(transitions, 1)), null],
      [
        "together",
        ...cycles.map(({ counts }) => `$ ${perThousand(counts)} per 1,000`),
        cycles.map(({ counts }) => perThousand(counts)).join(" / "),
      ],
    ],
  };
}

/** The same work done otherwise, by the other way's own counts: each step a transition, each wait for an answer one more. */
function othersTable({ counts, transitions }: CycleCost): Table {
  const kept = priceOf({ ...counts, sqsRequests: 0 });
  const stepFunctions = 1000 * transitions * elsewhere.stepFunctionsTransition;
  return {
    title: "Beside other ways to run the same 1,000 cycles",
    columns: ["way", "$", "how it is counted"],
    rows: [
      ["Rackwright", perThousand(counts), "the ledger above"],
      [
        "Step Functions Standard",
        rounded(stepFunctions + 1000 * kept, 2),
        `${rounded(transitions, 0)} state transitions a cycle, and our ledger without its queues`,
      ],
      [
        "Lambda durable functions",
        rounded(1000 * 2 * transitions * elsewhere.durableOperation + 1000 * kept, 2),
        "two operations a transition, a step and the wait for what follows, and our ledger without its queues",
      ],
      [
        "an always-on controller",
        elsewhere.alwaysOnMonth,
        "m6i.large and a small database with a stand-by, a month, whatever it does",
      ],
      [
        "the same as a pair",
        elsewhere.alwaysOnPairMonth,
        "two machines, db.m5.large with a stand-by, a month",
      ],
    ],
  };
}

const idleTable = (idle: readonly IdleCost[]): Table => ({
  title: "A month in which nobody does anything, one lab",
  columns: ["nodes", "database requests a tick", "$ a month", "how it is known"],
  rows: [
    ...idle.map(({ nodes, requestsPerTick, dollarsPerMonth }) => [
      nodes,
      rounded(requestsPerTick, 1),
      rounded(dollarsPerMonth, 3),
      "counted",
    ]),
    ...idle
      .slice(-1)
      .map(({ nodes, requestsPerTick, dollarsPerMonth }) => [
        100_000,
        rounded(requestsPerTick, 1),
        rounded(dollarsPerMonth, 3),
        `as for ${nodes}: a tick reads pages of a fixed size, whatever stands behind them`,
      ]),
  ],
});

export const cost: Bench = {
  name: "cost",
  measures: "every billable request of a full cycle, counted at the SDK's clients, and of an idle fleet",
  run: async ({ short, say }) => {
    const cycles: CycleCost[] = [];
    for (const atOnce of short ? [1] : [1, 20]) {
      say(`cost: ${atOnce} at a time`);
      cycles.push(await cycleCost(atOnce, progressEveryMs));
    }
    const [single] = cycles;
    if (single === undefined) throw new Error("nothing was measured");
    const idle: IdleCost[] = [];
    for (const nodes of short ? [100] : [100, 1_000]) {
      say(`cost: ${nodes} idle nodes`);
      idle.push(await idleCost(nodes));
    }
    const checks = units.map((unit) =>
      atMost(`${unit} of a cycle`, rounded(single.counts[unit]), rounded(recorded[unit] * tolerance)),
    );
    const [small] = idle;
    const large = idle.at(-1);
    return {
      figures: {
        dollarsPer1000Cycles: perThousand(single.counts),
        budgetPer1000Cycles,
        transitionsPerCycle: rounded(single.transitions, 1),
        callsPerCycle: single.calls,
        ledger: Object.fromEntries(units.map((unit) => [unit, rounded(single.counts[unit])])),
        loaded: cycles.map(({ atOnce, counts, transitions }) => ({
          atOnce,
          dollarsPer1000Cycles: perThousand(counts),
          transitionsPerCycle: rounded(transitions, 1),
        })),
        idle,
        functions: functionNames.length,
        queues: queueNames.length,
        scheduled: functionNames.filter((name) => functions[name].trigger.kind === "minutely").length,
        pricesAsOf,
      },
      tables: [ledgerTable(cycles), othersTable(single), idleTable(idle)],
      checks: [
        ...checks,
        ...(small === undefined || large === undefined
          ? []
          : [
              atMost("dollars of an idle month", rounded(large.dollarsPerMonth), 2),
              atMost(
                "requests of a tick, however many nodes there are",
                rounded(large.requestsPerTick, 1),
                rounded(small.requestsPerTick * tolerance, 1),
              ),
            ]),
        atMost("dollars of 1,000 cycles", perThousand(single.counts), budgetPer1000Cycles),
      ],
    };
  },
};
