/** How far a write has got: told often, kept cheaply, and heeded when somebody would think the node late. */
import { expect, test } from "vitest";
import { ingestReports } from "../../lib/app/ingest-reports.ts";
import { reports } from "../../lib/contracts/report.ts";
import { jobOf } from "../../lib/core/node/node.ts";
import { minutes, seconds } from "../../lib/core/time.ts";
import { controller, MemoryLab } from "./lab.ts";

/** A node in the middle of its write, which goes on only as the test tells. */
async function writing() {
  const lab = await new MemoryLab().open(1);
  await lab.reserve("r-1", 1);
  const node = async () => {
    const [only] = await lab.nodes();
    if (only === undefined) throw new Error("the lab has no node");
    return only;
  };
  await lab.until(async () => (await node()).operation.phase === "build");
  const { id, operation } = await node();
  lab.hang(id);
  const progress = async (doneBytes: number): Promise<void> => {
    const { boot, installation } = operation;
    const beacon = {
      node: id,
      boot,
      installation,
      phase: "build",
      at: lab.now,
      progress: { doneBytes, totalBytes: 1000 },
    };
    const message = {
      schema: "rackwright.reports/1",
      controller,
      journal: "0123456789abcdef",
      reports: [{ kind: "beacon", beacon }],
    };
    const { refused } = await ingestReports(lab.app, reports.parse(message), `AROALAB:${controller}`);
    expect(refused).toEqual([]);
  };
  const pass = async (spanMs: number): Promise<void> => {
    const from = lab.now;
    await lab.until(async () => lab.now - from >= spanMs);
  };
  return { lab, node, progress, pass };
}

test("progress is kept, and changes no state: hundreds of beacons of a load cost no transition", async () => {
  const { lab, node, progress } = await writing();
  const { version, id } = await node();
  await progress(100);
  await progress(200);
  expect((await node()).version).toBe(version);
  expect(await lab.store.read("progress", id)).toMatchObject({ doneBytes: 200 });
});

test("a write that takes longer than a node may be silent is not late while it goes on", async () => {
  const { node, progress, pass } = await writing();
  for (let told = 1; told <= 20; told += 1) {
    await pass(seconds(30));
    await progress(10 * told);
  }
  const { correctiveReboots } = await node();
  expect(correctiveReboots).toBe(0);
  expect(jobOf(await node())?.correction.late).toBe(false);
});

test("and is, when it has stopped for as long as a node may be silent", async () => {
  const { lab, node, progress, pass } = await writing();
  await progress(100);
  await pass(minutes(5));
  const { id } = await node();
  const story = await lab.store.timeline({ kind: "node", id }, 0, 1000);
  expect(story.map(({ why }) => why).join("\n")).toContain("late: still awaiting the checksum");
});
