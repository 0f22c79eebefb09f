/** Many nodes of a lab in few calls to the store: those that are new go several to a transaction, the others one by one. */
import { keyOfValue } from "../contracts/keys.ts";
import { codecs } from "../contracts/stored.ts";
import { changesBetween } from "../core/inventory/compare.ts";
import { descriptionOf } from "../core/inventory/description.ts";
import { firstLookAfter } from "../core/node/enrol.ts";
import type { Actor, NodeSpec, NodeState } from "../core/node/node.ts";
import { after } from "../core/time.ts";
import type { Write } from "../ports/store.ts";
import type { App } from "./app.ts";
import { type Enrolled, enrolment, enrolNode } from "./enrol-node.ts";

/** What a transaction can hold. */
const mostWrites = 100;
/** A transaction of a hundred writes keeps the store busy for a while. */
const atOnce = 4;

/** By node: what became of it. Idempotent, like the import of each. */
export async function enrolNodes(
  app: App,
  given: readonly NodeSpec[],
  actor: Actor,
): Promise<ReadonlyMap<string, Enrolled>> {
  const outcomes = new Map<string, Enrolled>();
  const specs = given.map((spec) => codecs["node-spec"].parse(spec));
  const ids = specs.map(({ id }) => id);
  const found = await app.store.readMany("node-spec", ids);
  const known = new Map<string, NodeSpec>(found.map((spec) => [spec.id, spec]));
  const fresh: NodeSpec[] = [];
  const others: NodeSpec[] = [];
  for (const spec of specs) {
    const before = known.get(spec.id);
    if (before === undefined) fresh.push(spec);
    else if (before.lab === spec.lab && isSame(before, spec)) outcomes.set(spec.id, { kind: "unchanged" });
    else others.push(spec);
  }
  const { groups, later } = await grouped(app, fresh, actor);
  await sideBySide(groups, async ({ nodes, writes }) => {
    if ((await app.store.commit(writes)) === "conflict") others.push(...nodes.map(({ spec }) => spec));
    else
      for (const { spec, due } of nodes) {
        outcomes.set(spec.id, { kind: "enrolled" });
        const by = due === null ? "engine" : "timer";
        app.outbox.wake({ entity: { kind: "node", id: spec.id }, due, by, group: spec.lab });
      }
  });
  await sideBySide([...others, ...later], async (spec) => {
    const outcome = await enrolNode(app, spec, actor);
    // Of one that stands twice, what became of it first.
    if (!outcomes.has(spec.id)) outcomes.set(spec.id, outcome);
  });
  return outcomes;
}

const isSame = (a: NodeSpec, b: NodeSpec): boolean =>
  changesBetween(descriptionOf(a), descriptionOf(b)).length === 0;

interface Group {
  readonly nodes: { readonly spec: NodeSpec; readonly due: NodeState["due"] }[];
  readonly writes: Write[];
}

/** Whoever wants what another before him wants comes later, alone, and is refused there by name. */
async function grouped(
  app: App,
  fresh: readonly NodeSpec[],
  actor: Actor,
): Promise<{ readonly groups: readonly Group[]; readonly later: readonly NodeSpec[] }> {
  const [first] = fresh;
  const budget = first === undefined ? null : await app.store.read("budget", first.lab);
  const now = app.clock.now();
  const groups: Group[] = [];
  const later: NodeSpec[] = [];
  const wanted = new Set<string>();
  for (const spec of fresh) {
    const waitMs = firstLookAfter(spec.id, budget?.nodes ?? 0);
    const due = after(now, waitMs);
    const writes = enrolment(spec, actor, now, due, new Map());
    const names = writes.map(nameOf);
    if (names.some((name) => wanted.has(name))) {
      later.push(spec);
      continue;
    }
    for (const name of names) wanted.add(name);
    let group = groups.at(-1);
    if (group === undefined || group.writes.length + writes.length > mostWrites) {
      group = { nodes: [], writes: [] };
      groups.push(group);
    }
    group.nodes.push({ spec, due: waitMs === 0 ? null : due });
    group.writes.push(...writes);
  }
  return { groups, later };
}

function nameOf(write: Write): string {
  const { pk, sk } = keyOfValue(write.kind, write.value);
  return `${pk} ${sk}`;
}

async function sideBySide<T>(all: readonly T[], work: (each: T) => Promise<void>): Promise<void> {
  const left = all.values();
  const worker = async (): Promise<void> => {
    for (const each of left) await work(each);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
