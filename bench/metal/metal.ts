/**
 * `npm run bench -- metal`: what a cycle on real machines in software is spent on: firmware, kernel, disk, and beside them
 * what Rackwright itself takes between a piece of evidence and the next command.
 */
import { type Bench, type Check, type Figure, rounded } from "../result.ts";
import { type Cycle, cycle } from "./cycle.ts";
import { parts, type Wait } from "./trace.ts";

const sumOf = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0);
const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, each) => sum + each, 0) / values.length;
const seconds = (ms: number): number => rounded(ms / 1000);

/** What we take of a cycle at most, in hundredths: a processor that is slow is slow for firmware and for us alike. */
const mostShare = 3;

/** Milliseconds that one node waited for us in the whole cycle; of what the user waited for after he had asked, apart. */
const ownMs = ({ work }: Cycle, from: Wait["from"] = "evidence"): number =>
  mean(work.map(({ waits }) => sumOf(waits.filter((each) => each.from === from).map(({ ms }) => ms))));

const rowsOf = (cycles: readonly Cycle[]): Figure[][] => [
  ...parts.map(({ by }, index) => [
    by,
    ...cycles.map(({ loads }) => seconds(mean(loads.map((load) => load[index] ?? 0)))),
  ]),
  ["*one load together*", ...cycles.map(({ loads }) => seconds(mean(loads.map(sumOf))))],
  [
    "ipmitool, SSH and what they wait for: all commands of the cycle",
    ...cycles.map(({ work }) => seconds(mean(work.map(({ runningMs }) => runningMs)))),
  ],
  [
    "**our own**: evidence at the agent → the next command starts, summed over the cycle",
    ...cycles.map((each) => seconds(ownMs(each))),
  ],
  [
    "the user's requests (reserve, end) → their first commands start",
    ...cycles.map((each) => seconds(ownMs(each, "request"))),
  ],
  ["request → all of them logged in to", ...cycles.map(({ readyMs }) => seconds(readyMs))],
  ["the whole cycle, with its two loads", ...cycles.map(({ cycleMs }) => seconds(cycleMs))],
];

const waitsOf = ({ work: [first] }: Cycle): Figure[][] =>
  (first?.waits ?? []).map(({ evidence, command, ms }) => [evidence, command, ms]);

const checksOf = (one: Cycle): Check[] => {
  const share = rounded((100 * ownMs(one)) / one.cycleMs);
  return [
    {
      what: "every load came to its end in the order of its phases",
      holds: one.loads.length >= 2 * one.nodes,
    },
    {
      what: `${one.nodes} nodes: our own share of a cycle, ${share} in a hundred, is at most ${mostShare}`,
      holds: share <= mostShare || one.nodes > 1,
    },
  ];
};

export const metal: Bench = {
  name: "metal",
  measures: "what a cycle on QEMU machines with IPMI is spent on, and what of it is ours",
  run: async ({ short, say }) => {
    const cycles: Cycle[] = [];
    for (const nodes of short ? [1] : [1, 2, 4]) {
      say(`metal: ${nodes} ${nodes === 1 ? "node" : "nodes"}`);
      cycles.push(await cycle(nodes));
    }
    const [one] = cycles;
    return {
      figures: {
        ownMs: one === undefined ? null : Math.round(ownMs(one)),
        cycles: cycles.map((each) => ({ ...each, ownMs: Math.round(ownMs(each)) })),
      },
      tables: [
        {
          title: "Seconds, the mean of all nodes",
          columns: [
            "spent on",
            ...cycles.map(({ nodes }) => (nodes === 1 ? "1 node" : `${nodes} nodes at once`)),
          ],
          rows: rowsOf(cycles),
        },
        {
          title: "What one node waited for us, command by command",
          columns: ["evidence at the agent", "command that starts next", "ms"],
          rows: one === undefined ? [] : waitsOf(one),
        },
      ],
      checks: cycles.flatMap(checksOf),
    };
  },
};
