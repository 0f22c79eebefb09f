/** Ready on time: a semester of a teaching lab of fifty nodes (test/support/workload.ts), served in three ways. */
import { describe, expect, test } from "vitest";
import { type Run, runSemester, type Way } from "../support/semester-run.ts";
import { semester } from "../support/workload.ts";

const ways: readonly Way[] = [
  { name: "kept, lead 30 min", preload: "kept", lead: "fixed" },
  { name: "kept, lead learned", preload: "kept", lead: "learned" },
  { name: "predicted, lead learned", preload: "predicted", lead: "learned" },
];

const twoMinutes = 120_000;

interface Figures {
  readonly inTime: number;
  readonly nowInTime: number;
  readonly p50: number;
  readonly p95: number;
  readonly preloaded: number;
  readonly slowestPreloaded: number;
  readonly refused: number;
}

function figuresOf({ served }: Run): Figures {
  const due = served.filter(({ refused }) => !refused);
  const waits = due.map(({ waitMs }) => waitMs ?? Number.POSITIVE_INFINITY).toSorted((a, b) => a - b);
  const share = (of: typeof due, holds: (each: (typeof due)[number]) => boolean) =>
    of.filter(holds).length / of.length;
  const isInTime = ({ waitMs }: (typeof due)[number]) => waitMs !== null && waitMs <= twoMinutes;
  const now = due.filter(({ request }) => request.start === null);
  return {
    inTime: share(due, isInTime),
    nowInTime: share(now, isInTime),
    p50: waits[Math.floor(waits.length * 0.5)] ?? 0,
    p95: waits[Math.floor(waits.length * 0.95)] ?? 0,
    preloaded: share(now, ({ preloaded }) => preloaded),
    slowestPreloaded: Math.max(
      ...due.flatMap(({ preloaded, waitMs }) => (preloaded && waitMs !== null ? [waitMs] : [])),
    ),
    refused: served.length - due.length,
  };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;

function row({ name }: Way, { loads }: Run, figures: Figures): string {
  const { inTime, nowInTime, p50, p95, preloaded, slowestPreloaded, refused } = figures;
  const { forUsers, afterUse, ahead } = loads;
  const cells = [
    name,
    percent(inTime),
    percent(nowInTime),
    `${seconds(p50)} / ${seconds(p95)}`,
    percent(preloaded),
    seconds(slowestPreloaded),
    `${forUsers} + ${afterUse} + ${ahead}`,
    String(refused),
  ];
  return `| ${cells.join(" | ")} |\n`;
}

const head = [
  "| way | ready within 2 min | of those who want it now | wait p50 / p95 | found preloaded, now | slowest preloaded | loads: for users + after use + ahead | refused |",
  "| --- | --- | --- | --- | --- | --- | --- | --- |",
  "",
].join("\n");

describe("a semester of sixteen weeks on fifty nodes", () => {
  test.each([1])(
    "semester %d: nine in ten are ready within two minutes of their start",
    { timeout: 300_000 },
    (seed) => {
      const people = semester(seed);
      const all = ways.map((way) => {
        const run = runSemester(people, way);
        return { way, run, figures: figuresOf(run) };
      });
      process.stdout.write(
        `semester ${seed}, ${people.requests.length} reservations\n${head}${all.map(({ way, run, figures }) => row(way, run, figures)).join("")}`,
      );
      const predicted = all[2]?.figures;
      const kept = all[1]?.figures;
      expect(predicted?.inTime).toBeGreaterThanOrEqual(0.9);
      expect(predicted?.slowestPreloaded).toBeLessThanOrEqual(60_000);
      expect(predicted?.nowInTime).toBeGreaterThan(kept?.nowInTime ?? 1);
    },
  );
});
