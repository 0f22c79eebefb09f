/**
 * `node bench/import.ts [NODES]`: a lab of so many nodes (10,000) is planned, imported, imported again, exported and planned
 * from what was exported, by the command line, on the embedded stack. Counts are checked; times are only told, since they
 * are those of this machine. Build first: npm run build.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { labFile } from "../lib/contracts/lab-file.ts";
import { layoutOf, settle } from "../lib/local/layout.ts";
import { rackKindOf } from "../lib/local/rack/kinds.ts";
import { pickPort } from "../lib/local/rack/ports.ts";
import { startStack } from "../lib/local/stack.ts";
import { largeLab } from "./large-lab.ts";

const root = join(import.meta.dirname, "..");
const count = Number(process.argv[2] ?? 10_000);
const data = mkdtempSync(join(tmpdir(), "rackwright-bench-"));
const file = join(data, "large.yaml");
writeFileSync(file, largeLab(count));

/** The stack has machines of its own, a few: the large lab is one whose controllers have not been heard of yet. */
const small = labFile.parse(JSON.parse(readFileSync(join(root, "examples/lab.json"), "utf8")));
const layout = layoutOf(join(data, "stack"));
const stack = await startStack({
  layout,
  settings: await settle(layout),
  lab: { ...small, nodes: small.nodes.slice(0, 1) },
  apiPort: await pickPort(new Set()),
  watchdogSeconds: 5,
  rackKind: rackKindOf.virtual,
});

interface Told {
  readonly code: number | null;
  readonly out: string;
  readonly seconds: number;
}

async function rackwright(...words: readonly string[]): Promise<Told> {
  const from = performance.now();
  const child = spawn(process.execPath, ["clients/command-line/main.ts", ...words], {
    cwd: root,
    env: { ...process.env, RACKWRIGHT_API: stack.api, RACKWRIGHT_TOKEN: stack.token },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, out, seconds: Math.round((performance.now() - from) / 100) / 10 };
}

const failed: string[] = [];
const rows: string[] = [];

function step(what: string, { code, out, seconds }: Told, wanted: object, exitCode: number): void {
  rows.push(`| ${what} | ${seconds} s |`);
  const said: Record<string, unknown> = out.startsWith("{") ? JSON.parse(out) : {};
  const counted = Object.fromEntries(
    Object.keys(wanted).map((name) => [name, Array.isArray(said[name]) ? said[name].length : said[name]]),
  );
  if (code !== exitCode || JSON.stringify(counted) !== JSON.stringify(wanted))
    failed.push(`${what}: exit code ${code}, ${JSON.stringify(counted)}, not ${JSON.stringify(wanted)}`);
}

try {
  const fresh = { added: count, changed: 0, unchanged: 0 };
  const same = { added: 0, changed: 0, unchanged: count };
  step("plan, the lab is new", await rackwright("import", file, "--plan", "--json"), fresh, 7);
  step("import", await rackwright("import", file, "--json"), { enrolled: count, changed: 0, refused: 0 }, 0);
  step("import again", await rackwright("import", file, "--json"), { enrolled: 0, unchanged: count }, 0);
  const exported = await rackwright("export", "large");
  step("export", exported, {}, 0);
  const copy = join(data, "copy.yaml");
  writeFileSync(copy, exported.out);
  step("plan of what was exported", await rackwright("import", copy, "--plan", "--json"), same, 0);
} finally {
  await stack.stop();
  rmSync(data, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
console.log(
  `| ${count} nodes, ${cpus().length} cores, Node ${process.versions.node} | time |\n| --- | --- |`,
);
for (const row of rows) console.log(row);
for (const each of failed) console.error(`does not hold: ${each}`);
process.exit(failed.length === 0 ? 0 : 1);
