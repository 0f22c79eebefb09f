import { expect, test } from "vitest";
import { type TrackedFile, trackedFiles } from "./tracked.ts";

/** The ancestors' requirements that this version claims to meet, by number. */
const claimed = "R1–R45, R47, R50–R53, R57, R66–R89";

/** Its sample of citations cites nothing. */
const thisFile = "test/arch/requirements.test.ts";

/** `R1–R3, R7` → [1, 2, 3, 7] */
function numbersIn(text: string): number[] {
  return [...text.matchAll(/\bR(\d+)(?:\s*[–-]\s*R?(\d+))?/g)].flatMap(([, first = "", last = first]) =>
    Array.from({ length: Number(last) - Number(first) + 1 }, (_, step) => Number(first) + step),
  );
}

/** The first argument of test(…), it(…), describe(…), and of what test.each(…) and its like return. */
function testNamesIn({ text }: TrackedFile): string[] {
  const call = /(?:\b(?:test|it|describe)(?:[.]\w+)*|\))\(\s*(["'`])((?:(?!\1)[^\\\n]|\\.)*)\1/g;
  return [...text.matchAll(call)].map(([, , name = ""]) => name);
}

test("each requirement that we claim to meet is cited in the name of a test", () => {
  const tests = trackedFiles().filter(({ path }) => /^test\/.*[.]test[.]ts$/.test(path) && path !== thisFile);
  const cited = new Set(tests.flatMap(testNamesIn).flatMap(numbersIn));
  const missing = numbersIn(claimed).filter((number) => !cited.has(number));
  expect(missing.map((number) => `R${number}`)).toEqual([]);
});

test("citations are read from test names alone, with ranges and lists", () => {
  const sample = {
    path: "test/sample.test.ts",
    text: [
      "// R99 in a comment",
      `test("loads again (R7)", () => { expect("R98").toBe(name); });`,
      "test.each([1, 2])(",
      '  "attempt %i, R2–R4, R9",',
      ");",
      "describe(`R66: layers`, () => {});",
    ].join("\n"),
  };
  expect(testNamesIn(sample).flatMap(numbersIn)).toEqual([7, 2, 3, 4, 9, 66]);
});
