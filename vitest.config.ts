/**
 * The test lanes, one per folder of test/ that needs rules of its own; every other folder is in the lane `unit`.
 * `npm test` runs all but `browser`, `hands`, `metal` and `machines`, which want a browser, real tools or real machines, and `scenario`, which takes minutes.
 */
import { join } from "node:path";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";

interface Lane {
  readonly folder: string;
  /** Generous: a limit is there to end a test that hangs, never to measure one that is slow. */
  readonly testTimeoutMs: number;
  /** Lanes run one after the other by this number, so that whole stacks do not fight the unit tests for two cores. */
  readonly turn: number;
  /** More where files mostly wait. */
  readonly maxWorkers?: number;
}

const lanes: readonly Lane[] = [
  { folder: "contract", testTimeoutMs: 30_000, turn: 1 },
  { folder: "conformance", testTimeoutMs: 30_000, turn: 1 },
  { folder: "agent", testTimeoutMs: 30_000, turn: 1 },
  { folder: "infra", testTimeoutMs: 180_000, turn: 1 },
  { folder: "local", testTimeoutMs: 30_000, turn: 1 },
  { folder: "browser", testTimeoutMs: 120_000, turn: 2 },
  { folder: "stack", testTimeoutMs: 60_000, turn: 2 },
  { folder: "scenario", testTimeoutMs: 600_000, turn: 3, maxWorkers: 3 },
  { folder: "hands", testTimeoutMs: 120_000, turn: 3 },
  { folder: "metal", testTimeoutMs: 600_000, turn: 4 },
  { folder: "machines", testTimeoutMs: 600_000, turn: 5 },
];

function project(
  name: string,
  include: string,
  exclude: string[],
  { testTimeoutMs, turn, maxWorkers = 2 }: Omit<Lane, "folder">,
) {
  return {
    test: {
      name,
      include: [include],
      exclude,
      testTimeout: testTimeoutMs,
      hookTimeout: testTimeoutMs,
      pool: "forks",
      maxWorkers,
      execArgv: ["--disable-warning=ExperimentalWarning"],
      sequence: { groupOrder: turn },
    },
  } satisfies TestProjectInlineConfiguration;
}

const insideOwnLane = lanes.map(({ folder }) => `test/${folder}/**`);

/** Where .ci/run wants a machine-readable copy of every run, to add up the results of all lanes. */
const resultsFolder = process.env["RACKWRIGHT_TEST_RESULTS"];

export default defineConfig({
  test: {
    projects: [
      project("unit", "test/**/*.test.ts", insideOwnLane, { testTimeoutMs: 180_000, turn: 1 }),
      ...lanes.map(({ folder, ...lane }) => project(folder, `test/${folder}/**/*.test.ts`, [], lane)),
    ],
    reporters:
      resultsFolder === undefined
        ? ["default"]
        : ["default", ["json", { outputFile: join(resultsFolder, `${process.pid}.json`) }]],
  },
});
