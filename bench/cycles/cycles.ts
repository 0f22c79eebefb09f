/**
 * `npm run bench -- cycles`: full cycles per second on the embedded stack, beside OpenStack Ironic's (docs/performance.md
 * says how those were measured).
 */
import { ids } from "../../lib/aws/clock.ts";
import type { Bench } from "../result.ts";
import { atMost, rounded } from "../result.ts";
import { type EventFollower, followEvents } from "./events.ts";
import { type BenchStack, startBenchStack } from "./stack.ts";
import { usageOf } from "./usage.ts";

/** What Ironic takes on the same kind of machine: 32 at a time, tuned, 200 nodes. */
const ironic = { cyclesPerSecond: 13.6, cpuSecondsPerCycle: 0.138 };
/** All that runs for a cycle; the bench itself is whoever uses the lab. */
const parts = ["dynamodb", "cloud", "agent", "ssm-agent"] as const;
/** As AWS may limit it. */
const sendCommandsPerSecond = 5;

export interface Wanted {
  readonly fleet: number;
  readonly inFlight: number;
  /** With a login and so a reload at the end; without: one proved load, then sanitized. */
  readonly login: boolean;
  readonly warmUpMs: number;
  readonly forMs: number;
}

export interface Measured {
  readonly fleet: number;
  readonly inFlight: number;
  readonly login: boolean;
  readonly cycles: number;
  readonly cyclesPerSecond: number;
  readonly cpuSecondsPerCycle: number;
  readonly cpuByPart: Readonly<Record<string, number>>;
  readonly readyP50Ms: number;
  readonly readyP95Ms: number;
  readonly memoryMiB: number;
  /** Changes of state per cycle, by what the bus was told. */
  readonly eventsPerCycle: number;
}

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

async function oneCycle({ api }: BenchStack, events: EventFollower, login: boolean): Promise<number> {
  const id = ids.next("res");
  const from = performance.now();
  const user = { user: "ada", publicKey: `ssh-ed25519 ${"A".repeat(68)}` };
  await api.reserve({ id, owner: "ada", image: "demo", count: 1, minutes: 60, ...user });
  await events.until(id, "reservation.reserved");
  const readyMs = performance.now() - from;
  if (login) await events.until(id, "reservation.in-use");
  await api.end(id, "done");
  await events.until(id, "reservation.complete");
  return readyMs;
}

export async function measure({ fleet, inFlight, login, warmUpMs, forMs }: Wanted): Promise<Measured> {
  const bench = await startBenchStack({ fleet, login, sendCommandsPerSecond });
  const events = followEvents(bench.layout.events);
  let over = false;
  const ready: { at: number; readyMs: number }[] = [];
  try {
    const loops = Array.from({ length: inFlight }, async () => {
      while (!over) {
        const readyMs = await oneCycle(bench, events, login);
        ready.push({ at: performance.now(), readyMs });
      }
    });
    const all = Promise.all(loops);
    const wait = (ms: number) =>
      Promise.race([new Promise((resolve) => setTimeout(resolve, ms)), all, bench.stack.failed]);
    await wait(warmUpMs);
    const usage = () => parts.map((name) => usageOf(bench.stack.pids[name] ?? 0));
    const told = () => Object.values(events.counts()).reduce((sum, each) => sum + each, 0);
    const [before, from, toldBefore] = [usage(), performance.now(), told()];
    await wait(forMs);
    const [after, to, toldAfter] = [usage(), performance.now(), told()];
    over = true;
    const within = ready.filter(({ at }) => at > from && at <= to);
    const sorted = within.map(({ readyMs }) => readyMs).sort((a, b) => a - b);
    const cycles = within.length;
    const cpu = parts.map((_, index) => (after[index]?.cpuSeconds ?? 0) - (before[index]?.cpuSeconds ?? 0));
    const byPart = parts.map((name, index) => [name, rounded((cpu[index] ?? 0) / Math.max(1, cycles), 4)]);
    return {
      fleet,
      inFlight,
      login,
      cycles,
      cyclesPerSecond: rounded((1000 * cycles) / (to - from)),
      cpuSecondsPerCycle: rounded(cpu.reduce((sum, each) => sum + each, 0) / Math.max(1, cycles), 4),
      cpuByPart: Object.fromEntries(byPart),
      readyP50Ms: Math.round(quantile(sorted, 0.5)),
      readyP95Ms: Math.round(quantile(sorted, 0.95)),
      memoryMiB: Math.round(after.reduce((sum, { residentMib }) => sum + residentMib, 0)),
      eventsPerCycle: rounded((toldAfter - toldBefore) / Math.max(1, cycles), 1),
    };
  } finally {
    over = true;
    events.stop();
    await bench.stop();
  }
}

const full: readonly Wanted[] = [
  { fleet: 50, inFlight: 1, login: true, warmUpMs: 3_000, forMs: 15_000 },
  { fleet: 200, inFlight: 32, login: true, warmUpMs: 5_000, forMs: 20_000 },
  { fleet: 200, inFlight: 32, login: false, warmUpMs: 5_000, forMs: 20_000 },
  { fleet: 200, inFlight: 150, login: true, warmUpMs: 8_000, forMs: 20_000 },
  { fleet: 1_000, inFlight: 32, login: true, warmUpMs: 5_000, forMs: 20_000 },
  { fleet: 10_000, inFlight: 32, login: true, warmUpMs: 5_000, forMs: 20_000 },
];
const brief: readonly Wanted[] = [{ fleet: 20, inFlight: 8, login: true, warmUpMs: 2_000, forMs: 8_000 }];

/** Most changes of state that one cycle may take, with a login and the reload after it. */
const mostEventsPerCycle = 36;

export const cycles: Bench = {
  name: "cycles",
  measures: "full cycles per second on the embedded stack, and what each takes",
  run: async ({ short, say }) => {
    const measured: Measured[] = [];
    for (const wanted of short ? brief : full) {
      say(`cycles: ${wanted.inFlight} in flight, ${wanted.fleet} nodes${wanted.login ? "" : ", no login"}`);
      measured.push(await measure(wanted));
      say(JSON.stringify(measured.at(-1)));
    }
    const loaded = measured.find(({ inFlight }) => inFlight > 1) ?? measured[0];
    return {
      figures: { ...loaded, all: measured, ironic },
      tables: [
        {
          title: "Full cycles, hardware that answers at once, SendCommand limited to 5 a second",
          columns: [
            "in flight",
            "nodes",
            "login and reload",
            "cycles/s",
            "CPU s per cycle",
            "ready p50 ms",
            "p95 ms",
            "MiB",
            "changes of state per cycle",
          ],
          rows: [
            ...measured.map((each) => [
              each.inFlight,
              each.fleet,
              each.login ? "yes" : "no",
              each.cyclesPerSecond,
              each.cpuSecondsPerCycle,
              each.readyP50Ms,
              each.readyP95Ms,
              each.memoryMiB,
              each.eventsPerCycle,
            ]),
            [
              "32 (Ironic, tuned)",
              200,
              "no",
              ironic.cyclesPerSecond,
              ironic.cpuSecondsPerCycle,
              1110,
              1720,
              505,
              null,
            ],
          ],
        },
      ],
      checks: [
        { what: "cycles were completed", holds: measured.every((each) => each.cycles > 0) },
        ...measured
          .filter(({ login }) => login)
          .map((each) => atMost("changes of state per cycle", each.eventsPerCycle, mostEventsPerCycle)),
      ],
    };
  },
};
