import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { jobMessage } from "../../lib/contracts/job.ts";
import { labFile } from "../../lib/contracts/lab-file.ts";
import { explain } from "../../lib/contracts/scalars.ts";

const reserve = { schema: "rackwright.job/1", kind: "reserve", id: "r-1", owner: "ada", image: "demo" };
const why = (message: unknown): string => {
  const parsed = jobMessage.safeParse(message);
  return parsed.success ? "" : explain(parsed.error);
};

describe("a job message", () => {
  test("gets what it does not say", () => {
    expect(jobMessage.parse(reserve)).toMatchObject({
      count: 1,
      minutes: 60,
      class: "standard",
      tags: [],
      lab: null,
      prefer: [],
      user: "student",
      publicKey: null,
    });
  });

  test.each([
    [{ ...reserve, count: 0 }, "count"],
    [{ ...reserve, count: 41 }, "count"],
    [{ ...reserve, id: "$(reboot)" }, "id"],
    [{ ...reserve, user: "root;id" }, "user"],
    [{ ...reserve, publicKey: "ssh-ed25519 AAAA\nmore" }, "publicKey"],
    [{ ...reserve, surprise: 1 }, "surprise"],
    [{ ...reserve, kind: "explode" }, "kind"],
    [{ ...reserve, schema: "rackwright.job/2" }, "schema"],
    [[], "whole message"],
    ["text", "whole message"],
  ])("%j is refused with a word on where", (message, where) => {
    expect(why(message)).toContain(where);
  });
});

describe("a lab file", () => {
  const example = JSON.parse(readFileSync(join(import.meta.dirname, "../../examples/lab.json"), "utf8"));
  const [first, second] = example.nodes;
  const refusal = (change: object): string => {
    const parsed = labFile.safeParse({ ...example, ...change });
    return parsed.success ? "" : explain(parsed.error);
  };

  test("the example is one, with 12 nodes", () => {
    expect(labFile.parse(example).nodes).toHaveLength(12);
  });

  test.each([
    [
      "a node that stands twice",
      { nodes: [first, { ...second, id: first.id }] },
      "nodes.1: node node-01 is already that of node node-01",
    ],
    [
      "a MAC that two nodes have",
      { nodes: [first, { ...second, macs: first.macs }] },
      "is already that of node node-01",
    ],
    [
      "a controller that SSM would not know",
      { controllers: ["my-server"] },
      "controllers.0: is not a valid lab controller id",
    ],
    ["a field that nobody knows", { nodes: [{ ...first, colour: "red" }] }, "colour"],
    [
      "a secret instead of its name",
      { nodes: [{ ...first, bmc: { ...first.bmc, credential: "hunter2!" } }] },
      "is not the name of a secret",
    ],
    ["no nodes", { nodes: [] }, "nodes"],
  ])("%s is refused", (_what, change, text) => {
    expect(refusal(change)).toContain(text);
  });
});
