/**
 * What the messages of a batch will need is read before the first of them is looked at: the nodes in one call, what their
 * decisions depend on in a second, who may be sent a command in a third. Each look then finds it in the batch's store
 * (batch-store.ts), and reads by itself what was not foreseen.
 */
import { leaseId } from "../contracts/keys.ts";
import { jobOf, type NodeState, reservationOf } from "../core/node/node.ts";
import type { Instant } from "../core/time.ts";
import type { Store } from "../ports/store.ts";

export interface Foreseen {
  readonly node: string;
  /** The look is only for a node that is due then. Null: whatever it is. */
  readonly timer: Instant | null;
}

export async function readAhead(
  { store }: { readonly store: Store },
  looks: readonly Foreseen[],
): Promise<void> {
  // A lone look may come to nothing, and reads no more than it needs.
  if (new Set(looks.map(({ node }) => node)).size < 2) return;
  const nodes = new Map<string, NodeState>();
  await Promise.all(
    looks.map(async ({ node: id, timer }) => {
      const node = await store.read("node", id);
      // A timer that came to nothing is dropped unread.
      if (node !== null && (timer === null || node.due === timer)) nodes.set(id, node);
    }),
  );
  const all = [...nodes.values()];
  await Promise.all(all.map((node) => dependencies(store, node)));
  await Promise.all(all.map((node) => receivers(store, node)));
}

async function dependencies(store: Store, node: NodeState): Promise<void> {
  const job = jobOf(node);
  const reservation = reservationOf(node);
  const wanted = job?.target?.revision ?? null;
  await Promise.all([
    store.read("lab", node.lab),
    store.read("budget", node.lab),
    store.read("node-spec", node.id),
    reservation === null ? null : store.read("reservation", reservation),
    wanted === null ? null : store.read("revision", wanted),
    job?.boot == null ? null : store.read("progress", node.id),
  ]);
}

async function receivers(store: Store, { id, lab: labId }: NodeState): Promise<void> {
  const [spec, lab] = await Promise.all([store.read("node-spec", id), store.read("lab", labId)]);
  await Promise.all([
    spec === null ? null : store.read("lease", leaseId(labId, spec.power.domain)),
    ...(lab?.controllers ?? []).map((each) => store.read("controller", each)),
  ]);
}
