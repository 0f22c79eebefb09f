/**
 * `npm run bench -- cycles`: full cycles per second on the embedded stack, beside OpenStack Ironic's (docs/performance.md
 * says how those were measured).
 */
import { setTimeout as later } from "node:timers/promises";
import { ids } from "../../lib/aws/clock.ts";
import { ApiError } from "../../lib/local/cli/api-client.ts";
import type { Bench } from "../result.ts";
import { atMost, rounded } from "../result.ts";
import { callsIn } from "./calls.ts";
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
  /** How long it is measured; or how many cycles each of those in flight makes, where the machine's speed is not to matter. */
  readonly measured: { readonly ms: number } | { readonly cyclesEach: number };
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
  /** Requests of the functions to AWS per cycle, together and by name. */
  readonly callsPerCycle: number;
  readonly callsByName: Readonly<Record<string, number>>;
}

/** Then a stack that gets nowhere is given up, with a word on how far it came. */
const patienceMs = 120_000;

const mostTries = 20;
const quietMs = 1_500;
const mostQuietMs = 30_000;
/** What is not measured by then is left out, and said so: the page is made in a quarter of an hour. */
const mostMs = 330_000;

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

/** Whoever is told that others were first asks again, as the answer says; what he was kept waiting counts. */
async function untilTaken(ask: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await ask();
      return;
    } catch (error) {
      if (!(error instanceof ApiError) || tries >= mostTries) throw error;
      await later(100 * Math.random() * tries);
    }
  }
}

async function oneCycle({ api }: BenchStack, events: EventFollower, login: boolean): Promise<number> {
  const id = ids.next("res");
  const from = performance.now();
  const user = { user: "ada", publicKey: `ssh-ed25519 ${"A".repeat(68)}` };
  const wanted = { id, owner: "ada", image: "demo", count: 1, minutes: 60, ...user };
  await untilTaken(() => api.reserve(wanted));
  await events.until(id, "reservation.reserved");
  const readyMs = performance.now() - from;
  if (login) await events.until(id, "reservation.in-use");
  await untilTaken(() => api.end(id, "done"));
  await events.until(id, "reservation.complete");
  return readyMs;
}

export async function measure({ fleet, inFlight, login, warmUpMs, measured }: Wanted): Promise<Measured> {
  const bench = await startBenchStack({ fleet, login, sendCommandsPerSecond });
  const events = followEvents(bench.layout.events);
  const told = () => Object.values(events.counts()).reduce((sum, each) => sum + each, 0);
  let over = false;
  const ready: { at: number; readyMs: number }[] = [];
  let completed = (): void => {};
  const firstCycle = new Promise<void>((resolve) => {
    completed = resolve;
  });
  try {
    // What is told of how the nodes were taken in is no part of a cycle.
    for (let seen = -1, waited = 0; told() !== seen && waited < mostQuietMs; waited += quietMs) {
      seen = told();
      await later(quietMs);
    }
    const loops = Array.from({ length: inFlight }, async () => {
      const most = "cyclesEach" in measured ? measured.cyclesEach : Number.POSITIVE_INFINITY;
      for (let made = 0; made < most && !over; made += 1) {
        const readyMs = await oneCycle(bench, events, login);
        ready.push({ at: performance.now(), readyMs });
        completed();
      }
    });
    const all = Promise.all(loops);
    const late = (): never => {
      const counts = JSON.stringify(events.counts());
      throw new Error(`no cycle was completed within ${patienceMs / 1000} s; what was told: ${counts}`);
    };
    const wait = (ms: number) =>
      Promise.race([new Promise((resolve) => setTimeout(resolve, ms)), all, bench.stack.failed]);
    const ending = new AbortController();
    const patience = later(patienceMs, undefined, { signal: ending.signal }).then(late);
    // The machine may be busy with something else: measured is from the first cycle on.
    if ("ms" in measured) {
      await Promise.race([firstCycle, bench.stack.failed, patience]);
      await wait(warmUpMs);
    }
    const usage = () => parts.map((name) => usageOf(bench.stack.pids[name] ?? 0));
    const [before, from, toldBefore] = [usage(), performance.now(), told()];
    const callsBefore = callsIn(bench.callsFile);
    await ("ms" in measured ? wait(measured.ms) : Promise.race([all, bench.stack.failed, patience]));
    ending.abort();
    const [after, to, toldAfter] = [usage(), performance.now(), told()];
    const calls = Object.entries(callsIn(bench.callsFile)).map(([name, count]): [string, number] => [
      name,
      count - (callsBefore[name] ?? 0),
    ]);
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
      callsPerCycle: rounded(calls.reduce((sum, [, count]) => sum + count, 0) / Math.max(1, cycles), 1),
      callsByName: Object.fromEntries(
        calls.map(([name, count]) => [name, rounded(count / Math.max(1, cycles), 1)]),
      ),
    };
  } finally {
    over = true;
    events.stop();
    await bench.stop();
  }
}

const full: readonly Wanted[] = [
  { fleet: 50, inFlight: 1, login: true, warmUpMs: 3_000, measured: { ms: 15_000 } },
  { fleet: 200, inFlight: 32, login: true, warmUpMs: 5_000, measured: { ms: 20_000 } },
  { fleet: 200, inFlight: 32, login: false, warmUpMs: 5_000, measured: { ms: 20_000 } },
  { fleet: 200, inFlight: 150, login: true, warmUpMs: 8_000, measured: { ms: 20_000 } },
  { fleet: 1_000, inFlight: 32, login: true, warmUpMs: 5_000, measured: { ms: 20_000 } },
  { fleet: 10_000, inFlight: 32, login: true, warmUpMs: 5_000, measured: { ms: 20_000 } },
];
const brief: readonly Wanted[] = [
  { fleet: 8, inFlight: 6, login: true, warmUpMs: 0, measured: { cyclesEach: 2 } },
  { fleet: 400, inFlight: 6, login: true, warmUpMs: 0, measured: { cyclesEach: 2 } },
];

/** Most requests of the functions to AWS that it may take, and how much more of them in the largest fleet than in the smallest. */
const mostCallsPerCycle = 150;
const mostGrowth = 1.4;
/** Most changes of state that one cycle may take, with a login and the reload after it. */
const mostEventsPerCycle = 36;

/** With the same number in flight, since they share requests. */
function growthOf(measured: readonly Measured[]): number {
  const alike = measured.filter(({ login, inFlight }) => login && inFlight === measured.at(-1)?.inFlight);
  const [least, most] = [alike[0], alike.at(-1)];
  return least === undefined || most === undefined
    ? 1
    : rounded(most.callsPerCycle / Math.max(1, least.callsPerCycle));
}

export const cycles: Bench = {
  name: "cycles",
  measures: "full cycles per second on the embedded stack, and what each takes",
  run: async ({ short, say }) => {
    const measured: Measured[] = [];
    const failed: string[] = [];
    const begun = performance.now();
    for (const wanted of short ? brief : full) {
      const what = `${wanted.inFlight} in flight, ${wanted.fleet} nodes${wanted.login ? "" : ", no login"}`;
      if (performance.now() - begun > mostMs) {
        failed.push(`${what}: there was no time left for it`);
        continue;
      }
      say(`cycles: ${what}`);
      try {
        measured.push(await measure(wanted));
        say(JSON.stringify(measured.at(-1)));
      } catch (error) {
        failed.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      }
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
            "calls per cycle",
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
              each.callsPerCycle,
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
              null,
            ],
          ],
        },
        {
          title: "What a cycle takes, by process and by request",
          columns: [
            "in flight",
            "nodes",
            "login and reload",
            ...parts.map((each) => `CPU s ${each}`),
            "requests",
          ],
          rows: measured.map((each) => [
            each.inFlight,
            each.fleet,
            each.login ? "yes" : "no",
            ...parts.map((part) => each.cpuByPart[part] ?? null),
            Object.entries(each.callsByName)
              .filter(([, count]) => count >= 0.1)
              .map(([name, count]) => `${name} ${count}`)
              .join(", "),
          ]),
        },
      ],
      checks: [
        {
          what: "cycles were completed",
          holds: measured.length > 0 && measured.every(({ cycles: made }) => made > 0),
        },
        ...failed.map((what) => ({ what, holds: false })),
        ...measured
          .filter(({ login }) => login)
          .flatMap((each) => [
            atMost("changes of state per cycle", each.eventsPerCycle, mostEventsPerCycle),
            atMost("requests per cycle", each.callsPerCycle, mostCallsPerCycle),
          ]),
        atMost("requests per cycle, the largest fleet beside the smallest", growthOf(measured), mostGrowth),
      ],
    };
  },
};
