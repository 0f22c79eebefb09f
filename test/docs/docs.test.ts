import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { event, eventTypes } from "../../lib/contracts/events.ts";
import { jobMessage } from "../../lib/contracts/job.ts";
import { labFile } from "../../lib/contracts/lab-file.ts";
import { defaultPolicy } from "../../lib/core/correction/policy.ts";
import { transitions } from "../../lib/core/node/states.ts";
import { exampleEvent } from "../../lib/local/docs/events.ts";
import { exampleJobs } from "../../lib/local/docs/jobs.ts";
import { exampleLab } from "../../lib/local/docs/lab-file.ts";
import { documents } from "../../lib/local/docs.ts";

const root = join(import.meta.dirname, "../..");
const pages = documents();
/** What people read; the others are for programs. */
const written = Object.entries(pages).filter(([path]) => path.endsWith(".md"));
const pageOf = (path: string): string => pages[path] ?? "";

describe("the pages that are made from the code", () => {
  test.each(Object.entries(pages))("%s is up to date (npm run docs)", (path, text) => {
    expect(readFileSync(join(root, path), "utf8")).toBe(text);
  });

  test.each(written)("%s says first that it is made, from what, and how", (_path, text) => {
    expect(text).toMatch(/^<!-- Generated from .*`lib\/\S+`.* by `npm run docs`/);
  });

  test.each(written)("%s leaves no cell of a table empty, and every row is whole", (_path, text) => {
    const rows = text.split("\n").filter((line) => line.startsWith("| "));
    expect(rows.length).toBeGreaterThan(5);
    for (const row of rows) {
      const cells = row.split(/(?<!\\)\|/).slice(1, -1);
      for (const cell of cells) expect(cell.trim(), row).not.toBe("");
    }
  });

  test("docs/states.md has every transition with its reason, in the diagram and in the table", () => {
    for (const { from, to, because } of transitions) {
      expect(pageOf("docs/states.md")).toContain(`| ${from} | ${to} | ${because} |`);
      expect(pageOf("docs/states.md")).toContain(`    ${from} --> ${to}: `);
    }
  });

  test("docs/correction.md has the ladder of every stage", () => {
    for (const [stage, rungs] of Object.entries(defaultPolicy.ladder))
      expect(pageOf("docs/correction.md")).toContain(`| ${stage} | ${rungs.join(" → ")} |`);
  });

  test("the jobs that docs/jobs.md shows are jobs, one of each kind", () => {
    for (const job of exampleJobs) expect(jobMessage.safeParse(job).error).toBeUndefined();
    const kinds = jobMessage.options.map(({ shape }) => shape.kind.value);
    expect(exampleJobs.map((job) => job["kind"])).toEqual(kinds);
    for (const job of exampleJobs) expect(pageOf("docs/jobs.md")).toContain(JSON.stringify(job, null, 2));
  });

  test("docs/jobs.md has every field of every kind, with what may stand in it", () => {
    for (const { shape } of jobMessage.options)
      for (const name of Object.keys(shape)) expect(pageOf("docs/jobs.md")).toContain(`| \`${name}\` |`);
    expect(pageOf("docs/jobs.md")).toContain("| `count` | whole number, 1–500 | `1` |");
    expect(pageOf("docs/jobs.md")).toContain("| `publicKey` | SSH public key or `null` | `null` |");
  });

  test("docs/events.md has every type and every field of an event, and shows one", () => {
    expect(event.safeParse(exampleEvent).error).toBeUndefined();
    for (const name of [...Object.keys(eventTypes), ...Object.keys(event.shape)])
      expect(pageOf("docs/events.md")).toContain(`| \`${name}\` |`);
  });

  test("the lab that docs/lab-file.md shows is one", () => {
    expect(labFile.safeParse(exampleLab).error).toBeUndefined();
  });
});

describe("the README and the pages that it leads to", () => {
  test.each(["README.md", "docs/architecture.md", "docs/contributing.md", ...Object.keys(pages)])(
    "%s names no file that is not there",
    (page) => {
      const text = readFileSync(join(root, page), "utf8");
      const links = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map(([, target]) => target ?? "");
      const files = [
        ...text.matchAll(/`?((?:lib|functions|docs|examples|test)\/[\w./-]+\.(?:ts|md|json))`?/g),
      ].map(([, file]) => file ?? "");
      for (const link of links) expect(() => readFileSync(join(root, page, "..", link)), link).not.toThrow();
      for (const file of files) expect(() => readFileSync(join(root, file)), file).not.toThrow();
    },
  );
});
