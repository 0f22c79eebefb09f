/** The table was restored from a backup: the machines have gone on since, and nobody knows what they did. */
import { describe, expect, test } from "vitest";
import { advanceNode } from "../../lib/app/advance-node.ts";
import { keyOfValue } from "../../lib/contracts/keys.ts";
import type { Command } from "../../lib/core/command.ts";
import { jobOf } from "../../lib/core/node/node.ts";
import { leap } from "../../lib/core/node/restored.ts";
import { memoryStore } from "../../lib/local/memory/store.ts";
import type { Write } from "../../lib/ports/store.ts";
import { MemoryLab } from "./lab.ts";

const ada = { kind: "operator", name: "ada" } as const;
const reason = "restored from a backup of this morning";

/** Everything that is written, so that it can be had again as it was at some moment. */
async function aLabWithBackups(nodes: number) {
  const lab = new MemoryLab();
  const items = new Map<string, Write>();
  const { commit } = lab.store;
  lab.store.commit = async (writes) => {
    const committed = await commit(writes);
    if (committed === "committed")
      for (const write of writes) {
        const { pk, sk } = keyOfValue(write.kind, write.value);
        items.set(`${pk} ${sk}`, write);
      }
    return committed;
  };
  await lab.open(nodes);
  return {
    lab,
    backUp: () => [...items.values()],
    restore: async (backup: readonly Write[]) => {
      const restored = memoryStore();
      for (const write of backup) await restored.commit([{ ...write, expect: "any" }]);
      Object.assign(lab.store, restored);
    },
  };
}

async function tellAll(lab: MemoryLab, kind: "restored" | "online"): Promise<void> {
  for (const { id } of await lab.nodes()) await advanceNode(lab.app, id, { kind, reason, actor: ada });
  await lab.app.outbox.flush();
}
const sentBy = (lab: MemoryLab): readonly Command[] =>
  lab.hands.deliveries.flatMap(({ commands }) => commands);

describe("nodes whose records come from a backup", () => {
  test("are touched by nobody before a person has put them online, and then they are looked at first", async () => {
    const { lab, backUp, restore } = await aLabWithBackups(3);
    await lab.reserve("r", 1, 600);
    await lab.until(lab.isIn("r", "reserved"));
    const backup = backUp();
    const known = sentBy(lab).length;
    await restore(backup);
    await tellAll(lab, "restored");
    const from = lab.now;
    await lab.until(async () => lab.now - from > 3_600_000);
    expect(sentBy(lab)).toHaveLength(known);
    await tellAll(lab, "online");
    await lab.until(async () =>
      (await lab.nodes()).every(
        (node) => node.power.observed !== "unknown" || node.provision.state === "in-use",
      ),
    );
    const after = sentBy(lab).slice(known);
    expect(after.length).toBeGreaterThan(0);
    expect(after.flatMap(({ actions }) => actions.map(({ verb }) => verb))).toEqual(
      after.map(() => "power.status"),
    );
  });

  test("give no command a name or a number that one has had since the backup", async () => {
    const { lab, backUp, restore } = await aLabWithBackups(2);
    const backup = backUp();
    await lab.reserve("since", 2);
    await lab.until(lab.isIn("since", "reserved"));
    const before = sentBy(lab);
    await restore(backup);
    await tellAll(lab, "restored");
    await tellAll(lab, "online");
    await lab.reserve("since", 2);
    await lab.until(lab.isIn("since", "reserved"));
    const later = sentBy(lab).slice(before.length);
    const names = new Set(before.map(({ id }) => id));
    expect(later.filter(({ id }) => names.has(id))).toEqual([]);
    for (const { node, epoch } of later)
      expect(epoch).toBeGreaterThan(
        Math.max(...before.filter((each) => each.node === node).map((each) => each.epoch)),
      );
  });

  test("are loaded before anybody gets them, whatever the backup says of their disks", async () => {
    const { lab, backUp, restore } = await aLabWithBackups(1);
    await lab.reserve("early", 1);
    await lab.until(lab.isIn("early", "reserved"));
    await lab.job({ kind: "end", id: "end", reservation: "early", reason: "enough" });
    await lab.until(async () =>
      (await lab.nodes()).every(({ provision }) => provision.state === "available"),
    );
    expect((await lab.nodes())[0]?.disk.image).toBe("demo");
    await restore(backUp());
    await tellAll(lab, "restored");
    await tellAll(lab, "online");
    const known = sentBy(lab).length;
    await lab.reserve("late", 1);
    await lab.until(lab.isIn("late", "reserved"));
    const verbs = sentBy(lab)
      .slice(known)
      .flatMap(({ actions }) => actions.map(({ verb }) => verb));
    expect(verbs).toContain("netboot.set");
  });

  test("leave a job in the middle where it was: its command is ended, and the step begins anew", async () => {
    const { lab, backUp, restore } = await aLabWithBackups(1);
    await lab.reserve("r", 1, 600);
    await lab.until(async () =>
      (await lab.nodes()).some((node) => jobOf(node)?.command != null && node.provision.state === "loading"),
    );
    const backup = backUp();
    await lab.until(lab.isIn("r", "reserved"));
    await restore(backup);
    await tellAll(lab, "restored");
    await lab.until(async () => (await lab.nodes())[0]?.administrative.handsOffAt !== null);
    await tellAll(lab, "online");
    await lab.until(lab.isIn("r", "reserved"));
    const [node] = await lab.nodes();
    expect(node?.version).toBeGreaterThan(leap);
    const entries = await lab.store.timeline({ kind: "node", id: "node-01" }, leap, 100);
    expect(entries[0]?.why).toContain(reason);
    expect(entries.at(-1)?.sequence).toBe(node?.version);
  });
});
