/** docs/security.md names tests as its proof: each is there, under that name, and no row goes without. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";

interface Claim {
  readonly file: string;
  readonly name: string;
}

const page = readFileSync("docs/security.md", "utf8");

/** `test/x.test.ts`: one name; another name. `test/y.test.ts`: … */
const claimsIn = (text: string): readonly Claim[] =>
  [...text.matchAll(/`(test\/[\w/-]+[.]test[.]ts)`: ([^|\n`)]+)/g)].flatMap(([, file = "", names = ""]) =>
    names
      .split("; ")
      .flatMap((part) => part.trim().replace(/[.]$/, ""))
      .filter((name) => name !== "")
      .map((name) => ({ file, name })),
  );

/** What is written out in a test's file, or in one beside it that it takes its cases from; no comment counts. */
function namesIn(file: string): readonly string[] {
  if (!existsSync(file)) return [];
  const code = readFileSync(file, "utf8");
  const beside = [...code.matchAll(/from "([.]\/[\w-]+[.]ts)"/g)].map(([, each = ""]) =>
    readFileSync(join(dirname(file), each), "utf8"),
  );
  return [code, ...beside].flatMap((text) =>
    [...text.matchAll(/(?:\(|\[|what: |,)\s*(["`'])(.+?)\1(?:,|\)| *$)/gm)].map(([, , name = ""]) => name),
  );
}
const isNamed = ({ file, name }: Claim): boolean => namesIn(file).some((each) => each.includes(name));

test.each(claimsIn(page))("$file has: $name", (claim) => {
  expect(isNamed(claim)).toBe(true);
});

/** Of every table that says what stops something. */
const rows = page.split("\n").filter((line) => /^\| (?!(he|it|what is) (tries|tried)|---)/.test(line));

test("the page's rows are seen", () => {
  expect(rows.length).toBeGreaterThan(30);
});

test.each(rows)("%s: is shown by a test", (row) => {
  const proof = row.split(" | ").at(-1) ?? "";
  expect(claimsIn(proof)).not.toEqual([]);
});

describe("the check is no false green", () => {
  test.each([
    { file: "test/infra/graph.test.ts", name: "a queue that nobody has thought of" },
    { file: "test/infra/graph.test.ts", name: "What is deployed, as the real program makes it" },
    { file: "test/infra/nothing.test.ts", name: "a queue in the clear" },
  ])("$file has not: $name", (claim) => {
    expect(isNamed(claim)).toBe(false);
  });
});
