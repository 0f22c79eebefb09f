/**
 * `npm run bench -- rebuild`: Chiba City's case. All nodes of one lab are loaded at once, through one controller whose
 * SendCommand is limited as AWS may limit it.
 */
import { DatabaseSync } from "node:sqlite";
import { ids } from "../../lib/aws/clock.ts";
import { followEvents } from "../cycles/events.ts";
import { startBenchStack } from "../cycles/stack.ts";
import { usageOf } from "../cycles/usage.ts";
import { atMost, type Bench, rounded } from "../result.ts";

const sendCommandsPerSecond = 5;

export interface Rebuild {
  readonly nodes: number;
  readonly secondsToLast: number;
  readonly ssmCommands: number;
  readonly agentCpuSeconds: number;
  readonly agentMib: number;
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
    await Promise.race([events.until(id, "reservation.reserved"), bench.stack.failed]);
    const after = usageOf(agentPid);
    return {
      nodes,
      secondsToLast: rounded((performance.now() - from) / 1000, 1),
      ssmCommands: ssmCommandsIn(bench.layout.ssm) - sent,
      agentCpuSeconds: rounded(after.cpuSeconds - before.cpuSeconds),
      agentMib: Math.round(after.residentMib),
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
    return {
      figures: { ...run },
      tables: [
        {
          title:
            "All nodes of a lab loaded at once, hardware that answers at once, SendCommand limited to 5 a second",
          columns: ["nodes", "s until all are handed over", "SSM commands", "agent's CPU s", "agent's MiB"],
          rows: [[run.nodes, run.secondsToLast, run.ssmCommands, run.agentCpuSeconds, run.agentMib]],
        },
      ],
      // A load is three commands to a node, that travel together where they can.
      checks: [atMost("SSM commands", run.ssmCommands, 3 * nodes)],
    };
  },
};
