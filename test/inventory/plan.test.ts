import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { LabFile } from "../../lib/contracts/lab-file.ts";
import { descriptionOf, specOf } from "../../lib/core/inventory/description.ts";
import { callsOf, claimsToAsk, isEmpty, type Known, knownOf, planOf } from "../../lib/inventory/plan.ts";
import { readLabFile } from "../../lib/inventory/read.ts";

const example = readFileSync(join(import.meta.dirname, "../../examples/lab.yaml"), "utf8");

function fileIn(content: string): LabFile {
  const reading = readLabFile(content);
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.read.file;
}

const asKnown = ({ schema: _, lab, nodes, ...settings }: LabFile): Known =>
  knownOf([{ lab, settings, nodes: nodes.map((node) => descriptionOf(specOf(node, lab))), next: null }]);

const file = fileIn(example);
const known = asKnown(file);

test("a lab that is as its file has it needs nothing", () => {
  expect(planOf(file, known, [])).toMatchObject({ added: [], changed: [], unchanged: 4, missing: [] });
  expect(isEmpty(planOf(file, known, []))).toBe(true);
});

test("of a lab that is new everything is added", () => {
  const plan = planOf(file, null, []);
  expect(plan).toMatchObject({
    isNew: true,
    added: ["g-001", "g-002", "g-003", "g-101"],
    changed: [],
    unchanged: 0,
  });
  expect(isEmpty(plan)).toBe(false);
});

test("a change is named by its field, with what it was and what it is to be", () => {
  const changed = fileIn(example.replace("GX7K003", "GX7K033").replace("units: 42", "units: 44"));
  expect(planOf(changed, known, [])).toMatchObject({
    settings: [{ field: "racks.g1.units", from: "42", to: "44" }],
    changed: [{ node: "g-003", fields: [{ field: "serial", from: '"GX7K003"', to: '"GX7K033"' }] }],
    unchanged: 3,
  });
});

test("a node that is not in the file is told, and nothing is done to it", () => {
  const plan = planOf({ ...file, nodes: file.nodes.slice(1) }, known, []);
  expect(plan).toMatchObject({ missing: ["g-001"], added: [], changed: [], moved: [], problems: [] });
  expect(isEmpty(plan)).toBe(true);
});

test("what moves between two nodes of the file is given up by the one before the other has it", () => {
  const swapped = fileIn(
    example.replace("b2:00:01", "b2:00:0f").replace("b2:00:02", "b2:00:01").replace("b2:00:0f", "b2:00:02"),
  );
  const plan = planOf(swapped, known, []);
  expect(plan.problems).toEqual([]);
  expect(plan.moved).toEqual([
    { node: "g-002", claim: "mac#52:54:00:b2:00:02", what: "MAC 52:54:00:b2:00:02: to g-001" },
    { node: "g-001", claim: "mac#52:54:00:b2:00:01", what: "MAC 52:54:00:b2:00:01: to g-002" },
  ]);
  const calls = callsOf(swapped, plan, known);
  expect(calls.releases.flatMap(({ release }) => release)).toHaveLength(2);
  expect(calls.nodes.flatMap(({ nodes }) => nodes.map(({ id }) => id))).toEqual(["g-001", "g-002"]);
});

test("what a node has that is not in the file is not taken from it", () => {
  const [, second] = file.nodes;
  if (second === undefined) throw new Error("there are four");
  const taken = { ...file, nodes: [{ ...second, switchPort: { switch: "sw-g1", port: "1" } }] };
  expect(planOf(taken, known, []).problems).toEqual([
    {
      path: ["nodes", 0, "switchPort"],
      message: expect.stringMatching(
        /^port 1 of switch sw-g1 is that of node g-001, which is not in the file/,
      ),
    },
  ]);
});

test("what another lab has is refused, and only that is asked about which may be another lab's", () => {
  expect(claimsToAsk(file, known)).toEqual([]);
  const asked = claimsToAsk(file, null);
  expect(asked).toContain("node#g-001");
  expect(asked).toContain("mac#52:54:00:b2:00:01");
  expect(asked.filter((claim) => !/^(node|mac|uuid|serial)#/.test(claim))).toEqual([]);
  const plan = planOf(file, null, [
    { claim: "mac#52:54:00:b2:00:01", node: "b-1", lab: "blue" },
    { claim: "node#g-002", node: "g-002", lab: "blue" },
  ]);
  expect(plan.problems).toEqual([
    {
      path: ["nodes", 0, "macs", 0],
      message: "MAC 52:54:00:b2:00:01 is already that of node b-1 of lab blue",
    },
    { path: ["nodes", 1, "id"], message: "node g-002 belongs to lab blue: a node keeps its lab for life" },
  ]);
});

test("a lab of many nodes is imported by calls that are bounded, its settings first", () => {
  const [first] = file.nodes;
  if (first === undefined) throw new Error("there are four");
  const nodes = Array.from({ length: 1001 }, (_, index) => ({
    ...first,
    id: first.id.replace("001", String(index)),
  }));
  const many = fileIn(
    JSON.stringify({
      ...file,
      nodes: nodes.map((node, index) => ({
        id: `m-${index}`,
        class: "compute",
        macs: [
          `52:54:00:00:${(index >> 8).toString(16).padStart(2, "0")}:${(index & 255).toString(16).padStart(2, "0")}`,
        ],
        bmc: { ...node.bmc, address: `https://m-${index}` },
      })),
    }),
  );
  const calls = callsOf(many, planOf(many, known, []), known);
  expect(calls.first.total).toEqual({ nodes: 1005, classes: ["compute", "gpu"] });
  expect(calls.nodes.map((part) => part.nodes.length)).toEqual([200, 200, 200, 200, 200, 1]);
});
