/** `npm run bench -- NAME…`: measures, and holds what it counted to bounds. */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { benches } from "./benches.ts";
import { placeOf } from "./machine.ts";
import { written } from "./page.ts";
import { asMarkdown, type Result } from "./result.ts";

const help = `What Rackwright takes, measured.

  npm run bench -- NAME…               one or several of them, or all
  npm run bench -- all --write docs/performance.md

${benches.map(({ name, measures }) => `  ${name.padEnd(10)} ${measures}`).join("\n")}

Options
  --short        as CI runs it: fewer and smaller runs, for counts and ratios alone
  --json         the last line is a JSON object: of one benchmark its figures, of several by their names
  --write FILE   puts the tables into the page, between its marks
  --help         this text

Exits 1 when a count or a ratio is beyond its bound. Build first: npm run build.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    write: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const all = positionals.includes("all");
const unknown = positionals.find((name) => name !== "all" && !benches.some((each) => each.name === name));
if (unknown !== undefined) {
  process.stderr.write(`bench: there is no ${unknown} (npm run bench -- --help)\n`);
  process.exit(2);
}
const selected = benches.filter(({ name }) => all || positionals.includes(name));
if (values.help || selected.length === 0) {
  process.stdout.write(help);
  process.exit(values.help ? 0 : 2);
}
const say = (line: string): void => {
  if (!values.json) process.stderr.write(`${line}\n`);
};
const results = new Map<string, Result>();
for (const bench of selected) {
  try {
    results.set(bench.name, await bench.run({ short: values.short, say }));
  } catch (error) {
    // The others are measured all the same, and what the page says of this one stays.
    const what = error instanceof Error ? error.message : String(error);
    results.set(bench.name, { figures: { failed: what }, tables: [], checks: [{ what, holds: false }] });
  }
}

const place = placeOf();
const command = `npm run bench -- ${process.argv.slice(2).join(" ")}`;
if (values.write !== undefined) {
  writeFileSync(values.write, written(readFileSync(values.write, "utf8"), results, place));
}
if (!values.json) {
  for (const { tables } of results.values()) for (const each of tables) console.log(asMarkdown(each));
  console.log(`${place.machine}; Node ${place.node}; commit ${place.commit}; ${place.at}; ${command}`);
}
const failed = [...results].flatMap(([name, { checks }]) =>
  checks.filter(({ holds }) => !holds).map(({ what }) => `${name}: ${what}`),
);
const count = [...results.values()].reduce((sum, { checks }) => sum + checks.length, 0);
for (const each of failed) process.stderr.write(`does not hold: ${each}\n`);
process.stderr.write(`bench: ${count - failed.length} of ${count} checks hold\n`);
if (values.json) {
  const [only] = results.values();
  const figures =
    results.size === 1
      ? only?.figures
      : Object.fromEntries([...results].map(([name, result]) => [name, result.figures]));
  console.log(JSON.stringify(figures));
}
process.exit(failed.length > 0 ? 1 : 0);
