import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { expect, onTestFinished, test } from "vitest";
import * as z from "zod";

const ports = join(import.meta.dirname, "../../lib/local/rack/ports.ts");

/** A process that picks, says what, and lives on until it is ended, without listening on any of it. */
async function picksOfAnother(count: number): Promise<number[]> {
  const program = `
    const { pickPort } = await import(${JSON.stringify(ports)});
    const taken = new Set();
    for (let n = 0; n < ${count}; n += 1) await pickPort(taken);
    console.log(JSON.stringify([...taken]));
    process.stdin.resume();
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill());
  for await (const line of createInterface(child.stdout)) return z.array(z.int()).parse(JSON.parse(line));
  throw new Error("it ended without a word");
}

test("stacks that start side by side never pick each other's ports, though nobody listens on them yet", async () => {
  const picked = await Promise.all(Array.from({ length: 4 }, () => picksOfAnother(200)));
  expect(picked.map(({ length }) => length)).toEqual([200, 200, 200, 200]);
  expect(new Set(picked.flat()).size).toBe(800);
});
