/** `npm run simulate`. */
import { noDefect } from "../defect.ts";
import { faultKinds } from "../faults.ts";
import type { History } from "../history.ts";
import { runHistory } from "../history.ts";
import { apart } from "./apart.ts";
import { levelOf, type Sum, type Violation } from "./batch.ts";
import { campaign } from "./campaign.ts";
import { mutate } from "./mutants.ts";
import { help, type Options, readOptions, UsageError } from "./options.ts";
import { mostRuns, selfTest } from "./self-test.ts";
import { shrink } from "./shrink.ts";

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const number = (value: number): string => Math.round(value).toLocaleString("en");

async function simulate(options: Options): Promise<number> {
  const { seed, runs, faults, workers, json } = options;
  if (options.story) return tellStories(options);
  const begin = performance.now();
  const every = process.stderr.isTTY ? 500 : 15_000;
  let nextAt = begin + every;
  const sum = await campaign({
    from: seed,
    runs,
    faults,
    defect: noDefect,
    workers,
    stops: false,
    told: (soFar) => {
      if (performance.now() < nextAt) return;
      nextAt = performance.now() + every;
      const line = `${number(soFar.runs)} of ${number(runs)} histories, ${soFar.violations.length} violations`;
      process.stderr.write(process.stderr.isTTY ? `\r${line}` : `${line}\n`);
    },
  });
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  const seconds = (performance.now() - begin) / 1000;
  report(sum, seconds, workers);
  const [first] = sum.violations;
  if (first !== undefined) {
    explain(first, await apart(() => shrink(first, noDefect)), faults);
    const others = sum.violations.slice(1, 20).map((each) => each.seed);
    if (others.length > 0) say(`other seeds that break a promise: ${others.join(", ")}`);
  }
  if (json) say(JSON.stringify(resultOf(sum)));
  return sum.violations.length === 0 ? 0 : 1;
}

const perSecond = ({ transitions, seconds }: Sum): number => Math.round(transitions / seconds);

const resultOf = (sum: Sum) => ({
  runs: sum.runs,
  events: sum.events,
  transitions: sum.transitions,
  faults: sum.faults,
  checks: total(sum.checks),
  violations: sum.violations.length,
  transitionsPerSecond: perSecond(sum),
  hash: sum.hash.toString(16),
});

const total = (counts: readonly number[]): number => counts.reduce((one, other) => one + other, 0);

function report(sum: Sum, seconds: number, workers: number): void {
  const { runs, events, transitions, faults, checks, violations } = sum;
  say(
    `${number(runs)} histories of six hours and more: ${number(events)} events, ${number(transitions)} transitions`,
  );
  say(`faults injected: ${number(total(Object.values(faults)))}`);
  for (const kind of faultKinds) {
    const count = faults[kind] ?? 0;
    if (count > 0) say(`  ${kind.padEnd(20)} ${number(count).padStart(12)}`);
  }
  say("invariants looked at (design §7; 0: nothing throws that should not)");
  for (const [invariant, count] of checks.entries())
    say(`  ${String(invariant).padEnd(20)} ${number(count).padStart(12)}`);
  say(
    `${number(perSecond(sum))} transitions a second on one core; ${number(transitions / seconds)} on ${workers}, ${number(runs / seconds)} histories a second`,
  );
  say(`violations: ${violations.length}`);
}

function explain({ seed, level, found }: Violation, history: History, faults: string): void {
  say(`\nseed ${seed} (${level} faults) breaks invariant ${found.invariant}: ${found.message}`);
  say(`\nthe shortest story that does, with ${history.struck.length} faults and actions of people:`);
  for (const each of history.struck) say(`  - ${each}`);
  say("");
  for (const line of history.story) say(line);
  say(`\nagain, exactly: npm run simulate -- --runs 1 --seed ${seed} --faults ${faults} --story\n`);
}

async function tellStories({ seed, runs, faults }: Options): Promise<number> {
  let failed = false;
  for (let each = seed; each < seed + runs; each += 1) {
    const level = levelOf(each, faults);
    const history = await apart(() => runHistory({ seed: each, level, defect: noDefect, tells: true }));
    for (const line of history.story) say(line);
    say(
      `seed ${each} (${level} faults): ${history.transitions} transitions, hash ${history.hash.toString(16)}`,
    );
    failed ||= history.found !== null;
  }
  return failed ? 1 : 0;
}

async function testItself({ workers, json }: Options): Promise<number> {
  const all = await selfTest(workers, ({ defect, runs, violation }) => {
    const how =
      violation === null
        ? `NOT caught in ${mostRuns} histories`
        : `caught in history ${runs}: invariant ${violation.found.invariant}, ${violation.found.message}`;
    say(`${defect.padEnd(34)} ${how}`);
  });
  const missed = all.filter(({ runs }) => runs === null);
  say(`${all.length - missed.length} of ${all.length} defects caught`);
  if (json) say(JSON.stringify(all.map(({ defect, runs }) => ({ defect, runs }))));
  return missed.length === 0 ? 0 : 1;
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(help);
  else if (options.selfTest) process.exitCode = await testItself(options);
  else if (options.mutants > 0) process.exitCode = await mutate(options, say);
  else process.exitCode = await simulate(options);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`simulate: ${error.message}\n`);
  process.exitCode = 2;
}
