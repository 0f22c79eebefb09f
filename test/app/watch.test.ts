/** The watchdogs that look at labs and their hands. */
import { describe, expect, test } from "vitest";
import { sweepNodes } from "../../lib/app/sweep.ts";
import { watchCommands, watchLabs, watchPower } from "../../lib/app/watch.ts";
import { jobOf } from "../../lib/core/node/node.ts";
import { after as later, minutes } from "../../lib/core/time.ts";
import { controller, MemoryLab } from "./lab.ts";

describe("labs", () => {
  test("a controller that is not heard of any more is noted once, and its return has overdue nodes looked at", async () => {
    const lab = await new MemoryLab().open(2);
    expect(await watchLabs(lab.app)).toEqual({ labs: 1, silent: 0, changed: 0 });
    lab.hands.away.add(controller);
    expect(await watchLabs(lab.app)).toEqual({ labs: 1, silent: 1, changed: 1 });
    expect(await watchLabs(lab.app)).toEqual({ labs: 1, silent: 1, changed: 0 });
    expect(await lab.store.read("controller", controller)).toMatchObject({ reachable: false });
    lab.hands.away.clear();
    expect(await watchLabs(lab.app)).toEqual({ labs: 1, silent: 0, changed: 1 });
    expect(await lab.store.read("controller", controller)).toMatchObject({ reachable: true });
  });

  test("invariant 8: a lab that is silent for a day loses no attempt and reboots nobody; when it is back, all complete", async () => {
    const lab = await new MemoryLab().open(3);
    await lab.reserve("r", 3, 3 * 24 * 60);
    await lab.until(async () => (await lab.nodes()).some((node) => jobOf(node)?.step === "write-image"));
    lab.loseReport = () => true;
    const from = lab.now;
    await lab.until(async () => lab.now - from > minutes(24 * 60), minutes(25 * 60));
    for (const node of await lab.nodes()) {
      expect(jobOf(node)?.attempt ?? 1).toBe(1);
      expect(node.correctiveReboots).toBe(0);
    }
    lab.loseReport = () => false;
    const { state } = await lab.reservation("r");
    // Its own clock ran on: three hours are the most that anybody waits for a node.
    expect(state).toBe("failed");
    await lab.until(async () =>
      (await lab.nodes()).every(({ provision }) => provision.state === "available"),
    );
    expect((await lab.nodes()).map(({ correctiveReboots }) => correctiveReboots)).toEqual([0, 0, 0]);
  });
});

describe("a silent lab", () => {
  test("design §3: its nodes are passed by, nothing is sent to it, and its return has them looked at", async () => {
    const lab = await new MemoryLab().open(3);
    lab.hands.away.add(controller);
    await watchLabs(lab.app);
    await lab.reserve("r", 3, 24 * 60);
    const from = lab.now;
    await lab.until(async () => lab.now - from > minutes(60));
    const told = await lab.store.timeline({ kind: "node", id: "node-01" }, 0, 1000);
    expect(told.at(-1)?.why).toContain("lab blue is silent");
    expect(told.length).toBeLessThan(6);
    expect(await sweepNodes(lab.app)).toEqual({ labs: 1, silent: 1, woken: 0 });
    expect((await lab.nodes()).map((node) => jobOf(node)?.command?.to)).toEqual([null, null, null]);
    lab.hands.away.clear();
    await watchLabs(lab.app);
    await lab.until(lab.isIn("r", "reserved"));
  });
});

describe("commands", () => {
  test("with the reports queue lost, what SSM kept of the agent's answers is enough", async () => {
    const lab = await new MemoryLab().open(1);
    await lab.job({ kind: "inspect", id: "look-1", node: "node-01" });
    lab.loseReport = () => true;
    await lab.until(async () => {
      const [node] = await lab.nodes();
      return node !== undefined && (jobOf(node)?.command?.sends ?? 0) > 1;
    });
    const [node] = await lab.nodes();
    const command = node === undefined ? null : (jobOf(node)?.command ?? null);
    if (command?.to == null || node === undefined) throw new Error("nothing was sent");
    expect(await watchCommands(lab.app)).toEqual({ unanswered: 1, found: 0 });
    lab.hands.answered.set(controller, [
      {
        schema: "rackwright.receipt/1",
        journal: command.to.journal,
        commands: [
          {
            verdict: "known",
            id: command.id,
            status: "completed",
            result: {
              command: command.id,
              node: node.id,
              epoch: command.epoch,
              status: "completed",
              startedAt: lab.now,
              endedAt: lab.now,
              results: [{ verb: "power.status", outcome: "done", observed: { power: "off" } }],
              reason: null,
            },
          },
        ],
      },
    ]);
    expect(await watchCommands(lab.app)).toEqual({ unanswered: 1, found: 1 });
    expect((await lab.store.read("job", "look-1"))?.state).toBe("done");
    expect(await watchCommands(lab.app)).toEqual({ unanswered: 0, found: 0 });
  });
});

describe("power drift", () => {
  test("a node at rest whose power nobody has read for hours is inspected, once; a few per tick, all in turn", async () => {
    const lab = await new MemoryLab().open(24);
    expect((await watchPower(lab.app)).inspected).toBe(0);
    lab.now = later(lab.now, minutes(7 * 60));
    await watchPower(lab.app);
    const first = await watchPower(lab.app);
    const second = await watchPower(lab.app);
    expect(first.looked + second.looked).toBe(24);
    const machine = lab.machines.get("node-03");
    if (machine === undefined) throw new Error("no machine");
    machine.power = "on";
    await lab.until(async () =>
      (await lab.nodes()).every(({ provision }) => provision.state === "available"),
    );
    const story = await lab.store.timeline({ kind: "node", id: "node-03" }, 0, 100);
    expect(story.map(({ why }) => why).join("\n")).toMatch(/its power is on: it was off when it was read/);
    const others = await lab.store.timeline({ kind: "node", id: "node-04" }, 0, 100);
    expect(others.map(({ why }) => why).join("\n")).not.toContain("it was off when");
    const again = await watchPower(lab.app);
    expect(again.inspected).toBe(0);
  });

  test("a node that somebody has, or that is offline, is left alone", async () => {
    const lab = await new MemoryLab().open(1);
    await lab.reserve("r", 1, 24 * 60);
    await lab.until(lab.isIn("r", "reserved"));
    lab.now = later(lab.now, minutes(7 * 60));
    expect((await watchPower(lab.app)).inspected).toBe(0);
  });
});
