/** The ledger's own rules, by the examples of the DynamoDB Developer Guide. */
import { describe, expect, test } from "vitest";
import { itemBytes, putUnits, readUnits } from "../../bench/cost/units.ts";
import { written } from "../../bench/page.ts";
import { tokens } from "../../lib/local/ssm/tokens.ts";

const item = (bytes: number, more: Readonly<Record<string, unknown>> = {}) => {
  const bare = { pk: { S: "p" }, sk: { S: "s" }, ...more };
  return { ...bare, x: { S: "x".repeat(bytes - itemBytes(bare) - 1) } };
};

describe("what DynamoDB bills", () => {
  test("an item is as long as its names and its values; a number takes a byte for two digits and one more", () => {
    expect(itemBytes({ pk: { S: "node" }, n: { N: "12345" }, b: { BOOL: true } })).toBe(6 + 5 + 2);
    expect(itemBytes({ l: { L: [{ S: "ab" }, { S: "c" }] } })).toBe(1 + 3 + 3 + 2);
  });

  test("a write is a unit for each begun KB, of the longer of both items, and twice that in a transaction", () => {
    expect(putUnits(null, item(1024), false)).toBe(1);
    expect(putUnits(null, item(1025), false)).toBe(2);
    expect(putUnits(item(3000), item(100), false)).toBe(3);
    expect(putUnits(null, item(1025), true)).toBe(4);
  });

  test("an index entry is written with it at the plain rate; one that moves is deleted and written; one that stays costs nothing", () => {
    const due = (sk: string) => ({ duePk: { S: "due#blue#0" }, dueSk: { S: sk } });
    expect(putUnits(null, item(500, due("1")), true)).toBe(2 + 1);
    expect(putUnits(item(500, due("1")), item(501, due("2")), true)).toBe(2 + 2);
    expect(putUnits(item(500, due("1")), item(501, due("1")), true)).toBe(2);
    expect(putUnits(item(500, due("1")), item(501), true)).toBe(2 + 1);
  });

  test("an index that holds a part of an item is written when that part changes, and pays for that part", () => {
    const listed = (cell: string) => ({
      listPk: { S: "node" },
      listSk: { S: "node-01" },
      cell: { S: cell },
    });
    expect(putUnits(item(1500, listed("idle")), item(1501, listed("idle")), false)).toBe(2);
    expect(putUnits(item(1500, listed("idle")), item(1500, listed("late")), false)).toBe(2 + 1);
  });

  test("a read is a unit for each begun 4 KB, half of that when it may lag, and never nothing", () => {
    expect(readUnits(0, true)).toBe(1);
    expect(readUnits(4097, true)).toBe(2);
    expect(readUnits(100, false)).toBe(0.5);
  });
});

test("what was measured stands between its marks, and nothing else on the page is touched", () => {
  const page = "before\n<!-- bench cold -->\nold\n<!-- end of cold -->\nafter\n";
  const result = { figures: {}, checks: [], tables: [{ title: "Bundles", columns: ["KB"], rows: [[7]] }] };
  const place = { machine: "2 × slow", node: "v24", commit: "abc", at: "2026-11-21" };
  const text = written(page, new Map([["cold", result]]), place);
  expect(text).toMatch(/^before\n<!-- bench cold -->\n/);
  expect(text).toContain("| 7 |");
  expect(text).toContain("2 × slow");
  expect(text).not.toContain("old\n");
  expect(text).toMatch(/<!-- end of cold -->\nafter\n$/);
});

test("a call that is limited to five a second is let through five times at once, then as the time goes by", () => {
  let now = 0;
  const allowed = tokens(5, () => now);
  expect(Array.from({ length: 6 }, allowed)).toEqual([true, true, true, true, true, false]);
  now = 400;
  expect([allowed(), allowed(), allowed()]).toEqual([true, true, false]);
});
