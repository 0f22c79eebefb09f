/**
 * What the watchdog for late nodes does in a fleet of very many labs, in memory: how often it asks the store, and whom it
 * wakes. What is stored of one lab and of one of its nodes, as the system has made them, is written under many names.
 */
import { sweepNodes } from "../../lib/app/sweep.ts";
import { branded, isControllerId, isLabId, isNodeId } from "../../lib/core/ids.ts";
import { after, minutes } from "../../lib/core/time.ts";
import { memoryStore } from "../../lib/local/memory/store.ts";
import type { Store, Write } from "../../lib/ports/store.ts";
import { MemoryLab } from "../../test/app/lab.ts";

export interface Tick {
  readonly labs: number;
  readonly nodes: number;
  readonly late: number;
  /** Calls to the store that one tick makes at most. */
  readonly calls: number;
  /** So many until every lab has had its turn. */
  readonly ticks: number;
  readonly woken: number;
}

const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, "0");

/** The late ones are spread over the labs. */
export async function tick(labs: number, nodesPerLab: number, late: number): Promise<Tick> {
  const pattern = await new MemoryLab().open(1);
  const [node] = await pattern.nodes();
  const lab = await pattern.store.read("lab", "blue");
  const controller = await pattern.store.read("controller", lab?.controllers[0] ?? "");
  if (node === undefined || lab === null || controller === null)
    throw new Error("the pattern is not complete");
  const store = memoryStore();
  const overdue = after(pattern.now, -minutes(1));
  for (let index = 0; index < labs; index += 1) {
    const id = branded(isLabId, `lab-${index}`);
    const hands = branded(isControllerId, `mi-${hex(index, 17)}`);
    const nodes = Array.from({ length: nodesPerLab }, (_, place): Write => {
      const isLate = place < Math.ceil((late - index) / labs);
      const name = branded(isNodeId, `node-${index}-${place}`);
      return {
        kind: "node",
        value: { ...node, id: name, lab: id, due: isLate ? overdue : null },
        expect: "absent",
      };
    });
    await store.commit([
      { kind: "lab", value: { ...lab, id, controllers: [hands] }, expect: "absent" },
      { kind: "controller", value: { ...controller, id: hands }, expect: "absent" },
    ]);
    for (let from = 0; from < nodes.length; from += 100) await store.commit(nodes.slice(from, from + 100));
  }
  let calls = 0;
  const counted = <T>(answer: Promise<T>): Promise<T> => {
    calls += 1;
    return answer;
  };
  const asked: Store = {
    ...store,
    read: (kind, id) => counted(store.read(kind, id)),
    readMany: (kind, ids) => counted(store.readMany(kind, ids)),
    list: (kind, limit, from) => counted(store.list(kind, limit, from)),
    due: (scope, by, limit) => counted(store.due(scope, by, limit)),
  };
  let [ticks, visited, woken, most] = [0, 0, 0, 0];
  while (visited < labs) {
    calls = 0;
    const seen = await sweepNodes({ ...pattern.app, store: asked });
    ticks += 1;
    visited += seen.labs;
    woken += seen.woken;
    most = Math.max(most, calls);
  }
  return { labs, nodes: labs * nodesPerLab, late, calls: most, ticks, woken };
}
