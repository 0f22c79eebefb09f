/** What a batch of messages reads: as little as may be, and never so old that it matters (R35). */
import { expect, test } from "vitest";
import { batchStore } from "../../lib/app/batch-store.ts";
import { readAhead } from "../../lib/app/read-ahead.ts";
import type { Store } from "../../lib/ports/store.ts";
import { MemoryLab } from "./lab.ts";

/** The store, and what is read of it. */
function watched(store: Store): { store: Store; reads: string[] } {
  const reads: string[] = [];
  const read: Store["read"] = (kind, id) => {
    reads.push(`${kind} ${id}`);
    return store.read(kind, id);
  };
  return { store: { ...store, read, commit: (writes) => store.commit(writes) }, reads };
}

async function aLab(nodes: number): Promise<MemoryLab> {
  return new MemoryLab().open(nodes);
}

test("what was read in a batch is read once, and what was committed in it is known without reading", async () => {
  const lab = await aLab(1);
  const { store, reads } = watched(lab.store);
  const batch = batchStore(store);
  const [node] = await lab.nodes();
  if (node === undefined) throw new Error("the lab has no node");
  await batch.read("node", node.id);
  await batch.read("node", node.id);
  expect(reads).toEqual([`node ${node.id}`]);
  const changed = { ...node, version: node.version + 1 };
  await batch.commit([{ kind: "node", value: changed, expect: node.version }]);
  expect((await batch.read("node", node.id))?.version).toBe(node.version + 1);
  expect(reads).toHaveLength(1);
});

test("after a conflict everything is read anew: whoever was second decides on what the first has written", async () => {
  const lab = await aLab(1);
  const batch = batchStore(lab.store);
  const [node] = await lab.nodes();
  if (node === undefined) throw new Error("the lab has no node");
  await batch.read("node", node.id);
  const other = { ...node, version: node.version + 1 };
  await lab.store.commit([{ kind: "node", value: other, expect: node.version }]);
  const mine = { kind: "node", value: other, expect: node.version } as const;
  expect(await batch.commit([mine])).toBe("conflict");
  expect((await batch.read("node", node.id))?.version).toBe(node.version + 1);
});

test("a read that failed is tried again", async () => {
  const lab = await aLab(1);
  let broken = true;
  const read: Store["read"] = async (kind, id) => {
    if (broken) throw new Error("the service did not answer");
    return lab.store.read(kind, id);
  };
  const batch = batchStore({ ...lab.store, read });
  await expect(batch.read("lab", "blue")).rejects.toThrow("did not answer");
  broken = false;
  expect((await batch.read("lab", "blue"))?.id).toBe("blue");
});

test("a batch about many nodes reads their lab once, and no look reads anything again; a timer that is stale reads a node alone", async () => {
  const lab = await aLab(5);
  const { store, reads } = watched(lab.store);
  const batch = batchStore(store);
  const nodes = await lab.nodes();
  const looks = nodes.map(({ id }) => ({ node: id, timer: null }));
  await readAhead({ store: batch }, looks);
  expect(reads.filter((each) => each.startsWith("lab "))).toHaveLength(1);
  const before = reads.length;
  await readAhead({ store: batch }, looks);
  expect(reads).toHaveLength(before);
  const stale = watched(lab.store);
  const timer = lab.app.clock.now();
  await readAhead(
    { store: stale.store },
    nodes.map(({ id }) => ({ node: id, timer })),
  );
  expect(stale.reads).toEqual(nodes.map(({ id }) => `node ${id}`));
  const lone = watched(lab.store);
  await readAhead({ store: lone.store }, looks.slice(0, 1));
  expect(lone.reads).toEqual([]);
});
