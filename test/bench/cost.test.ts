import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

test("a full cycle asks AWS for no more than it did when somebody last looked: bench/cost/recorded.ts", () => {
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "bench/main.ts", "cost", "--short", "--json"],
    { cwd: join(import.meta.dirname, "../.."), encoding: "utf8" },
  );
  const figures = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  console.log(`1,000 cycles: $ ${figures.dollarsPer1000Cycles}; ${JSON.stringify(figures.ledger)}`);
  expect(stderr).not.toContain("does not hold");
  expect(status).toBe(0);
}, 300_000);
