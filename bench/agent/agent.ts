/**
 * `npm run bench -- agent`: the daemon as it is shipped, with very many slow power commands at once, and as the boot service
 * of a whole rack that reads one image.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Action, Command } from "../../lib/core/command.ts";
import {
  branded,
  isBootId,
  isCommandId,
  isInstallationId,
  isJournalId,
  isLabId,
  isNodeId,
  isRevisionId,
} from "../../lib/core/ids.ts";
import { instant } from "../../lib/core/time.ts";
import { type AgentPlace, agentPlace } from "../../test/support/agent-place.ts";
import { usageOf } from "../cycles/usage.ts";
import { atMost, type Bench, rounded } from "../result.ts";

const program = [join(import.meta.dirname, "../../dist/agent/rackwright-agent.mjs")];
/** A power script of a lab whose PDU takes its time (option `id`, in seconds) to say whether it is on. */
const slowScript = `#!/bin/sh
switched_on="$0.$power_address"
case "$power_mode" in
  status) sleep "$power_id"; [ -e "$switched_on" ] || exit 2 ;;
  on) : >"$switched_on" ;;
esac
`;
/** Design, budgets: 256 power commands in flight, without the tools that they run. */
const mostMib = 150;

export interface Many {
  readonly commands: number;
  readonly seconds: number;
  readonly lost: number;
  readonly daemonMib: number;
  readonly cpuSeconds: number;
  readonly mostFiles: number;
  readonly mostTools: number;
}

function commandFor(index: number, actions: readonly Action[], sleepSeconds: number): Command {
  const node = branded(isNodeId, `node-${index}`);
  return {
    id: branded(isCommandId, `bench.${index}.${actions.length}`),
    node,
    lab: branded(isLabId, "blue"),
    journal: branded(isJournalId, "0".repeat(16)),
    epoch: actions.length,
    notAfter: instant(Date.now() + 600_000),
    mustEnd: instant(Date.now() + 900_000),
    actions,
    target: {
      macs: [
        `52:54:00:00:${(index >> 8).toString(16).padStart(2, "0")}:${(index & 255).toString(16).padStart(2, "0")}`,
      ],
      power: {
        driver: "exec",
        address: `10.0.${index >> 8}.${index & 255}`,
        options: { script: "slow", id: String(sleepSeconds) },
        domain: `domain-${index}`,
        credential: "bmc/bench",
        quiescentMs: 0,
      },
    },
  };
}

async function startAgent(): Promise<AgentPlace> {
  const place = await agentPlace({ program });
  place.script("slow", slowScript);
  place.secret("bmc/bench", { username: "bench", password: "bench" });
  await place.start();
  return place;
}

const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** Handed over fifty at a time, as deliveries are. */
async function give(place: AgentPlace, commands: readonly Command[]): Promise<void> {
  for (let from = 0; from < commands.length; from += 50) {
    const part = commands.slice(from, from + 50);
    await place.take(...(await Promise.all(part.map((each) => place.addressed(each)))));
  }
}

export async function many(commands: number, sleepSeconds: number): Promise<Many> {
  const place = await startAgent();
  try {
    const before = usageOf(place.pid());
    const from = performance.now();
    const status: Action = { verb: "power.status" };
    await give(
      place,
      Array.from({ length: commands }, (_, index) => commandFor(index, [status], sleepSeconds)),
    );
    let [daemonMib, mostFiles, mostTools] = [0, 0, 0];
    while (place.results().length < commands && performance.now() - from < 120_000) {
      daemonMib = Math.max(daemonMib, usageOf(place.pid()).residentMib);
      mostFiles = Math.max(mostFiles, openFiles(place.pid()));
      const metrics = await (await fetch(`${place.url}/metrics`)).text();
      const [, tools = "0"] = /tools_running\S* (\d+)/.exec(metrics) ?? [];
      mostTools = Math.max(mostTools, Number(tools));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const ids = new Set(place.results().map(({ command }) => command));
    return {
      commands,
      seconds: rounded((performance.now() - from) / 1000, 1),
      lost: commands - ids.size,
      daemonMib: Math.round(daemonMib),
      cpuSeconds: rounded(usageOf(place.pid()).cpuSeconds - before.cpuSeconds),
      mostFiles,
      mostTools,
    };
  } finally {
    await place.remove();
  }
}

export interface Serving {
  readonly readers: number;
  readonly imageMib: number;
  readonly mibPerSecond: number;
  readonly cpuSeconds: number;
  readonly daemonMib: number;
}

/** Each reader is a node that was allowed one network boot, and reads all of the image under its own token. */
export async function serving(readers: number, imageMib: number): Promise<Serving> {
  const place = await startAgent();
  try {
    const bytes = Buffer.alloc(imageMib * 1024 ** 2, "rackwright");
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    mkdirSync(join(place.stateDir, "images"), { recursive: true });
    writeFileSync(join(place.stateDir, "images", sha256), bytes);
    const image = { sha256, sizeBytes: bytes.length };
    const boots = Array.from({ length: readers }, (_, index) =>
      commandFor(
        index,
        [
          {
            verb: "netboot.set",
            installation: branded(isInstallationId, `bench.${index}.1`),
            boot: branded(isBootId, `bench.${index}.1.b1`),
            revision: branded(isRevisionId, "demo:1"),
            image,
          },
          { verb: "power.on" },
        ],
        0,
      ),
    );
    await give(place, boots);
    for (const { id } of boots) await place.ended(id);
    const tokens = await Promise.all(
      boots.map(async ({ target }) => {
        const answer = await fetch(`${place.url}/boot/ipxe?mac=${target.macs[0]}`);
        const [, token] = /rackwright\.token=(\S+)/.exec(await answer.text()) ?? [];
        if (token === undefined) throw new Error("a node was given no network boot");
        return token;
      }),
    );
    const before = usageOf(place.pid());
    const from = performance.now();
    const read = await Promise.all(
      tokens.map(async (token) => {
        const headers = { authorization: `Bearer ${token}` };
        const answer = await fetch(`${place.url}/images/${sha256}`, { headers });
        let came = 0;
        for await (const chunk of answer.body ?? []) came += chunk.length;
        return came;
      }),
    );
    const seconds = (performance.now() - from) / 1000;
    if (read.some((came) => came !== bytes.length)) throw new Error("a reader was not given the whole image");
    const after = usageOf(place.pid());
    return {
      readers,
      imageMib,
      mibPerSecond: Math.round((readers * imageMib) / seconds),
      cpuSeconds: rounded(after.cpuSeconds - before.cpuSeconds),
      daemonMib: Math.round(after.residentMib),
    };
  } finally {
    await place.remove();
  }
}

export const agent: Bench = {
  name: "agent",
  measures: "the daemon with very many slow power commands at once, and its boot service with 64 readers",
  run: async ({ short, say }) => {
    const runs: Many[] = [];
    for (const commands of short ? [64] : [256, 1_000]) {
      say(`agent: ${commands} commands`);
      runs.push(await many(commands, 0.5));
    }
    say("agent: readers");
    const served = await serving(short ? 8 : 64, 16);
    return {
      figures: { commands: runs, serving: served },
      tables: [
        {
          title: "Power commands that take half a second each, given to the daemon at once",
          columns: [
            "commands",
            "s until the last was reported",
            "lost",
            "MiB",
            "CPU s",
            "open files",
            "tools at once",
          ],
          rows: runs.map((run) => [
            run.commands,
            run.seconds,
            run.lost,
            run.daemonMib,
            run.cpuSeconds,
            run.mostFiles,
            run.mostTools,
          ]),
        },
        {
          title: "One image, read by all at once",
          columns: ["readers", "image MiB", "MiB/s", "CPU s", "MiB"],
          rows: [[served.readers, served.imageMib, served.mibPerSecond, served.cpuSeconds, served.daemonMib]],
        },
      ],
      checks: runs.flatMap(({ commands, lost, daemonMib, mostTools }) => [
        atMost(`${commands} commands: lost`, lost, 0),
        atMost(`${commands} commands: MiB of the daemon`, daemonMib, mostMib),
        atMost(`${commands} commands: tools at once`, mostTools, 24),
      ]),
    };
  },
};
