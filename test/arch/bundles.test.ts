import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { plant, projectRoot } from "./skeleton.ts";

const entries = {
  "functions/steps.ts": `import { DynamoDBClient } from "@aws-sdk/client-dynamodb"; import { greeting } from "./runtime/compose.ts"; export const handler = () => [greeting, typeof DynamoDBClient];`,
  "functions/watchdogs/late.ts": `export async function handler() { return "late"; }`,
  "functions/runtime/compose.ts": `export const greeting = "composed";`,
  "lib/agent/main.ts": `import { Client } from "ssh2"; console.log(process.argv[2], typeof Client);`,
};

const build = (root: string) =>
  execFileSync(process.execPath, [join(projectRoot, "esbuild.config.ts")], { cwd: root, encoding: "utf8" });

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "rackwright-alone-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs a copy of the program where there is nothing else, as it is on a lab controller. */
function runAlone(program: string, argument: string): string {
  const folder = emptyFolder();
  const copy = join(folder, "rackwright-agent.mjs");
  copyFileSync(program, copy);
  return execFileSync(process.execPath, [copy, argument], { cwd: folder, encoding: "utf8" });
}

test("every entry point in functions/ becomes one module that loads without node_modules; the run-time part does not", async () => {
  const root = plant(entries);
  expect(build(root)).toContain("dist/functions/watchdogs/late.mjs");
  expect(existsSync(join(root, "dist/functions/runtime"))).toBe(false);
  const alone = join(emptyFolder(), "steps.mjs");
  copyFileSync(join(root, "dist/functions/steps.mjs"), alone);
  const loaded = await import(pathToFileURL(alone).href);
  expect(loaded.handler()).toEqual(["composed", "function"]);
});

test("a function that is gone from the source is gone from dist/ after the next build", () => {
  const root = plant(entries);
  build(root);
  rmSync(join(root, "functions/watchdogs/late.ts"));
  build(root);
  expect(existsSync(join(root, "dist/functions/watchdogs/late.mjs"))).toBe(false);
  expect(existsSync(join(root, "dist/functions/steps.mjs"))).toBe(true);
});

test("the agent is one executable file that runs in an empty folder, ssh2 and its native parts included", () => {
  const root = plant(entries);
  build(root);
  const program = join(root, "dist/agent/rackwright-agent.mjs");
  expect(readFileSync(program, "utf8").split("\n")[0]).toBe("#!/usr/bin/env node");
  expect(statSync(program).mode & 0o111).toBe(0o111);
  expect(runAlone(program, "help")).toBe("help function\n");
});

test("a tree without functions and without an agent builds nothing, and says so", () => {
  expect(build(plant({ "lib/core/node.ts": "export {};" }))).toContain("the agent was not built");
});

test("the built agent of this project explains itself, alone in an empty folder", () => {
  const program = join(projectRoot, "dist/agent/rackwright-agent.mjs");
  expect(existsSync(program), `${program} is missing: npm run build`).toBe(true);
  expect(runAlone(program, "help")).toContain("rackwright-agent");
});
