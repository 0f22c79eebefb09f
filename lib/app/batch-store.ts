/**
 * The store for the length of one batch: what was read in it is not read again, and what was committed in it is known. A
 * batch takes a second at most; who decides on what is older than that loses on the version that he commits on, or is woken
 * by whoever changed it (design §2), as if the change had come a moment later. After a conflict everything is read anew.
 */
import { type Identified, leaseId } from "../contracts/keys.ts";
import type { Stored } from "../contracts/stored.ts";
import type { Store, Write } from "../ports/store.ts";

/** What looks at nodes and reservations read again and again. */
type Kept =
  | "node"
  | "node-spec"
  | "progress"
  | "reservation"
  | "lab"
  | "budget"
  | "revision"
  | "lease"
  | "controller";
type Known = { readonly [K in Kept]: Map<string, Promise<Stored[K] | null>> };

const nothing = (): Known => ({
  node: new Map(),
  "node-spec": new Map(),
  progress: new Map(),
  reservation: new Map(),
  lab: new Map(),
  budget: new Map(),
  revision: new Map(),
  lease: new Map(),
  controller: new Map(),
});

export function batchStore(store: Store): Store {
  let known = nothing();
  const isKept = <K extends Identified>(kind: K): kind is K & Kept => kind in known;

  function remembered<K extends Kept>(kind: K, id: string): Promise<Stored[K] | null> {
    const map: Known[K] = known[kind];
    const before = map.get(id);
    if (before !== undefined) return before;
    const reading = store.read(kind, id);
    map.set(id, reading);
    reading.catch(() => map.delete(id));
    return reading;
  }

  function written({ kind, value }: Write): void {
    switch (kind) {
      case "node":
        known.node.set(value.id, Promise.resolve(value));
        break;
      case "reservation":
        known.reservation.set(value.id, Promise.resolve(value));
        break;
      case "budget":
        known.budget.set(value.lab, Promise.resolve(value));
        break;
      case "lease":
        known.lease.set(leaseId(value.lab, value.domain), Promise.resolve(value));
        break;
      case "progress":
        known.progress.set(value.node, Promise.resolve(value));
        break;
      case "controller":
        known.controller.set(value.id, Promise.resolve(value));
        break;
      case "node-spec":
      case "lab":
      case "revision":
        // Seldom: whatever else was written with it is read anew, too.
        known = nothing();
        break;
    }
  }

  return {
    ...store,
    read: <K extends Identified>(kind: K, id: string): Promise<Stored[K] | null> =>
      isKept(kind) ? remembered(kind, id) : store.read(kind, id),
    commit: async (writes) => {
      try {
        const outcome = await store.commit(writes);
        if (outcome === "committed") for (const each of writes) written(each);
        else known = nothing();
        return outcome;
      } catch (error) {
        // It may have been written all the same.
        known = nothing();
        throw error;
      }
    },
  };
}
