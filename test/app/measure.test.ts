/** What is counted of what happens, and how it is told to CloudWatch. */
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { delaysIn, measuredBy } from "../../lib/app/measure.ts";
import { emfLines, type Measured, metricNames, metrics } from "../../lib/contracts/metrics.ts";
import { report } from "../../lib/contracts/report.ts";
import { jobOf } from "../../lib/core/node/node.ts";
import type { TimelineEntry } from "../../lib/core/timeline.ts";
import { MemoryLab } from "./lab.ts";

async function toldBy(lab: MemoryLab, reservations: readonly string[]): Promise<readonly Measured[]> {
  const entries: TimelineEntry[] = [];
  for (const { id } of await lab.nodes())
    entries.push(...(await lab.store.timeline({ kind: "node", id }, 0, 1000)));
  for (const id of reservations)
    entries.push(...(await lab.store.timeline({ kind: "reservation", id }, 0, 1000)));
  return entries.flatMap(measuredBy);
}
const sum = (measured: readonly Measured[], metric: string, of?: string) =>
  measured
    .filter((each) => each.metric === metric && each.of === of)
    .reduce((total, { value }) => total + value, 0);

describe("what is measured", () => {
  test("of a reservation that is served: that it was, by how many nodes, and how long each part took", async () => {
    const lab = await new MemoryLab().open(3);
    await lab.reserve("r", 2);
    const waitedMs = await lab.until(lab.isIn("r", "reserved"));
    await lab.job({ kind: "end", id: "end", reservation: "r", reason: "enough" });
    await lab.until(lab.isIn("r", "complete"));
    const measured = await toldBy(lab, ["r"]);
    expect(sum(measured, "Reservations", "ready")).toBe(1);
    expect(sum(measured, "Reservations", "complete")).toBe(1);
    expect(sum(measured, "Reservations", "failed")).toBe(0);
    expect(sum(measured, "Provisions", "handed-over")).toBe(2);
    expect(sum(measured, "ReadySeconds")).toBeLessThanOrEqual(waitedMs / 1000);
    expect(sum(measured, "ReadySeconds")).toBeGreaterThan(60);
    expect(sum(measured, "Seconds", "loading")).toBeGreaterThan(60);
    expect(sum(measured, "Seconds", "available")).toBe(0);
  });

  test("of a node that is given up: each rung that was tried, and that it was given up", async () => {
    const lab = await new MemoryLab().open(2);
    await lab.reserve("r", 1, 24 * 60);
    await lab.until(async () => (await lab.nodes()).some((node) => jobOf(node)?.step === "wait-for-os"));
    const sick = (await lab.nodes()).find((node) => jobOf(node)?.step === "wait-for-os")?.id ?? "";
    await lab.until(async () => {
      lab.hang(sick);
      return (await lab.store.read("node", sick))?.provision.state === "quarantined";
    });
    const measured = await toldBy(lab, []);
    expect(sum(measured, "Quarantined")).toBe(1);
    expect(sum(measured, "Provisions", "given-up")).toBe(1);
    for (const rung of ["look-again", "reset", "power-cycle", "load-again", "quarantine"])
      expect(sum(measured, "Corrections", rung), rung).toBeGreaterThan(0);
  });

  test("of a result that comes from a controller: how long it was on its way, never less than nothing", () => {
    const result = {
      command: "c.1",
      node: "node-01",
      epoch: 1,
      status: "completed",
      startedAt: 1000,
      endedAt: 2000,
      results: [],
      reason: null,
    };
    const reports = [
      report.parse({ kind: "command", result }),
      report.parse({ kind: "alive", lab: "blue", at: 1 }),
    ];
    expect(delaysIn(reports, 3500)).toEqual([{ metric: "ReportSeconds", value: 1.5 }]);
    expect(delaysIn(reports, 1500)).toEqual([{ metric: "ReportSeconds", value: 0 }]);
  });
});

const line = z.looseObject({
  _aws: z.strictObject({
    Timestamp: z.int(),
    CloudWatchMetrics: z
      .array(
        z.strictObject({
          Namespace: z.string().min(1),
          Dimensions: z.array(z.array(z.string())).length(1),
          Metrics: z.array(z.strictObject({ Name: z.string(), Unit: z.string() })).length(1),
        }),
      )
      .length(1),
  }),
});

describe("the lines that CloudWatch reads", () => {
  test("have a metric each, with its dimension as a field beside it and all its values", () => {
    const [one, two, ...rest] = emfLines("Rackwright/dev", 1234, [
      { metric: "Corrections", value: 1, of: "reset" },
      { metric: "OverdueNodes", value: 7 },
      { metric: "Corrections", value: 1, of: "reset" },
    ]);
    expect(rest).toEqual([]);
    const corrections = line.parse(JSON.parse(one ?? ""));
    expect(corrections).toMatchObject({ Rung: "reset", Corrections: [1, 1] });
    expect(corrections._aws.CloudWatchMetrics[0]).toEqual({
      Namespace: "Rackwright/dev",
      Dimensions: [["Rung"]],
      Metrics: [{ Name: "Corrections", Unit: "Count" }],
    });
    expect(line.parse(JSON.parse(two ?? ""))).toMatchObject({ OverdueNodes: [7] });
  });

  test("hold at most a hundred values, and none is lost", () => {
    const many = Array.from({ length: 250 }, (_, value): Measured => ({ metric: "ReportSeconds", value }));
    const values = emfLines("Rackwright/dev", 1, many).map((text) =>
      z.looseObject({ ReportSeconds: z.array(z.number()) }).parse(JSON.parse(text)),
    );
    expect(values.map(({ ReportSeconds }) => ReportSeconds.length)).toEqual([100, 100, 50]);
    expect(values.flatMap(({ ReportSeconds }) => ReportSeconds)).toEqual(many.map(({ value }) => value));
  });

  test("have no dimension that is the name of a thing: each would be a metric that is paid for", () => {
    const dimensions = metricNames.map((name) => metrics[name].by).filter((by) => by !== null);
    for (const by of dimensions) expect(["Outcome", "State", "Rung"]).toContain(by);
  });
});
