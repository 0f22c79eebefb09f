import { describe, expect, test } from "vitest";
import { placesOf, type TrackedFile, trackedFiles } from "./tracked.ts";

// The patterns are written so that they do not match their own text: this file is checked like any other.
const castToAny = /\bas\s+any\b|<(?:any)>/;
const silencedError = /@ts-(?:ignore|nocheck)\b/;
const expectedErrorWithoutReason = /@ts-expect-error[ \t:]*(?:[*][/])?[ \t]*$/;
const unfinished = /\b(?:TO(?:DO)|FIX(?:ME)|XX(?:X))\b/;
const suppressedRule = /biome-(?:ignore)/;
const registryHost =
  /registry[.](?:npmjs[.]org|yarnpkg[.]com)|npm[.]pkg[.]github[.]com|(?:pypi|pythonhosted)[.]org|proxy[.]golang[.]org|[.]jfrog[.]io/;
const resolvedElsewhere = /"resolved":\s*"https?:/;
const registrySetting = /^[ \t]*(?:@[\w-]+:)?registry\s*=|_auth(?:Token)?\s*=/;

const files = trackedFiles();
const lockFile = files.filter(({ path }) => path === "package-lock.json");
const code = files.filter(({ path }) => /[.](?:ts|mts|mjs|js)$/.test(path));
/** Written by a program, and as long as the API. */
const generated = "clients/typescript/schema.ts";
const shippedCode = code.filter(
  ({ path }) => /^(?:lib|functions|clients)\//.test(path) && path !== generated,
);
const withoutLockFile = files.filter((file) => !lockFile.includes(file));

test("there is something to check", () => {
  expect(lockFile.length).toBe(1);
  expect(shippedCode.length).toBeGreaterThan(0);
});

describe("what the compiler or the linter says is not silenced:", () => {
  test("nothing is cast to any", () => {
    expect(placesOf(castToAny, code)).toEqual([]);
  });

  test("no type error is ignored, and an expected one says why", () => {
    expect(placesOf(silencedError, code)).toEqual([]);
    expect(placesOf(expectedErrorWithoutReason, code)).toEqual([]);
  });

  test("no lint rule is switched off inside lib/core", () => {
    expect(
      placesOf(
        suppressedRule,
        shippedCode.filter(({ path }) => path.startsWith("lib/core/")),
      ),
    ).toEqual([]);
  });
});

test("nothing is left marked as unfinished", () => {
  expect(placesOf(unfinished, withoutLockFile)).toEqual([]);
});

test("no shipped file is longer than 400 lines", () => {
  const long = shippedCode.map(({ path, text }) => ({ path, lines: text.trimEnd().split("\n").length }));
  expect(long.filter(({ lines }) => lines > 400)).toEqual([]);
});

test("no file names a package registry: which one is used is the reader's own setting", () => {
  expect(placesOf(registryHost, files)).toEqual([]);
  expect(placesOf(resolvedElsewhere, lockFile)).toEqual([]);
  expect(
    placesOf(
      registrySetting,
      files.filter(({ path }) => path.endsWith(".npmrc")),
    ),
  ).toEqual([]);
});

test("each of these checks finds what it looks for", () => {
  const find = (pattern: RegExp, text: string) =>
    placesOf(pattern, [{ path: "sample", text: `\n${text}\n` } satisfies TrackedFile]);
  const host = ["registry", "npmjs", "org"].join(".");
  const ts = "@ts";
  for (const [pattern, text] of [
    [castToAny, `x ${"as"} any;`],
    [silencedError, `// ${ts}-ignore`],
    [expectedErrorWithoutReason, `// ${ts}-expect-error`],
    [unfinished, `// ${"TO"}DO later`],
    [suppressedRule, `// biome-${"ignore"} lint/style/noRestrictedGlobals: why`],
    [registryHost, `https://${host}/zod`],
    [resolvedElsewhere, `"resolved": "https://mirror.example/zod.tgz"`],
    [registrySetting, "registry=https://mirror.example"],
  ] as const) {
    expect(find(pattern, text), text).toEqual(["sample:2"]);
  }
  expect(find(expectedErrorWithoutReason, `// ${ts}-expect-error: the argument is wrong on purpose`)).toEqual(
    [],
  );
});
