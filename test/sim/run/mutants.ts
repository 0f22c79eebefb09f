/**
 * `--mutants N`: how much of what could be wrong in the shipped code is noticed, by the simulation first; what it lets live
 * is given to the tests of decisions and of the journal.
 */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { random } from "../random.ts";
import type { Violation } from "./batch.ts";
import { type Mutant, mutants } from "./mutant.ts";
import type { Options } from "./options.ts";

const root = join(import.meta.dirname, "../../..");
/** A history that comes to no end has broken its promise, too. */
const patienceMs = 120_000;

interface Verdict {
  readonly killed: boolean;
  readonly how: string;
}

const tests = [
  "test/core",
  "test/app/hardware-log.test.ts",
  "test/app/watch.test.ts",
  "test/agent/journal.test.ts",
];

/** A copy of the project in which files may be changed. */
function copy(): string {
  const place = mkdtempSync(join(tmpdir(), "rackwright-mutants-"));
  for (const each of ["lib", "test", "docs", "examples", "package.json", "tsconfig.json", "vitest.config.ts"])
    cpSync(join(root, each), join(place, each), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(place, "node_modules"));
  return place;
}

async function testedIn(place: string, { file, source }: Mutant): Promise<Verdict> {
  const original = readFileSync(join(root, file));
  writeFileSync(join(place, file), source);
  try {
    const child = spawn(
      process.execPath,
      [
        join(root, "node_modules/vitest/vitest.mjs"),
        "run",
        "--bail=1",
        "--project=unit",
        "--project=agent",
        ...tests,
      ],
      { cwd: place, stdio: "ignore", timeout: patienceMs },
    );
    const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
    return { killed: code !== 0, how: "tests" };
  } finally {
    writeFileSync(join(place, file), original);
  }
}

export async function mutate(
  { mutants: count, seed, runs, workers, json }: Options,
  say: (text: string) => void,
): Promise<number> {
  const all = mutants(count, random(seed));
  const waiting = [...all.entries()];
  const survivors: Mutant[] = [];
  let bySimulation = 0;
  const crew = Array.from({ length: workers }, async () => {
    const place = copy();
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, mutant] = next;
      const simulated = await verdictOn(mutant, runs);
      if (simulated.killed) bySimulation += 1;
      const { killed, how } = simulated.killed ? simulated : await testedIn(place, mutant);
      if (!killed) survivors.push(mutant);
      const { file, line, was, is } = mutant;
      say(
        `${index + 1}/${all.length} ${killed ? "killed" : "LIVES "} ${file}:${line}  ${was}  →  ${is}  (${how})`,
      );
    }
    rmSync(place, { recursive: true, force: true });
  });
  await Promise.all(crew);
  const killed = all.length - survivors.length;
  say(
    `\n${killed} of ${all.length} mutants killed (${((100 * killed) / all.length).toFixed(1)} %), ${bySimulation} of them by ${runs} histories each`,
  );
  for (const { file, line, was, is } of survivors) say(`  lives: ${file}:${line}  ${was}  →  ${is}`);
  if (json) say(JSON.stringify({ mutants: all.length, killed, bySimulation, survivors: survivors.length }));
  return killed >= 0.8 * all.length ? 0 : 1;
}

function verdictOn({ file, source }: Mutant, runs: number): Promise<Verdict> {
  const worker = new Worker(new URL("mutant-worker.ts", import.meta.url), {
    workerData: { file: join(root, file), source, runs },
    stderr: true,
  });
  return new Promise<Verdict>((resolve) => {
    const timer = setTimeout(() => resolve({ killed: true, how: "comes to no end" }), patienceMs);
    worker.once("message", (violation: Violation | null) => {
      clearTimeout(timer);
      resolve(
        violation === null
          ? { killed: false, how: `${runs} histories` }
          : { killed: true, how: `history ${violation.seed}, invariant ${violation.found.invariant}` },
      );
    });
    worker.once("error", (error) => {
      clearTimeout(timer);
      resolve({ killed: true, how: error.message.slice(0, 60) });
    });
  }).finally(() => worker.terminate());
}
