/** The simulation itself: that it runs what is shipped, that it is exact, that it sees what is wrong. */
import { describe, expect, test } from "vitest";
import { type Defect, defects, noDefect } from "./defect.ts";
import { type History, runHistory } from "./history.ts";
import { apart } from "./run/apart.ts";
import { runBatch, type Violation } from "./run/batch.ts";
import { campaign } from "./run/campaign.ts";
import { readOptions } from "./run/options.ts";
import { shrink } from "./run/shrink.ts";

const history = (seed: number, defect: Defect = noDefect): Promise<History> =>
  apart(() => runHistory({ seed, level: "high", defect, tells: true }));

describe("npm run simulate", () => {
  test("200 histories keep every promise of design §7", { timeout: 120_000 }, async () => {
    const sum = await campaign({
      from: 1,
      runs: 200,
      faults: "mixed",
      defect: noDefect,
      workers: 2,
      stops: true,
      batch: 25,
    });
    expect(sum.violations).toEqual([]);
    // An invariant that is never looked at is not kept, it is forgotten.
    for (const [invariant, count] of sum.checks.entries())
      expect(count, `invariant ${invariant}`).toBeGreaterThan(0);
    expect(Object.keys(sum.faults).length).toBeGreaterThan(30);
  });

  test("the same seed gives the same history, to the last event, whoever runs it", async () => {
    const [one, two] = [await history(11), await history(11)];
    expect(one.story).toEqual(two.story);
    expect(one.hash).toBe(two.hash);
    const other = await history(12);
    expect(other.hash).not.toBe(one.hash);
    const alone = await apart(() =>
      runBatch({ from: 5, count: 8, faults: "mixed", defect: noDefect, stops: false }),
    );
    const together = await campaign({
      from: 5,
      runs: 8,
      faults: "mixed",
      defect: noDefect,
      workers: 2,
      stops: false,
      batch: 3,
    });
    expect(together.hash).toBe(alone.hash);
  });

  test.each(defects)("catches the planted defect: $name", { timeout: 120_000 }, async (defect) => {
    const sum = await campaign({
      from: 1,
      runs: 2000,
      faults: "mixed",
      defect,
      workers: 2,
      stops: true,
      batch: 10,
    });
    expect(sum.violations.length).toBeGreaterThan(0);
  });

  test("a failing history is told by the shortest one that breaks the same promise", async () => {
    const [defect] = defects;
    if (defect === undefined) throw new Error("there are no defects");
    const sum = await apart(() => runBatch({ from: 1, count: 100, faults: "high", defect, stops: true }));
    const violation: Violation | undefined = sum.violations[0];
    if (violation === undefined) throw new Error("it was not caught");
    const whole = await history(violation.seed, defect);
    const short = await apart(() => shrink(violation, defect));
    expect(short.found?.invariant).toBe(violation.found.invariant);
    expect(short.struck.length).toBeLessThan(whole.struck.length / 4);
    expect(short.story.at(-1)).toContain("faults stop");
    expect(short.story.some((line) => line.includes("is broken"))).toBe(true);
  });

  test.each([
    [["--runs", "many"], "--runs: many is no whole number from 1 on"],
    [["--faults", "heavy"], "--faults: heavy is none of none, low, medium, high, mixed"],
    [["--seeds", "1"], "Unknown option '--seeds'"],
  ])("%j on its command line is told in one line", (argv, message) => {
    expect(() => readOptions(argv)).toThrow(message);
  });
});
