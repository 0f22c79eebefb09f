/** docs/lab-file.schema.json, by which editors check a lab file while it is written: it takes what the import takes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { readLabFile } from "../../lib/inventory/read.ts";

const root = join(import.meta.dirname, "../..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const check = new Ajv2020({ strict: false, allErrors: true }).compile(
  JSON.parse(read("docs/lab-file.schema.json")),
);
const yaml = read("examples/lab.yaml");

test.each(["examples/lab.yaml", "examples/lab.json", "examples/metal.json"])("%s is valid by it", (file) => {
  expect(check(parse(read(file))), JSON.stringify(check.errors)).toBe(true);
});

test.each([
  ["a field with a typing mistake", "biosProfile: cluster", "biosProfil: cluster"],
  ["a MAC that is none", '"52:54:00:b2:00:01"', '"52:54:00:b2:00"'],
  ["another format", "rackwright.lab/1", "rackwright.lab/9"],
  ["a minimum in words", "cpus: 64, memoryMiB: 262144 }", "cpus: many, memoryMiB: 262144 }"],
])("%s is refused by it, and by the import", (_, right, wrong) => {
  const text = yaml.replace(right, wrong);
  expect(text).not.toBe(yaml);
  expect(check(parse(text))).toBe(false);
  expect(readLabFile(text).ok).toBe(false);
});
