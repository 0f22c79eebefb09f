/** `npm run bench -- cold`: what a function weighs, what of it is whose, and how long a fresh process takes to load it. */
import { spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { leanSdk } from "../../lean-sdk.config.ts";
import { environmentFor, type FunctionName, functionNames } from "../../lib/contracts/topology.ts";
import { atMost, type Bench, rounded } from "../result.ts";
import { budgetKb } from "./budgets.ts";

const root = join(import.meta.dirname, "../..");
const bundleOf = (name: FunctionName): string => join(root, "dist/functions", `${name}.mjs`);
const loads = 10;

const environment = (name: FunctionName) => ({
  ...process.env,
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "bench",
  AWS_SECRET_ACCESS_KEY: "local",
  ...environmentFor(name, {
    TABLE_NAME: "Rackwright",
    EVENT_BUS_NAME: "rackwright",
    WAKES_QUEUE_URL: "http://127.0.0.1:1/wakes",
    DEAD_LETTER_QUEUE_URL: "http://127.0.0.1:1/dead",
    DOCUMENT_NAME: "Rackwright-Run",
    CONSOLE_TOKEN_PATH: undefined,
    CONSOLE_ACT_FUNCTION: "arn:aws:lambda:us-east-1:000000000000:function:act",
    METRICS_NAMESPACE: "Rackwright",
    POLICY: undefined,
    MAIL_FROM: "bench@rackwright.example",
    ROLE_CLAIMS: undefined,
  }),
});

/** Milliseconds until a fresh process has loaded it, the process's own start left out; the median of some. */
function importMs(name: FunctionName): number {
  const script = `const from = performance.now(); await import(${JSON.stringify(pathToFileURL(bundleOf(name)).href)}); console.log(performance.now() - from); process.exit(0);`;
  const times = Array.from({ length: loads }, () => {
    const { stdout, stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
      env: environment(name),
    });
    if (status !== 0) throw new Error(`${name} cannot be loaded: ${stderr}`);
    return Number(stdout.trim().split("\n").at(-1));
  }).sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)] ?? 0;
}

/** KB that each package or room brings into a bundle. */
async function partsOf(name: FunctionName): Promise<readonly (readonly [string, number])[]> {
  const { metafile } = await build({
    entryPoints: [join(root, "functions", `${name}.ts`)],
    absWorkingDir: root,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node24",
    mainFields: ["module", "main"],
    minify: true,
    metafile: true,
    write: false,
    outdir: "nowhere",
    plugins: [leanSdk],
    logLevel: "error",
  });
  const parts = new Map<string, number>();
  for (const { inputs } of Object.values(metafile.outputs))
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const [, packageName] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file) ?? [];
      const part = packageName ?? file.split("/").slice(0, 2).join("/");
      parts.set(part, (parts.get(part) ?? 0) + bytesInOutput / 1024);
    }
  return [...parts].sort(([, a], [, b]) => b - a);
}

export const cold: Bench = {
  name: "cold",
  measures: "what each function weighs, whose it is, and how long a fresh process takes to load it",
  run: async ({ short, say }) => {
    const rows = functionNames.map((name) => {
      if (!short) say(`cold: ${name}`);
      const kb = Math.ceil(statSync(bundleOf(name)).size / 1024);
      const gz = Math.ceil(gzipSync(readFileSync(bundleOf(name))).length / 1024);
      return { name, kb, gz, budget: budgetKb[name], importMs: short ? null : rounded(importMs(name), 0) };
    });
    const parts = short ? [] : await partsOf("steps");
    return {
      figures: {
        functions: rows,
        parts: Object.fromEntries(parts.map(([part, kb]) => [part, rounded(kb, 1)])),
      },
      tables: [
        {
          title: "Bundles of functions",
          columns: ["function", "KB", "KB gz", "budget KB", "import ms"],
          rows: rows.map((row) => [row.name, row.kb, row.gz, row.budget, row.importMs]),
        },
        {
          title: "What the step path's bundle is made of",
          columns: ["part", "KB"],
          rows: parts.slice(0, 15).map(([part, kb]) => [part, rounded(kb, 1)]),
        },
      ].filter((table) => table.rows.length > 0),
      checks: rows.map(({ name, kb, budget }) => atMost(`KB of ${name}`, kb, budget)),
    };
  },
};
