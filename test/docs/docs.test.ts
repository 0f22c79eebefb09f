import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { jobMessage } from "../../lib/contracts/job.ts";
import { documents, exampleJobs } from "../../lib/local/docs.ts";

const root = join(import.meta.dirname, "../..");

describe("the pages that are made from the code", () => {
  test.each(Object.entries(documents()))("%s is up to date (npm run docs)", (path, text) => {
    expect(readFileSync(join(root, path), "utf8")).toBe(text);
  });

  test("the jobs that docs/jobs.md shows are jobs, one of each kind", () => {
    for (const job of exampleJobs) expect(jobMessage.safeParse(job).error).toBeUndefined();
    expect(exampleJobs).toHaveLength(jobMessage.options.length);
  });
});

describe("the README and the pages that it leads to", () => {
  test.each(["README.md", "docs/architecture.md", "docs/contributing.md"])(
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
