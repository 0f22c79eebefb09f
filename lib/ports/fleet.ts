/** All nodes at one glance, as few words of each as a cell can hold. It may lag behind, as an index does. */
import type { FleetNode } from "../contracts/fleet.ts";

export interface Fleet {
  /** In the order of their names. `more`: there are others beyond the limit. */
  all(limit: number): Promise<{ readonly nodes: readonly FleetNode[]; readonly more: boolean }>;
}
