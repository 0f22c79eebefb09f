/**
 * `npm run bench -- rebuild`: Chiba City's case. All nodes of one lab are loaded at once, through one controller whose
 * SendCommand is limited as AWS may limit it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as later } from "node:timers/promises";
import * as z from "zod";
import { ids } from "../../lib/aws/clock.ts";
import { defaultPolicy } from "../../lib/core/correction/policy.ts";
import { followEvents } from "../cycles/events.ts";
import { startBenchStack } from "../cycles/stack.ts";
import { usageOf } from "../cycles/usage.ts";
import { atMost, type Bench, rounded } from "../result.ts";
import { type Tick, tick } from "./fleet.ts";

const sendCommandsPerSecond = 5;
const patienceMs = 240_000;

export interface Rebuild {
  readonly nodes: number;
  readonly secondsToLast: number;
  readonly ssmCommands: number;
  readonly agentCpuSeconds: number;
  readonly agentMib: number;
  /** From the decision to the agent's beginning, the longest of a command that switches power: its way and its wait. */
  readonly longestWaitSeconds: number;
}

const record = z.looseObject({
  t: z.string(),
  id: z.string().optional(),
  at: z.number().optional(),
  command: z
    .looseObject({
      id: z.string(),
      notAfter: z.number(),
      actions: z.array(z.looseObject({ verb: z.string() })),
    })
    .optional(),
});

/** By the agent's journal: a command was decided on so long before the time after which it is not to begin. */
function longestWait(journal: string, notAfterMs: number): number {
  const decided = new Map<string, number>();
  let longest = 0;
  for (const line of readFileSync(journal, "utf8").split("\n")) {
    if (line === "") continue;
    const { t, id = "", at = 0, command } = record.parse(JSON.parse(line));
    if (t === "accepted" && command?.actions.some(({ verb }) => verb.startsWith("power.")))
      decided.set(command.id, command.notAfter - notAfterMs);
    const from = t === "started" ? decided.get(id) : undefined;
    if (from !== undefined) longest = Math.max(longest, at - from);
  }
  return longest / 1000;
}

function ssmCommandsIn(file: string): number {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return Number(database.prepare("SELECT COUNT(*) AS count FROM invocation").get()?.["count"] ?? 0);
  } finally {
    database.close();
  }
}

export async function rebuilt(nodes: number): Promise<Rebuild> {
  const bench = await startBenchStack({ fleet: nodes, login: false, sendCommandsPerSecond });
  const events = followEvents(bench.layout.events);
  try {
    const agentPid = bench.stack.pids["agent"] ?? 0;
    const [before, sent] = [usageOf(agentPid), ssmCommandsIn(bench.layout.ssm)];
    const from = performance.now();
    const id = ids.next("res");
    const user = { user: "ada", publicKey: `ssh-ed25519 ${"A".repeat(68)}` };
    await bench.api.reserve({ id, owner: "ada", image: "demo", count: nodes, minutes: 60, ...user });
    const ending = new AbortController();
    const late = later(patienceMs, undefined, { signal: ending.signal }).then((): never => {
      throw new Error(`not all ${nodes} were handed over in time: ${JSON.stringify(events.counts())}`);
    });
    await Promise.race([events.until(id, "reservation.reserved"), bench.stack.failed, late]);
    ending.abort();
    const after = usageOf(agentPid);
    return {
      nodes,
      secondsToLast: rounded((performance.now() - from) / 1000, 1),
      ssmCommands: ssmCommandsIn(bench.layout.ssm) - sent,
      agentCpuSeconds: rounded(after.cpuSeconds - before.cpuSeconds),
      agentMib: Math.round(after.residentMib),
      longestWaitSeconds: rounded(
        longestWait(join(bench.layout.agent, "journal.jsonl"), defaultPolicy.command.notAfterMs),
        1,
      ),
    };
  } finally {
    events.stop();
    await bench.stop();
  }
}

export const rebuild: Bench = {
  name: "rebuild",
  measures: "all nodes of a lab loaded at once through one controller",
  run: async ({ short, say }) => {
    const nodes = short ? 16 : 256;
    say(`rebuild: ${nodes} nodes`);
    const run = await rebuilt(nodes);
    const fleets: readonly (readonly [labs: number, nodesPerLab: number, late: number])[] = short
      ? [
          [20, 10, 0],
          [20, 50, 0],
          [20, 50, 40],
        ]
      : [
          [1_000, 10, 0],
          [1_000, 100, 0],
          [1_000, 100, 100],
          [1_000, 100, 2_000],
        ];
    const ticks: Tick[] = [];
    for (const [labs, nodesPerLab, late] of fleets) {
      say(`rebuild: a tick over ${labs} labs of ${nodesPerLab} nodes, ${late} late`);
      ticks.push(await tick(labs, nodesPerLab, late));
    }
    const [sparse, dense] = ticks;
    return {
      figures: { ...run, ticks },
      tables: [
        {
          title:
            "All nodes of a lab loaded at once, hardware that answers at once, SendCommand limited to 5 a second",
          columns: [
            "nodes",
            "s until all are handed over",
            "SSM commands",
            "agent's CPU s",
            "agent's MiB",
            "longest wait of a power command s",
          ],
          rows: [
            [
              run.nodes,
              run.secondsToLast,
              run.ssmCommands,
              run.agentCpuSeconds,
              run.agentMib,
              run.longestWaitSeconds,
            ],
          ],
        },
        {
          title: "The watchdog for late nodes, a tick a minute, in memory",
          columns: [
            "labs",
            "nodes",
            "late",
            "calls to the store per tick",
            "ticks until every lab had its turn",
            "woken by then",
          ],
          rows: ticks.map((each) => [each.labs, each.nodes, each.late, each.calls, each.ticks, each.woken]),
        },
      ],
      // A load is three commands to a node, that travel together where they can.
      checks: [
        atMost("SSM commands", run.ssmCommands, 3 * nodes),
        atMost("calls of a tick over many times the nodes", dense?.calls ?? 0, sparse?.calls ?? 0),
        ...ticks.map(({ late, woken, nodes: all }) => ({
          what: `${late} of ${all} nodes are late: ${woken} are woken`,
          holds: woken === late,
        })),
      ],
    };
  },
};
