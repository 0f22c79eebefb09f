/** How the bench of real machines reads what was written down while a cycle ran. */
import { expect, test } from "vitest";
import { loadsOf, poweredOnIn, workOf } from "../../bench/metal/trace.ts";
import { type JournalRecord, record } from "../../lib/agent/state.ts";
import { aCommand } from "../agent/support.ts";

const node = "node-01";
let seq = 0;
const beacon = (at: number, phase: string, more = {}, of = node): JournalRecord => {
  seq += 1;
  const told = { node: of, boot: null, installation: "job-1.1", phase, at, ...more };
  return record.parse({ t: "report", seq, report: { kind: "beacon", beacon: told } });
};
const commandOf = (id: string, startedAt: number, endedAt: number): JournalRecord[] => {
  const command = aCommand({ id, node, actions: [{ verb: "power.status" }] });
  const result = {
    ...{ command: command.id, node: command.node, epoch: 1, status: "completed" },
    ...{ startedAt, endedAt, results: [], reason: null },
  };
  seq += 1;
  return [
    { t: "accepted", command },
    { t: "started", id: command.id, at: startedAt },
    record.parse({ t: "finished", result }),
    record.parse({ t: "report", seq, report: { kind: "command", result } }),
  ];
};
const request = { at: 1000, name: "the user's reservation" };

test("a command is waited for from the last evidence before it, whichever that was: a request, a beacon, a result", () => {
  const records = [
    ...commandOf("cmd-before", 100, 200),
    ...commandOf("cmd-1", 1040, 2000),
    beacon(5000, "build"),
    beacon(9000, "run"),
    beacon(9010, "run", {}, "node-02"),
    ...commandOf("cmd-2", 9060, 9500),
    ...commandOf("cmd-3", 9520, 9600),
    ...commandOf("cmd-after", 20_000, 20_100),
  ];
  const { waits, runningMs } = workOf(records, node, [request], 10_000);
  expect(waits.map(({ from, evidence, ms }) => [from, evidence, ms])).toEqual([
    ["request", "the user's reservation", 40],
    ["evidence", "run", 60],
    ["evidence", "the end of a command", 20],
  ]);
  expect(runningMs).toBe(960 + 440 + 80);
});

test("a load is taken apart at its phases; one that did not come to its end is none", () => {
  const sha256 = "a".repeat(64);
  const records = [
    ...[beacon(3000, "firmware"), beacon(5000, "build"), beacon(8000, "build", { verified: { sha256 } })],
    ...[beacon(11_000, "kernel"), beacon(12_000, "init"), beacon(13_500, "run")],
    ...[beacon(23_000, "firmware"), beacon(24_000, "build")],
  ];
  expect(loadsOf(records, node, [1000, 21_000])).toEqual([[2000, 2000, 3000, 3000, 2500]]);
});

test("when a machine was switched on stands in the record of its chassis", () => {
  expect(poweredOnIn("1000 boot pxe\n1200 power 1\n1900 reset\n2500 power 0\n3000 power 1\n")).toEqual([
    1200, 3000,
  ]);
});
