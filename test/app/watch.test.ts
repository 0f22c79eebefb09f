/** The watchdogs that look at labs and their hands. */
import { describe, expect, test } from "vitest";
import { labsInTurn, sweepNodes } from "../../lib/app/sweep.ts";
import { watchCommands, watchLabs, watchPower } from "../../lib/app/watch.ts";
import { defaultPolicy } from "../../lib/core/correction/policy.ts";
import { nodeFault } from "../../lib/core/fault.ts";
import { branded, isLabId } from "../../lib/core/ids.ts";
import { jobOf } from "../../lib/core/node/node.ts";
import { after as later, minutes } from "../../lib/core/time.ts";
import { controller, MemoryLab } from "./lab.ts";

describe("labs", () => {
  test("a controller that is not heard of any more is noted once, and its return has overdue nodes looked at", async () => {
    const lab = await new MemoryLab().open(2);
    expect(await watchLabs(lab.app)).toMatchObject({ labs: 1, silent: 0, changed: 0 });
    lab.hands.away.add(controller);
    expect(await watchLabs(lab.app)).toMatchObject({ labs: 1, silent: 1, changed: 1 });
    expect(await watchLabs(lab.app)).toMatchObject({ labs: 1, silent: 1, changed: 0 });
    expect(await lab.store.read("controller", controller)).toMatchObject({ reachable: false });
    lab.hands.away.clear();
    expect(await watchLabs(lab.app)).toMatchObject({ labs: 1, silent: 0, changed: 1 });
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
    expect(await sweepNodes(lab.app)).toEqual({ labs: 1, silent: 1, woken: 0, armed: 0 });
    expect((await lab.nodes()).map((node) => jobOf(node)?.command?.to)).toEqual([null, null, null]);
    lab.hands.away.clear();
    await watchLabs(lab.app);
    await lab.until(lab.isIn("r", "reserved"));
  });
});

describe("a lab that is silent for longer than anybody waits", () => {
  test("design §6: is abandoned with a cause: what was asked of its nodes ends, and nothing is sent to it", async () => {
    const lab = await new MemoryLab().open(2);
    await lab.job({ kind: "reload", id: "again", node: "node-01", image: "demo" });
    lab.hands.away.add(controller);
    await watchLabs(lab.app);
    lab.now = later(lab.now, defaultPolicy.abandonMs - minutes(1));
    expect(await watchLabs(lab.app)).toMatchObject({ silent: 1, abandoned: 0 });
    expect((await lab.store.read("job", "again"))?.state).toBe("accepted");
    lab.now = later(lab.now, minutes(1));
    const delivered = lab.hands.deliveries.length;
    expect(await watchLabs(lab.app)).toMatchObject({ silent: 1, abandoned: 1 });
    await lab.until(async () => (await lab.store.read("job", "again"))?.state !== "accepted", minutes(5));
    expect(await lab.store.read("job", "again")).toMatchObject({
      state: "failed",
      cause: { class: "infrastructure", code: "lab-abandoned" },
    });
    expect(lab.hands.deliveries.length).toBe(delivered);
    expect(lab.errors).toContain("lab is silent, and abandoned: what its nodes were to do is given up");
    expect((await lab.nodes()).map(({ correctiveReboots }) => correctiveReboots)).toEqual([0, 0]);
  });
});

describe("a suspect lab", () => {
  test("is told of once per tick, with the power domains that answer nobody: of that an alarm is made", async () => {
    const lab = await new MemoryLab().open(8, 2);
    expect(await watchLabs(lab.app)).toMatchObject({ suspect: 0 });
    const noAnswer = nodeFault("bmc-unreachable", "no route");
    lab.fails = (verb, node) =>
      verb.startsWith("power.") && (node === "node-01" || node === "node-02") ? noAnswer : null;
    await lab.reserve("r", 8, 24 * 60);
    await lab.until(async () => (await watchLabs(lab.app)).suspect === 1, minutes(10));
    lab.fails = () => null;
    await lab.until(async () => (await watchLabs(lab.app)).suspect === 0, minutes(10));
  });
});

describe("turns", () => {
  /** A hundred labs a page, of which a tick takes its share. */
  async function manyLabs(count: number): Promise<{ lab: MemoryLab; names: string[] }> {
    const lab = await new MemoryLab().open(1);
    const blue = await lab.store.read("lab", "blue");
    if (blue === null) throw new Error("no lab");
    const names = Array.from({ length: count }, (_, index) => `lab-${String(index).padStart(4, "0")}`);
    for (const name of names) {
      const value = { ...blue, id: branded(isLabId, name) };
      await lab.store.commit([{ kind: "lab", value, expect: "absent" }]);
    }
    return { lab, names: ["blue", ...names] };
  }

  test("a tick is bounded work: the next one goes on where it stopped, and every lab has its turn", async () => {
    const { lab, names } = await manyLabs(450);
    const visited: string[][] = [];
    for (let tick = 0; tick < 3; tick += 1) {
      const seen: string[] = [];
      await labsInTurn(lab.app, "test", async ({ id }) => void seen.push(id));
      visited.push(seen);
    }
    expect(visited.map(({ length }) => length)).toEqual([200, 200, 51]);
    expect(visited.flat().sort()).toEqual([...names].sort());
    const again: string[] = [];
    await labsInTurn(lab.app, "test", async ({ id }) => void again.push(id));
    expect(again).toEqual(visited[0]);
  });

  test("a tick that has seen enough stops, and what is behind it comes first in the next", async () => {
    const { lab } = await manyLabs(60);
    const first: string[] = [];
    await labsInTurn(
      lab.app,
      "test",
      async ({ id }) => void first.push(id),
      () => first.length >= 20,
    );
    const second: string[] = [];
    await labsInTurn(lab.app, "test", async ({ id }) => void second.push(id));
    expect(first).toHaveLength(25);
    expect(new Set([...first, ...second]).size).toBe(61);
    expect(second).toHaveLength(36);
  });

  test("a few labs are all looked at in every tick, and no tick writes where it stopped", async () => {
    const { lab, names } = await manyLabs(3);
    for (let tick = 0; tick < 2; tick += 1) {
      const seen: string[] = [];
      await labsInTurn(lab.app, "test", async ({ id }) => void seen.push(id));
      expect(seen.sort()).toEqual([...names].sort());
    }
    expect(await lab.store.read("cursor", "test")).toBeNull();
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
