#!/usr/bin/env node
/** `npx rackwright`: the command line of the HTTP API. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { runProgram } from "./program.ts";

// Whoever reads the output may have seen enough: `rackwright ls | head`.
process.stdout.on("error", () => process.exit());

process.exitCode = await runProgram(process.argv.slice(2), {
  env: process.env,
  fetch,
  isTerminal: process.stdout.isTTY,
  columns: () => process.stdout.columns,
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
  now: () => Date.now(),
  sleep: (ms) => sleep(ms),
  readFile: (path) => readFileSync(path, "utf8"),
  runProgram: (file, words) =>
    new Promise((resolve, reject) => {
      const child = spawn(file, words, { stdio: "inherit" });
      child.once("error", reject);
      child.once("exit", (code) => resolve(code ?? 1));
    }),
});
