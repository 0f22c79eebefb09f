/**
 * The store of the simulation: the same keys, versions and indexes as the table, over frozen values, so that nothing is
 * copied. Indexes may lag behind, as those of the table do.
 */
import { calendarId, indexesOf, leaseId } from "../../lib/contracts/keys.ts";
import type { Kind, Ref, Stored } from "../../lib/contracts/stored.ts";
import type { Due, Listed, Owned, Page, Store, Write } from "../../lib/ports/store.ts";
import type { World } from "./world.ts";

type Maps = { readonly [K in Kind]: Map<string, Stored[K]> };

export interface Watcher {
  /** Called with what is about to be written; everything before it is still there. */
  committing(writes: readonly Write[], store: SimStore): void;
  /** Called with what was written. */
  committed(writes: readonly Write[], store: SimStore): void;
}

/** Within its kind; the table's own keys are tested where the table is. */
function keyOf(value: Stored[Kind]): string {
  if ("period" in value) return calendarId(value.node, value.period);
  if ("domain" in value) return leaseId(value.lab, value.domain);
  if ("entity" in value) return `${value.entity.id} ${value.sequence}`;
  if ("mac" in value) return value.mac;
  if ("id" in value) return value.id;
  if ("revision" in value) return value.revision;
  return "node" in value ? value.node : value.lab;
}

/** Every so many histories what is stored is made unchangeable, so that sharing it instead of copying it is proved harmless. */
const frozenEvery = 16;

export class SimStore implements Store {
  private readonly maps: Maps = {
    node: new Map(),
    "node-spec": new Map(),
    progress: new Map(),
    console: new Map(),
    reservation: new Map(),
    lab: new Map(),
    controller: new Map(),
    lease: new Map(),
    budget: new Map(),
    image: new Map(),
    revision: new Map(),
    issue: new Map(),
    machine: new Map(),
    lookup: new Map(),
    "node-hardware": new Map(),
    "node-bmc": new Map(),
    job: new Map(),
    mac: new Map(),
    identity: new Map(),
    inventory: new Map(),
    project: new Map(),
    person: new Map(),
    block: new Map(),
    timeline: new Map(),
    cursor: new Map(),
    calendar: new Map(),
    experience: new Map(),
    stock: new Map(),
  };
  /** What the indexes know; behind the truth for a while when that fault strikes. */
  private readonly indexedNodes = new Map<string, Stored["node"]>();
  private readonly indexedReservations = new Map<string, Stored["reservation"]>();
  private readonly world: World;
  private readonly freezes: boolean;
  private readonly watcher: Watcher;

  constructor(world: World, watcher: Watcher) {
    this.world = world;
    this.freezes = world.seed % frozenEvery === 0;
    this.watcher = watcher;
  }

  /** At once and without a port: for those who look from outside. */
  get<K extends Exclude<Kind, "timeline" | "issue">>(kind: K, id: string): Stored[K] | null {
    return this.maps[kind].get(id) ?? null;
  }

  all<K extends Kind>(kind: K): IterableIterator<Stored[K]> {
    return this.maps[kind].values();
  }

  read = async <K extends Exclude<Kind, "timeline" | "issue">>(
    kind: K,
    id: string,
  ): Promise<Stored[K] | null> => this.get(kind, id);

  readMany = async <K extends Exclude<Kind, "timeline" | "issue">>(
    kind: K,
    ids: readonly string[],
  ): Promise<readonly Stored[K][]> => ids.flatMap((id) => this.get(kind, id) ?? []);

  commit = async (writes: readonly Write[]): Promise<"committed" | "conflict"> => {
    if (writes.length > 100) throw new Error(`a transaction has at most 100 writes, not ${writes.length}`);
    for (const write of writes) if (!this.isAsExpected(write)) return "conflict";
    this.watcher.committing(writes, this);
    for (const write of writes) this.put(write.kind, write.value);
    this.watcher.committed(writes, this);
    return "committed";
  };

  private isAsExpected({ kind, value, expect }: Write): boolean {
    if (expect === "any" || this.world.defect.dropsVersionCheck === true) return true;
    const stored = this.stored(kind, value);
    if (expect === "absent") return stored === undefined;
    return stored !== undefined && "version" in stored && stored.version === expect;
  }

  stored<K extends Kind>(kind: K, value: Stored[K]): Stored[K] | undefined {
    return this.maps[kind].get(keyOf(value));
  }

  private put<K extends Kind>(kind: K, value: Stored[K]): void {
    if (this.freezes) freeze(value);
    this.maps[kind].set(keyOf(value), value);
    if (kind === "node" || kind === "reservation") this.index(kind, value);
  }

  private index(kind: Kind, value: Stored[Kind]): void {
    if (!("id" in value)) return;
    const late = this.world.faults.strike("index-stale", kind);
    if (late === null) return this.refresh(kind, value.id);
    this.world.schedule.after(late.between(100, 20_000), () => this.refresh(kind, value.id));
  }

  private refresh(kind: Kind, id: string): void {
    if (kind === "node") {
      const node = this.get("node", id);
      if (node !== null) this.indexedNodes.set(id, node);
    } else {
      const reservation = this.get("reservation", id);
      // One without a deadline is in none of the indexes any more.
      if (reservation?.due == null) this.indexedReservations.delete(id);
      else this.indexedReservations.set(id, reservation);
    }
  }

  due = async (scope: string, by: number, limit: number): Promise<readonly Due[]> => {
    if (this.world.defect.trustsWakes === true) return [];
    const found: Due[] = [];
    if (scope === "reservations") {
      for (const { id, due } of this.indexedReservations.values())
        if (due !== null && due <= by) found.push({ kind: "reservation", id, due });
    } else {
      for (const { id, lab, due } of this.indexedNodes.values())
        if (lab === scope && due !== null && due <= by) found.push({ kind: "node", id, due });
    }
    return found.sort((a, b) => a.due - b.due || (a.id < b.id ? -1 : 1)).slice(0, limit);
  };

  pool = async (pool: string, limit: number): Promise<readonly string[]> => {
    const found: { readonly id: string; readonly sk: string }[] = [];
    const look = <K extends "node" | "reservation">(kind: K, value: Stored[K]): void => {
      const key = indexesOf(kind, value).pool;
      if (key?.pk === pool) found.push({ id: value.id, sk: key.sk });
    };
    if (pool.startsWith("free#")) for (const node of this.indexedNodes.values()) look("node", node);
    else for (const each of this.indexedReservations.values()) look("reservation", each);
    return found
      .sort((a, b) => (a.sk < b.sk ? -1 : 1))
      .slice(0, limit)
      .map(({ id }) => id);
  };

  list = async <K extends Listed>(kind: K, limit: number): Promise<Page<Stored[K]>> => ({
    items: [...this.maps[kind].values()].slice(0, limit),
    next: null,
  });

  enrolled = async (lab: string, limit: number): Promise<Page<Stored["node-spec"]>> => ({
    items: [...this.maps["node-spec"].values()].filter((spec) => spec.lab === lab).slice(0, limit),
    next: null,
  });

  owned = async <K extends Owned>(kind: K, owner: string, limit: number): Promise<Page<Stored[K]>> => ({
    items: [...this.maps[kind].values()].filter((each) => each.owner === owner).slice(0, limit),
    next: null,
  });

  timeline = async ({ id }: Ref, afterSequence: number, limit: number) => {
    const entries: Stored["timeline"][] = [];
    for (let sequence = afterSequence + 1; entries.length < limit; sequence += 1) {
      const entry = this.maps.timeline.get(`${id} ${sequence}`);
      if (entry === undefined && sequence > (this.get("node", id)?.version ?? sequence)) break;
      if (entry !== undefined) entries.push(entry);
    }
    return entries;
  };

  revisions = async (image: string) =>
    [...this.maps.revision.values()].filter((revision) => revision.image === image);

  issues = async (node: string) => [...this.maps.issue.values()].filter((issue) => issue.node === node);
}

/** All the way down; what is frozen already is so all the way down, too. */
function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
}
