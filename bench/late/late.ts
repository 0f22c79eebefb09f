/**
 * `npm run bench -- late`: how long after its deadline a late node is looked at, and when the first corrective command is at
 * the agent. The shipped use-cases in virtual time (test/app/lab.ts): the spans are the system's own, not the machine's.
 */
import type { Command } from "../../lib/core/command.ts";
import { minutes } from "../../lib/core/time.ts";
import { MemoryLab } from "../../test/app/lab.ts";
import { atMost, type Bench, type Check, type Figure, rounded } from "../result.ts";
import { storm } from "./storm.ts";

/** Design, budgets: with timers; and with every timer lost, the scheduler's minute and its precision. */
const budgetSeconds = { timers: 2, lost: 120 } as const;

export interface Late {
  readonly nodes: number;
  readonly timers: keyof typeof budgetSeconds;
  /** Seconds from a node's deadline to the first look at it after that. */
  readonly noticedP50: number;
  readonly noticedP99: number;
  readonly noticedMost: number;
  /** From the first deadline to the first reset or power cycle at the agent; null: none within ten minutes. */
  readonly firstCorrection: number | null;
  /** Corrective commands within ten minutes: the lab's budget bounds them. */
  readonly corrections: number;
  readonly forgotten: number;
}

const corrective: readonly string[] = ["power.reset", "power.cycle", "power.off", "power.on"];

/** How many of the commands touch a machine's power. */
export const correctiveIn = (
  deliveries: readonly { readonly commands: readonly Pick<Command, "actions">[] }[],
): number =>
  deliveries
    .flatMap(({ commands }) => commands)
    .filter(({ actions }) => actions.some(({ verb }) => corrective.includes(verb))).length;

export async function pass(lab: MemoryLab, spanMs: number): Promise<void> {
  const from = lab.now;
  await lab.until(async () => lab.now - from >= spanMs, 2 * spanMs);
}

export async function lateness(nodes: number, timers: keyof typeof budgetSeconds): Promise<Late> {
  const lab = await new MemoryLab().open(nodes);
  for (let from = 0; from < nodes; from += 32)
    await lab.reserve(`r-${from}`, Math.min(32, nodes - from), 24 * 60);
  // All of them are in kernel by then, and none is in init.
  await pass(lab, 95_000);
  const all = await lab.nodes();
  for (const { id } of all) lab.hang(id);
  const due = new Map(all.map((node) => [node.id, node.due ?? 0]));
  const first = Math.min(...due.values());
  const last = Math.max(...due.values());
  lab.loseWakes = timers === "lost";
  const deliveries = lab.hands.deliveries.length;
  await pass(lab, last - lab.now);
  let firstCorrection: number | null = null;
  const since = (): number => correctiveIn(lab.hands.deliveries.slice(deliveries));
  await lab.until(async () => {
    if (firstCorrection === null && since() > 0) firstCorrection = (lab.now - first) / 1000;
    return lab.now - last >= minutes(10);
  });
  const noticed: number[] = [];
  for (const [id, deadline] of due) {
    const story = await lab.store.timeline({ kind: "node", id }, 0, 1000);
    const look = story.find(({ at, why }) => at >= deadline && why.includes("late"));
    if (look !== undefined) noticed.push((look.at - deadline) / 1000);
  }
  noticed.sort((a, b) => a - b);
  const at = (share: number): number =>
    rounded(noticed[Math.min(noticed.length - 1, Math.floor(noticed.length * share))] ?? 0);
  return {
    nodes,
    timers,
    noticedP50: at(0.5),
    noticedP99: at(0.99),
    noticedMost: at(1),
    firstCorrection,
    corrections: since(),
    forgotten: nodes - noticed.length,
  };
}

export const late: Bench = {
  name: "late",
  measures: "from a node's deadline to the look at it and to the corrective command, with timers and without",
  run: async ({ short, say }) => {
    const runs: Late[] = [];
    for (const nodes of short ? [1, 100] : [1, 100, 1_000])
      for (const timers of ["timers", "lost"] as const) {
        say(`late: ${nodes} nodes, ${timers === "lost" ? "every timer lost" : "with timers"}`);
        runs.push(await lateness(nodes, timers));
      }
    const dark = short ? 50 : 1_000;
    say(`late: a lab of ${dark} nodes goes dark`);
    const gone = await storm(dark, 10);
    return {
      figures: { runs, storm: gone },
      tables: [
        {
          title: "Nodes that are late at once (virtual time, in steps of a second)",
          columns: [
            "nodes",
            "timers",
            "looked at after s, p50",
            "p99",
            "most",
            "first correction after s",
            "corrections in 10 min",
            "forgotten",
          ],
          rows: runs.map((run): Figure[] => [
            run.nodes,
            run.timers === "lost" ? "all lost" : "yes",
            run.noticedP50,
            run.noticedP99,
            run.noticedMost,
            run.firstCorrection,
            run.corrections,
            run.forgotten,
          ]),
        },
        {
          title: "A lab goes dark while all of its nodes boot, and comes back (virtual time)",
          columns: [
            "nodes",
            "dark for min",
            "corrections meanwhile",
            "after it is back",
            "s from then until all are handed over",
            "forgotten",
          ],
          rows: [
            [
              gone.nodes,
              gone.darkMinutes,
              gone.correctionsInTheDark,
              gone.correctionsAfter,
              gone.secondsUntilAll,
              gone.forgotten,
            ],
          ],
        },
      ],
      checks: [
        atMost("corrections while the lab is dark", gone.correctionsInTheDark, 0),
        atMost("forgotten after the lab is back", gone.forgotten, 0),
        ...runs.flatMap((run): Check[] => {
          const what = `${run.nodes} nodes, ${run.timers}`;
          return [
            atMost(`${what}: seconds until it is looked at, p99`, run.noticedP99, budgetSeconds[run.timers]),
            atMost(`${what}: forgotten`, run.forgotten, 0),
          ];
        }),
      ],
    };
  },
};
