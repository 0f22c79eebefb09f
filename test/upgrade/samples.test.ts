/**
 * What earlier versions have stored and sent is read by this one, and what the next one will write is read by this one
 * too: docs/operations.md, “How a shape may change”.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { command, delivery, receipt } from "../../lib/contracts/command.ts";
import { jobMessage } from "../../lib/contracts/job.ts";
import { reports } from "../../lib/contracts/report.ts";
import { codecs, type Kind } from "../../lib/contracts/stored.ts";
import { readTolerantly } from "../../lib/contracts/tolerant.ts";
import { wake } from "../../lib/contracts/wake.ts";

const isKind = (text: string): text is Kind => Object.hasOwn(codecs, text);
const kinds = Object.keys(codecs).filter(isKind);

/** By what is written at the beginning of a sample's line: how this program reads it. */
const readers: Readonly<Record<string, (value: unknown) => unknown>> = {
  wake: (value) => readAs(wake, value),
  reports: (value) => readAs(reports, value),
  receipt: (value) => readAs(receipt, value),
  job: (value) => jobMessage.parse(value),
  delivery: (value) => ({
    ...delivery.parse(value),
    commands: delivery.parse(value).commands.map((each) => command.parse(each)),
  }),
  ...Object.fromEntries(
    kinds.map((kind) => [
      `stored ${kind}`,
      (value: unknown) => {
        const { schema, body } = z.looseObject({ schema: z.int(), body: z.unknown() }).parse(value);
        expect(schema).toBe(codecs[kind].schema);
        return { schema, body: codecs[kind].read(body) };
      },
    ]),
  ),
};

function readAs<T>(shape: z.ZodType<T>, value: unknown): T {
  const read = readTolerantly(shape, value);
  if (read.success) return read.data;
  throw read.error;
}

const line = z.strictObject({ what: z.string(), value: z.record(z.string(), z.unknown()) });
const folder = join(import.meta.dirname, "samples");
const recordings = readdirSync(folder).map((file) => ({
  version: file.replace(".jsonl", ""),
  samples: readFileSync(join(folder, file), "utf8")
    .trimEnd()
    .split("\n")
    .map((text) => line.parse(JSON.parse(text))),
}));
const allSamples = recordings.flatMap(({ samples }) => samples);

describe.each(recordings)("what version $version has stored and sent", ({ samples }) => {
  test.each([...new Set(samples.map(({ what }) => what))])(
    "%s: is read, and nothing of it is lost",
    (what) => {
      for (const { value } of samples.filter((each) => each.what === what))
        expect(readers[what]?.(value)).toMatchObject(value);
    },
  );
});

test("every shape was recorded: for a new one, commit it and run node test/upgrade/record.ts", () => {
  const recorded = new Set(allSamples.map(({ what }) => what));
  expect(Object.keys(readers).filter((what) => !recorded.has(what))).toEqual([]);
});

/** Their keys are names that somebody chose, so that a field of a shape cannot stand there. */
const namedByPeople = [
  "settings",
  "options",
  "parameters",
  "variables",
  "roleOf",
  "spent",
  "stages",
  "hours",
];
namedByPeople.push("ready");

/** The value with a field that this version does not know, in each place where one could be. */
function withNews(value: unknown): unknown[] {
  if (Array.isArray(value))
    return value.flatMap((each, at) => withNews(each).map((changed) => value.with(at, changed)));
  if (typeof value !== "object" || value === null) return [];
  const inside = Object.entries(value)
    .filter(([key]) => !namedByPeople.includes(key))
    .flatMap(([key, each]) => withNews(each).map((changed) => ({ ...value, [key]: changed })));
  return [{ ...value, news: { of: ["the next version"] } }, ...inside];
}

describe("what the next version writes", () => {
  const tolerant = Object.keys(readers).filter((what) => what !== "job" && what !== "delivery");
  test.each(tolerant)(
    "%s: a field that this version does not know is passed over, wherever it stands",
    (what) => {
      const samples = allSamples.filter((each) => each.what === what).slice(0, 12);
      let places = 0;
      for (const { value } of samples) {
        const known = readers[what]?.(value);
        const body = what.startsWith("stored ") ? withNews(value["body"]) : withNews(value);
        for (const changed of body) {
          const read = readers[what]?.(what.startsWith("stored ") ? { ...value, body: changed } : changed);
          expect(read).toEqual(known);
          places += 1;
        }
      }
      expect(places).toBeGreaterThan(0);
    },
  );

  test.each(tolerant)("%s: what this version does know must be right all the same", (what) => {
    const [sample] = allSamples.filter((each) => each.what === what);
    if (sample === undefined) throw new Error(`no sample of ${what}`);
    const { value } = sample;
    const body = z.record(z.string(), z.unknown()).parse(value["body"] ?? value);
    const wrong = { ...body, ...Object.fromEntries(Object.keys(body).map((key) => [key, Symbol.iterator])) };
    expect(() => readers[what]?.("body" in value ? { ...value, body: wrong } : wrong)).toThrow();
  });

  test("a command that an agent does not understand whole is refused: it might touch hardware otherwise than is meant", () => {
    for (const { value } of allSamples.filter(({ what }) => what === "delivery")) {
      const [only] = delivery.parse(value).commands;
      const changed = withNews(only);
      expect(changed.length).toBeGreaterThan(3);
      for (const each of changed) expect(command.safeParse(each).success).toBe(false);
    }
  });

  test("what is written is checked to the last field: only reading is tolerant", () => {
    const [node] = allSamples.filter(({ what }) => what === "stored node");
    const body = z.record(z.string(), z.unknown()).parse(node?.value["body"]);
    expect(() => codecs.node.parse(body)).not.toThrow();
    expect(() => codecs.node.parse({ ...body, news: 1 })).toThrow("news");
  });
});
