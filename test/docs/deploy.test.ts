/** docs/deploy.md is followed as far as that goes without an account: every command, option, variable, route and answer in it. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as z from "zod";
import { commands } from "../../clients/command-line/commands/all.ts";
import { readCommandLine } from "../../clients/command-line/options.ts";
import { imageBody, routes } from "../../lib/contracts/api.ts";
import { roleClaims } from "../../lib/contracts/authorizer.ts";
import { labFile } from "../../lib/contracts/lab-file.ts";
import { queueNames } from "../../lib/contracts/queues.ts";
import { functionNames, functions } from "../../lib/contracts/topology.ts";

const pages = ["deploy", "lab-controller", "operations", "runbook"].map((name) =>
  readFileSync(`docs/${name}.md`, "utf8"),
);
const [page = ""] = pages;

/** What is typed: lines that stand in by four, those that go on joined, and what stands between backquotes in a sentence. */
const commandsIn = (text: string): readonly string[] => {
  const lines = text
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .flatMap((line) =>
      line.startsWith("    ") ? [line.trim()] : [...line.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code),
    );
  return lines.flatMap((line) => line.split(" && ")).map((line) => line.replace(/ +#.*$/, ""));
};
const typed = pages.flatMap(commandsIn);

const manifest = z.object({ scripts: z.record(z.string(), z.string()) });
const { scripts } = manifest.parse(JSON.parse(readFileSync("package.json", "utf8")));

const npmScripts = typed.flatMap((line) =>
  [...line.matchAll(/\bnpm (?:run )?([\w:]+)/g)].map(([, name = ""]) => name),
);
test.each([...new Set(npmScripts)])("npm run %s is there", (name) => {
  expect(["ci", ...Object.keys(scripts)]).toContain(name);
});

const rackwright = commandsIn(page).filter((line) => line.startsWith("npx rackwright "));
test("the page uses the command line", () => {
  expect(rackwright.length).toBeGreaterThan(1);
});
test.each(rackwright)("%s: is a command with these options", (line) => {
  const [, , name = "", ...words] = line.split(" ");
  const command = commands.find((each) => each.name === name);
  if (command === undefined) throw new Error(`there is no command ${name}`);
  const surroundings = { readFile: () => "a key", now: () => 0 };
  expect(() => readCommandLine(command, words, surroundings)).not.toThrow();
});

test("it counts what there is", () => {
  const count = (kind: string) =>
    Object.values(functions).filter(({ trigger }) => trigger.kind === kind).length;
  const deployed = functionNames.length - count("local-page");
  for (const each of [
    `${queueNames.length} queues`,
    `${deployed} functions`,
    `${count("minutely")} schedules`,
    `${count("minutely")} functions\nonce a minute`,
  ])
    expect(page).toContain(each);
});

test("it names every variable that a deployment reads, and no other", () => {
  const read = readFileSync("lib/contracts/deployment.ts", "utf8").matchAll(/^ {4}(RACKWRIGHT_\w+):/gm);
  const told = page.split("\n").filter((line) => line.startsWith("| `RACKWRIGHT"));
  const names = told.flatMap((line) =>
    [...(line.split(" | ")[0] ?? "").matchAll(/RACKWRIGHT_\w+/g)].map(([name]) => name),
  );
  expect(names.toSorted()).toEqual([...read].map(([, name]) => name).toSorted());
});

test("it shows what a deployment answers with, all of it", () => {
  const returned = /return \{\n([\s\S]*?)\n {2}\};/.exec(readFileSync("infra/main.ts", "utf8"))?.[1] ?? "";
  const names = [...returned.matchAll(/^ {4}(\w+):/gm)].map(([, name = ""]) => name);
  expect(names).toContain("labs");
  for (const name of ["ApiByToken", "ApiByIam", ...names])
    expect(page).toMatch(new RegExp(`^ {4}${name}: `, "m"));
});

test("what it posts to the API are routes, and bodies that the API takes", () => {
  const posted = [...page.matchAll(/\$RACKWRIGHT_API(\/v1\/\w+)/g)].map(([, path]) => `POST ${path}`);
  expect(posted).toEqual(["POST /v1/labs", "POST /v1/images"]);
  for (const route of posted) expect(routes).toContain(route);
  expect(labFile.safeParse(JSON.parse(readFileSync("examples/lab.json", "utf8"))).error).toBeUndefined();
  const [, image = ""] = /-d "(\{\\"id.*\})"/.exec(page) ?? [];
  const filled = image
    .replaceAll('\\"', '"')
    .replace(/\$\(sha256sum[^)]*\)/, "0".repeat(64))
    .replace(/\$\(stat[^)]*\)/, "1048576");
  expect(imageBody.safeParse(JSON.parse(filled)).error).toBeUndefined();
});

test("the groups of an issuer that it shows are read", () => {
  const shown = [...page.matchAll(/\{"claim".*?\}/g)].map(([text]) => text);
  expect(shown).toHaveLength(2);
  for (const text of shown) expect(roleClaims.safeParse(JSON.parse(text)).error).toBeUndefined();
});

const cli = spawnSync("aws", ["--version"]).status === 0;
/** By itself, or within `NAME=$(…)`. */
const ofAws = typed.flatMap((line) =>
  [...line.matchAll(/(?:^|\$\()(aws [^)]*)/g)].map(([, text = ""]) => text),
);

test("the pages use the AWS CLI", () => {
  expect(ofAws.length).toBeGreaterThan(9);
});
/** The CLI checks names, values and what is missing before it connects; nobody is there to connect to. */
test.skipIf(!cli).each(ofAws)("%s: is what the AWS CLI takes", { timeout: 60_000 }, (line) => {
  const words = line.replaceAll(/\$\w+|…/g, "eu-central-1_abc123").replace(/=eu-central-1_abc123\b/, "=x");
  const command = `${words} --endpoint-url http://127.0.0.1:9 --region eu-central-1`;
  const { stderr } = spawnSync("sh", ["-c", command], {
    encoding: "utf8",
    env: {
      PATH: process.env["PATH"],
      HOME: "/nonexistent",
      AWS_ACCESS_KEY_ID: "nobody",
      AWS_SECRET_ACCESS_KEY: "nothing",
      AWS_MAX_ATTEMPTS: "1",
    },
  });
  expect(stderr).toMatch(/Could not connect to the endpoint URL/);
});
