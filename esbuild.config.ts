/**
 * Builds what is shipped: every Lambda entry point in functions/ into dist/functions/<same path>.mjs, and the lab
 * controllers' program into dist/agent/rackwright-agent.mjs, one file that runs wherever there is Node 24, beside its
 * systemd unit. It carries the small program of its verb `run`, which `install` puts beside it.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { type BuildOptions, build, type OutputFile, type Plugin } from "esbuild";
import { leanSdk } from "./lean-sdk.config.ts";
import { installed } from "./lib/agent/install.ts";
import { unit, unitName } from "./lib/agent/unit.ts";

const agentEntry = "lib/agent/main.ts";
const agentBundle = "dist/agent/rackwright-agent.mjs";
const runEntry = "lib/agent/run-main.ts";
const runBundle = "dist/agent/rackwright-run.mjs";

/** What CommonJS packages in a bundle expect to find; the long name cannot meet one that the minifier invents. */
const commonJsBanner = `import { createRequire as rackwrightCreateRequire } from "node:module";
const require = rackwrightCreateRequire(import.meta.url), __dirname = import.meta.dirname, __filename = import.meta.filename;`;

/** ssh2 tries compiled helpers and does without them when loading fails: a bundle has no place for them. */
const withoutNativeParts: Plugin = {
  name: "without-native-parts",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /([.]node|^cpu-features)$/ }, ({ path }) => ({ path, namespace: "native-part" }));
    onLoad({ filter: /./, namespace: "native-part" }, ({ path }) => ({
      contents: `throw new Error(${JSON.stringify(`${path} is not part of this bundle`)});`,
    }));
  },
};

const common = {
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node24",
  // Packages offer ES modules besides CommonJS: only those can be cut down to what is used.
  mainFields: ["module", "main"],
  minify: true,
  legalComments: "none",
  sourcemap: "external",
  write: false,
  logLevel: "warning",
} satisfies BuildOptions;

interface Bundle {
  readonly path: string;
  readonly text: Buffer;
}

function functionEntries(): string[] {
  if (!existsSync("functions")) return [];
  return readdirSync("functions", { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !/^runtime(\/|[.]ts$)/.test(file))
    .map((file) => `functions/${file}`)
    .sort();
}

async function buildFunctions(): Promise<Bundle[]> {
  const entryPoints = functionEntries();
  if (entryPoints.length === 0) {
    console.log("build: functions/ has no entry point yet, so no function was built");
    return [];
  }
  const { outputFiles } = await build({
    ...common,
    entryPoints,
    outbase: "functions",
    outdir: "dist/functions",
    outExtension: { ".js": ".mjs" },
    banner: { js: commonJsBanner },
    plugins: [leanSdk],
  });
  return put(outputFiles);
}

async function buildAgent(): Promise<Bundle[]> {
  if (!existsSync(agentEntry)) {
    console.log(`build: ${agentEntry} does not exist yet, so the agent was not built`);
    return [];
  }
  const run = existsSync(runEntry)
    ? await build({ ...common, entryPoints: [runEntry], outfile: runBundle })
    : { outputFiles: [] };
  const runBundles = put(run.outputFiles);
  const hasShebang = readFileSync(agentEntry, "utf8").startsWith("#!");
  const { outputFiles } = await build({
    ...common,
    entryPoints: [agentEntry],
    keepNames: true,
    outfile: agentBundle,
    banner: { js: hasShebang ? commonJsBanner : `#!/usr/bin/env node\n${commonJsBanner}` },
    plugins: [withoutNativeParts],
    define: Object.fromEntries(
      runBundles.map(({ text }) => ["RACKWRIGHT_RUN_PROGRAM", JSON.stringify(text.toString())]),
    ),
  });
  const bundles = [...put(outputFiles), ...runBundles];
  chmodSync(agentBundle, 0o755);
  putFile(join(dirname(agentBundle), unitName), Buffer.from(unit(installed.command, installed.stateDir)));
  return bundles;
}

function put(outputs: readonly OutputFile[]): Bundle[] {
  return outputs.flatMap(({ path: absolute, contents }) => {
    const [path, text] = [relative(process.cwd(), absolute), Buffer.from(contents)];
    putFile(path, text);
    return path.endsWith(".mjs") ? [{ path, text }] : [];
  });
}

/** Whole at any moment, and left alone where it is the same: whoever starts beside us may be loading it. */
function putFile(path: string, content: Buffer): void {
  if (existsSync(path) && readFileSync(path).equals(content)) return;
  mkdirSync(dirname(path), { recursive: true });
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, content);
  renameSync(fresh, path);
}

/** What an earlier build left of an entry point that is gone. Not the whole folder: somebody may be running from it. */
function removeStale(current: readonly Bundle[]): void {
  if (!existsSync("dist/functions")) return;
  const paths = current.map(({ path }) => path);
  for (const file of readdirSync("dist/functions", { recursive: true, encoding: "utf8" })) {
    const path = `dist/functions/${file}`;
    if (/[.]mjs([.]map)?$/.test(file) && !paths.includes(path.replace(/[.]map$/, ""))) rmSync(path);
  }
}

function kilobytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024)} KB`.padStart(8);
}

const startedMs = performance.now();
/** `npm run build:agent` wants the agent alone. */
const agentAlone = process.argv.includes("agent");
const bundles = (await Promise.all([...(agentAlone ? [] : [buildFunctions()]), buildAgent()])).flat();
if (!agentAlone) removeStale(bundles);
for (const { path, text } of bundles) {
  console.log(`${path.padEnd(48)}${kilobytes(text.length)}${kilobytes(gzipSync(text).length)} gz`);
}
console.log(`build: ${bundles.length} bundles in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
