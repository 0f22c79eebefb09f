import { join } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { projectRoot } from "./skeleton.ts";

/** What the simulation is about. Everything else in it stands for the world. */
const shipped = [
  "lib/core/node/decide.ts",
  "lib/core/reservation/decide.ts",
  "lib/core/correction/correct.ts",
  "lib/core/scheduling/allocate.ts",
  "lib/app/advance-node.ts",
  "lib/app/advance-reservation.ts",
  "lib/app/dispatch.ts",
  "lib/app/ingest-reports.ts",
  "lib/app/sweep.ts",
  "lib/app/watch.ts",
  "lib/agent/take.ts",
  "lib/agent/intake.ts",
  "lib/agent/journal.ts",
  "lib/agent/executor.ts",
  "lib/agent/perform.ts",
  "lib/agent/boots.ts",
];

test("the simulation runs what is shipped: its import graph holds the decisions, use-cases, journal and executor", async () => {
  const { metafile } = await build({
    absWorkingDir: projectRoot,
    entryPoints: [join(projectRoot, "test/sim/run/worker.ts")],
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const files = Object.keys(metafile.inputs);
  for (const each of shipped) expect(files).toContain(each);
  // Nor does it take a stand-in for any of them from elsewhere.
  expect(files.filter((file) => !file.startsWith("lib/") && !file.startsWith("test/sim/"))).toEqual([]);
  expect(files.filter((file) => file.startsWith("lib/local/"))).toEqual([]);
});
