/** The use-cases together, over the ports in memory: what holds whatever becomes of the messages. */
import { describe, expect, test } from "vitest";
import { advanceNode } from "../../lib/app/advance-node.ts";
import { ingestReports } from "../../lib/app/ingest-reports.ts";
import { reports } from "../../lib/contracts/report.ts";
import { defaultPolicy } from "../../lib/core/correction/policy.ts";
import { MemoryLab } from "./lab.ts";

describe("reservations", () => {
  test("wait for nodes that they are promised; who comes later has what is free before, and takes nobody's time", async () => {
    const lab = await new MemoryLab().open(4);
    await lab.reserve("first", 3);
    await lab.reserve("second", 2);
    await lab.reserve("third", 1);
    await lab.until(lab.isIn("first", "reserved"));
    expect((await lab.reservation("second")).state).toBe("new");
    const second = await lab.reservation("second");
    expect(second).toMatchObject({
      placed: { length: 2 },
      start: (await lab.reservation("first")).end + 20 * 60_000,
    });
    // One node is free all the time.
    await lab.until(lab.isIn("third", "reserved"));
    expect(second.placed).not.toContain((await lab.reservation("third")).nodes[0]);
    await lab.job({ kind: "end", id: "end-first", reservation: "first" });
    await lab.until(lab.isIn("second", "reserved"));
    expect((await lab.reservation("second")).start).toBeLessThan(second.start);
    const held = [...(await lab.reservation("second")).nodes, ...(await lab.reservation("third")).nodes];
    expect(new Set(held).size).toBe(3);
  });

  test("R37: when the time is over, reclaim begins within one watchdog period, with every timer lost", async () => {
    const lab = await new MemoryLab().open(2);
    await lab.reserve("short", 2, 30);
    await lab.until(lab.isIn("short", "reserved"));
    lab.loseWakes = true;
    const { end } = await lab.reservation("short");
    await lab.until(async () => (await lab.reservation("short")).state !== "reserved");
    expect(lab.now - end).toBeLessThanOrEqual(61_000);
    await lab.until(lab.isIn("short", "complete"));
    expect((await lab.nodes()).map(({ provision }) => provision.state)).toEqual(["available", "available"]);
  });

  test("two that ask at the same moment never get the same node", async () => {
    const lab = await new MemoryLab().open(5);
    await Promise.all(["a", "b", "c"].map((id) => lab.reserve(id, 2)));
    await lab.until(
      async () =>
        (await Promise.all(["a", "b", "c"].map((id) => lab.reservation(id)))).filter(
          ({ state }) => state === "reserved",
        ).length === 2,
    );
    const nodes = (await Promise.all(["a", "b", "c"].map((id) => lab.reservation(id)))).flatMap(
      (each) => each.nodes,
    );
    expect(new Set(nodes).size).toBe(nodes.length);
  });
});

describe("R58: messages only make things faster", () => {
  test("with every wake and timer lost the watchdogs alone bring a reservation through", async () => {
    const lab = await new MemoryLab().open(3);
    lab.loseWakes = true;
    await lab.reserve("slow", 3);
    await lab.until(lab.isIn("slow", "reserved"));
    await lab.job({ kind: "end", id: "end-slow", reservation: "slow" });
    await lab.until(lab.isIn("slow", "complete"));
  });

  test("with every other report lost the agent is asked again, and nothing is done twice", async () => {
    const lab = await new MemoryLab().open(2);
    let count = 0;
    lab.loseReport = ({ kind }) => kind === "command" && count++ % 2 === 0;
    await lab.reserve("lossy", 2);
    await lab.until(lab.isIn("lossy", "reserved"));
    expect([...lab.machines.values()].map(({ boots }) => boots)).toEqual([1, 1]);
    expect((await lab.reservation("lossy")).correctiveReboots).toBe(0);
  });

  test("a lab that is silent for a day burns no attempt and no budget; when it speaks again, the job goes on", async () => {
    const lab = await new MemoryLab().open(1);
    lab.loseReport = () => true;
    await lab.reserve("patient", 1, 60 * 48);
    await lab.until(
      async () =>
        lab.now >
        (await lab.reservation("patient")).createdAt + defaultPolicy.reservation.readyWithinMs - 60_000,
    );
    const [node] = await lab.nodes();
    expect(node?.correctiveReboots).toBe(0);
    expect(node?.provision).toMatchObject({ state: "loading", job: { attempt: 1 } });
    expect((await lab.store.read("budget", "blue"))?.tokens).toBe(defaultPolicy.budget.capacity);
  });
});

describe("jobs that are asked for", () => {
  test("a node that nobody has used yet is loaded with the image that a job names", async () => {
    const lab = await new MemoryLab().open(1);
    await lab.job({ kind: "reload", id: "load-1", node: "node-01", image: "demo" });
    await lab.until(async () => (await lab.store.read("job", "load-1"))?.state === "done");
    expect((await lab.nodes())[0]?.disk.image).toBe("demo");
  });

  test("one that waits behind another of another kind begins when that has ended, with every timer lost", async () => {
    const lab = await new MemoryLab().open(1);
    await lab.job({ kind: "inspect", id: "look-1", node: "node-01" });
    await lab.job({ kind: "reload", id: "load-1", node: "node-01", image: "demo" });
    await lab.job({ kind: "inspect", id: "look-2", node: "node-01" });
    lab.loseWakes = true;
    for (const id of ["look-1", "load-1", "look-2"])
      await lab.until(async () => (await lab.store.read("job", id))?.state === "done");
  });
});

describe("who may speak for a node", () => {
  test("a report counts only from a controller of the node's own lab, by SQS's word", async () => {
    const lab = await new MemoryLab().open(1);
    const [before] = await lab.nodes();
    const message = (controller: string) =>
      reports.parse({
        schema: "rackwright.reports/1",
        controller,
        journal: "0123456789abcdef",
        reports: [
          {
            kind: "beacon",
            beacon: { node: "node-01", boot: null, installation: "x", phase: "run", at: lab.now },
          },
        ],
      });
    const stranger = "mi-fffffffffffffffff";
    const forged = await ingestReports(lab.app, message("mi-0123456789abcdef0"), `AROALAB:${stranger}`);
    expect(forged.refused[0]).toContain("is not lab controller");
    const foreign = await ingestReports(lab.app, message(stranger), `AROALAB:${stranger}`);
    expect(foreign.refused[0]).toContain("cannot speak for node node-01");
    expect((await lab.nodes())[0]).toEqual(before);
  });
});

describe("a lost race", () => {
  test("is decided again on what is stored now", async () => {
    const lab = await new MemoryLab().open(1);
    const actor = { kind: "operator", name: "ada" } as const;
    const changes = ["offline", "online", "offline"].map((kind) =>
      advanceNode(lab.app, "node-01", {
        kind: kind === "offline" ? "offline" : "online",
        reason: "test",
        actor,
      }),
    );
    await Promise.all(changes);
    const [node] = await lab.nodes();
    const entries = await lab.store.timeline({ kind: "node", id: "node-01" }, 0, 100);
    expect(entries.map(({ sequence }) => sequence)).toEqual(entries.map((_, index) => index + 1));
    expect(node?.version).toBe(entries.length);
  });
});
