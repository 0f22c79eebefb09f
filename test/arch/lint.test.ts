import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as z from "zod";
import { plant, projectRoot } from "./skeleton.ts";

/** One impurity per file, by what a reader would call it. Core must be told the time, its random numbers and its ids. */
const impurities = {
  "now.ts": `export const now = Date.now();`,
  "date.ts": `export const date = new Date();`,
  "monotonic.ts": `export const ms = performance.now();`,
  "random.ts": `export const number = Math.random();`,
  "random-by-name.ts": `export const number = Math["random"]();`,
  "random-taken-out.ts": `export const { random } = Math;`,
  "uuid.ts": `export const id = crypto.randomUUID();`,
  "environment.ts": `export const stage = process.env;`,
  "by-the-back-door.ts": `export const now = globalThis.Date.now();`,
  "timer.ts": `export const wait = () => setTimeout(() => {}, 1000);`,
  "network.ts": `export const get = () => fetch("http://127.0.0.1");`,
  "console.ts": `export const say = () => console.log("hello");`,
};

const report = z.object({
  diagnostics: z.array(z.object({ category: z.string(), location: z.object({ path: z.string() }) })),
});

const purityRules = ["lint/style/noRestrictedGlobals", "lint/nursery/noJsRestrictedProperties"];

/** The files in which one of the rules finds something, under the project's own settings. */
function filesThatBreak(rules: readonly string[], root: string, folder: string): string[] {
  const { stdout } = spawnSync(
    join(projectRoot, "node_modules/.bin/biome"),
    ["lint", "--reporter=json", "--max-diagnostics=none", folder],
    { cwd: root, encoding: "utf8" },
  );
  const { diagnostics } = report.parse(JSON.parse(stdout));
  const found = diagnostics.filter(({ category }) => rules.includes(category));
  return [...new Set(found.map(({ location }) => location.path))].sort();
}

function inFolder(folder: string): Record<string, string> {
  return Object.fromEntries(Object.entries(impurities).map(([file, text]) => [`${folder}/${file}`, text]));
}

test("every clock, random source, timer and global that is planted in lib/core is reported", () => {
  const planted = inFolder("lib/core/node");
  const root = plant({
    ...planted,
    "lib/core/pure.ts": "export const later = (ms: number): number => ms + Math.max(1, 2);",
  });
  expect(filesThatBreak(purityRules, root, "lib/core")).toEqual(Object.keys(planted).sort());
});

test("the same code is allowed outside lib/core", () => {
  expect(filesThatBreak(purityRules, plant(inFolder("lib/agent")), "lib/agent")).toEqual([]);
});

test("this project's lib/core reads no clock, no random number and no process", () => {
  expect(filesThatBreak(purityRules, projectRoot, "lib/core")).toEqual([]);
});

test("a promise that nobody waits for is reported, wherever it comes from", () => {
  const root = plant({
    "lib/app/save.ts": "export async function save(): Promise<void> {}",
    "lib/app/forgets.ts": `import { save } from "./save.ts"; export async function act(): Promise<void> { save(); }`,
    "lib/app/waits.ts": `import { save } from "./save.ts"; export async function act(): Promise<void> { await save(); }`,
  });
  expect(filesThatBreak(["lint/nursery/noFloatingPromises"], root, "lib")).toEqual(["lib/app/forgets.ts"]);
});
