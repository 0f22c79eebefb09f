/** docs/security.md names tests as its proof: each is there, under that name. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

interface Claim {
  readonly file: string;
  readonly name: string;
}

const page = readFileSync("docs/security.md", "utf8");

/** `test/x.test.ts`: one name; another name. `test/y.test.ts`: … */
const claims: readonly Claim[] = [...page.matchAll(/`(test\/[\w/-]+[.]test[.]ts)`: ([^|\n`)]+)/g)].flatMap(
  ([, file = "", names = ""]) =>
    names
      .split("; ")
      .flatMap((part) => part.trim().replace(/[.]$/, ""))
      .filter((name) => name !== "")
      .map((name) => ({ file, name })),
);

test("it names tests for what it says", () => {
  expect(claims.length).toBeGreaterThan(25);
});

test.each(claims)("$file has: $name", ({ file, name }) => {
  expect(readFileSync(file, "utf8")).toContain(name);
});
