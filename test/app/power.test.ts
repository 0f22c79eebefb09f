/** What people do to a node's power: at rest, and while somebody has it. */
import { describe, expect, test } from "vitest";
import { acceptJob } from "../../lib/app/accept-job.ts";
import { advanceNode } from "../../lib/app/advance-node.ts";
import { nodeJob } from "../../lib/app/node-job.ts";
import { viewAnswers } from "../../lib/app/views.ts";
import { jobMessage } from "../../lib/contracts/job.ts";
import { branded, isNodeId, isRevisionId } from "../../lib/core/ids.ts";
import { jobOf } from "../../lib/core/node/node.ts";
import { MemoryLab } from "./lab.ts";

const by = { kind: "operator", name: "grace" } as const;

const power = (lab: MemoryLab, change: string, reason: string | null, id = `${change}-1`) =>
  acceptJob(
    lab.app,
    jobMessage.parse({ schema: "rackwright.job/1", kind: "power", id, node: "node-01", change, reason }),
    by,
  );

const record = (lab: MemoryLab, id: string) => lab.store.read("job", id);
const isDone = (lab: MemoryLab, id: string) => async () => (await record(lab, id))?.state === "done";
const changesOf = (lab: MemoryLab) =>
  lab.hands.deliveries.flatMap(({ commands }) =>
    commands.flatMap(({ actions }) =>
      actions.map(({ verb }) => verb).filter((verb) => verb.startsWith("power.")),
    ),
  );

async function labInUse(): Promise<MemoryLab> {
  const lab = await new MemoryLab().open(1);
  await lab.reserve("r", 1, 24 * 60);
  await lab.until(lab.isIn("r", "reserved"));
  return lab;
}

describe("a node at rest", () => {
  test("is set to an image once, however often the same is asked for; asked under another id it is loaded anew (R72)", async () => {
    const lab = await new MemoryLab().open(1);
    const set = (id: string) => lab.job({ kind: "reload", id, node: "node-01", image: "demo" });
    for (let time = 0; time < 3; time += 1) await set("set-1");
    await lab.until(isDone(lab, "set-1"));
    expect((await lab.nodes())[0]?.disk).toMatchObject({ image: "demo", taint: null });
    await set("set-1");
    const loads = (): number =>
      lab.hands.deliveries
        .flatMap(({ commands }) => commands.flatMap(({ actions }) => actions))
        .filter(({ verb }) => verb === "netboot.set").length;
    expect(loads()).toBe(1);
    await set("set-2");
    await lab.until(isDone(lab, "set-2"));
    expect(loads()).toBe(2);
  });

  test("is switched, proved, and can be reserved again", async () => {
    const lab = await new MemoryLab().open(1);
    expect(await power(lab, "cycle", null)).toEqual({ ok: true, known: false });
    expect(await power(lab, "cycle", null)).toEqual({ ok: true, known: true });
    await lab.until(isDone(lab, "cycle-1"));
    expect(await record(lab, "cycle-1")).toMatchObject({ kind: "power-cycle", cause: null });
    expect(changesOf(lab).filter((verb) => verb === "power.cycle")).toHaveLength(1);
    expect((await lab.nodes())[0]?.provision.state).toBe("available");
  });
});

describe("a node whose machine is to be found", () => {
  const identify = (lab: MemoryLab) =>
    acceptJob(
      lab.app,
      jobMessage.parse({ schema: "rackwright.job/1", kind: "identify", id: "light-1", node: "node-01" }),
      by,
    );
  const lit = (lab: MemoryLab) =>
    lab.hands.deliveries.flatMap(({ commands }) =>
      commands.flatMap(({ actions }) => actions.filter(({ verb }) => verb === "identify")),
    );

  test("is lit up for a while, and is as before then: at rest, and while somebody has it (R74)", async () => {
    for (const lab of [await new MemoryLab().open(1), await labInUse()]) {
      const before = (await lab.nodes())[0]?.provision;
      expect(await identify(lab)).toEqual({ ok: true, known: false });
      await lab.until(isDone(lab, "light-1"));
      expect(lit(lab)).toEqual([{ verb: "identify", seconds: 120 }]);
      expect((await lab.nodes())[0]?.provision).toEqual(before);
    }
  });

  test("and has no light is told so, and is none the worse for it", async () => {
    const lab = await new MemoryLab().open(1);
    lab.fails = (verb) =>
      verb === "identify"
        ? {
            class: "configuration",
            code: "unsupported",
            message: "the power driver fence cannot light it up",
          }
        : null;
    await identify(lab);
    await lab.until(async () => (await record(lab, "light-1"))?.state === "failed");
    expect(await record(lab, "light-1")).toMatchObject({ cause: { code: "unsupported" } });
    expect((await lab.nodes())[0]?.provision).toEqual({ state: "available" });
  });
});

describe("a node in use", () => {
  test("is not touched without a reason", async () => {
    const lab = await labInUse();
    expect(await power(lab, "off", null)).toMatchObject({ ok: false, fault: { code: "node-in-use" } });
    expect((await lab.nodes())[0]?.waiting).toEqual([]);
  });

  test("is switched at once with one, stays in use, and its story says who and why", async () => {
    const lab = await labInUse();
    expect(await power(lab, "cycle", "it hangs")).toMatchObject({ ok: true });
    await lab.until(isDone(lab, "cycle-1"));
    const [node] = await lab.nodes();
    expect(node?.provision).toMatchObject({ state: "in-use", reservation: "r", job: null });
    expect(await lab.reservation("r")).toMatchObject({ state: "reserved" });
    const story = await lab.store.timeline({ kind: "node", id: "node-01" }, 0, 1000);
    expect(story.some(({ actor }) => actor.name === "grace: it hangs")).toBe(true);
    expect(story.at(-1)?.correction).toBeNull();
    const why = async (kind: "node" | "reservation", id: string, question: string) =>
      (await viewAnswers(lab.app, kind, id))?.answers
        .filter((each) => each.question === question)
        .map(({ answer }) => answer);
    const asked = [expect.stringMatching(/^power-cycle asked for by grace: it hangs, .* ago$/)];
    expect(await why("node", "node-01", "who had it switched or rebooted last?")).toEqual(asked);
    expect(await why("reservation", "r", "why was node-01 rebooted?")).toEqual(asked);
  });

  test("whose reservation ends meanwhile is taken back all the same", async () => {
    const lab = await labInUse();
    await power(lab, "off", "it smokes");
    await lab.job({ kind: "end", id: "end-1", reservation: "r" });
    await lab.until(lab.isIn("r", "complete"));
    await lab.until(async () => (await lab.nodes())[0]?.provision.state === "available");
  });

  test("that does not answer stays its user's: nothing is corrected", async () => {
    const lab = await labInUse();
    lab.loseReport = () => true;
    await power(lab, "cycle", "it hangs");
    const from = lab.now;
    await lab.until(async () => lab.now - from > 3_600_000);
    const [node] = await lab.nodes();
    expect(node?.provision.state).toBe("in-use");
    expect(node?.correctiveReboots).toBe(0);
    expect(changesOf(lab).filter((verb) => verb === "power.reset")).toEqual([]);
    await advanceNode(lab.app, "node-01", { kind: "look", actor: by });
    expect(node === undefined ? null : jobOf(node)?.program).toBe("power-cycle");
  });
});

test("the end of a job that fails in the very look that takes it in is on record", async () => {
  const lab = await new MemoryLab().open(1);
  const gone = branded(isRevisionId, "demo-gone");
  const wanted = {
    id: "gone-1",
    program: "reload",
    node: branded(isNodeId, "node-01"),
    target: { image: lab.image, revision: gone },
  } as const;
  await nodeJob(lab.app, wanted, by);
  expect(await record(lab, "gone-1")).toMatchObject({ state: "failed", cause: { code: "image-missing" } });
});
