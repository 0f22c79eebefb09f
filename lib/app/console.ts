/** What the operators' console reads: each widget one query of an index, and a bounded number of items beside it. */
import { lineKey } from "../contracts/keys.ts";
import type { NodeProgress } from "../contracts/stored.ts";
import type { LabView } from "../contracts/views.ts";
import type { NodeState } from "../core/node/node.ts";
import type { Reservation } from "../core/reservation/reservation.ts";
import type { HardwareIssue, TimelineEntry } from "../core/timeline.ts";
import type { Fleet } from "../ports/fleet.ts";
import type { Store } from "../ports/store.ts";
import { viewLab } from "./views.ts";

/** More than anybody can look at. */
export const mostFleetNodes = 10_000;
const mostAttention = 25;
const mostReservations = 60;
const mostInLine = 200;
const mostLabs = 50;
const recentEntries = 40;

export interface Attention {
  /** Late ones first, then those that are kept from everybody; the longest due first. */
  readonly nodes: readonly NodeState[];
  /** So many need it in all. */
  readonly count: number;
  /** Nodes that were looked through. */
  readonly of: number;
}

/** Nodes that are late, quarantined, or have an open issue. */
export async function readAttention(store: Store, fleet: Fleet): Promise<Attention> {
  const { nodes } = await fleet.all(mostFleetNodes);
  const rank = (each: { late: boolean; due: number | null }) => (each.late ? 0 : 1);
  const wanted = nodes
    .filter(({ late, state, issues }) => late || state === "quarantined" || issues > 0)
    .toSorted((a, b) => rank(a) - rank(b) || (a.due ?? Infinity) - (b.due ?? Infinity));
  const shown = wanted.slice(0, mostAttention).map(({ id }) => id);
  return { nodes: await store.readMany("node", shown), count: wanted.length, of: nodes.length };
}

export interface Story {
  readonly node: NodeState;
  readonly progress: NodeProgress | null;
  /** The latest last. */
  readonly entries: readonly TimelineEntry[];
  readonly issues: readonly HardwareIssue[];
}

/** Null: there is no such node. */
export async function readStory(store: Store, id: string): Promise<Story | null> {
  const node = await store.read("node", id);
  if (node === null) return null;
  const [progress, entries, issues] = await Promise.all([
    store.read("progress", id),
    store.timeline({ kind: "node", id }, Math.max(0, node.version - recentEntries), recentEntries),
    store.issues(id),
  ]);
  return { node, progress, entries, issues };
}

export interface Reservations {
  /** Those that are not at rest, whichever is looked at next first. */
  readonly live: readonly Reservation[];
  readonly more: boolean;
  /** By reservation that waits for nodes: its place in the line of its class, from 1. */
  readonly places: ReadonlyMap<string, number>;
}

/** Whatever is not at rest has a deadline, so the index of deadlines has exactly the reservations that are alive. */
export async function readReservations(store: Store): Promise<Reservations> {
  const refs = await store.due("reservations", Number.MAX_SAFE_INTEGER, mostReservations + 1);
  const shown = refs.slice(0, mostReservations).map(({ id }) => id);
  const live = await store.readMany("reservation", shown);
  const classes = [...new Set(live.filter(({ state }) => state === "new").map((each) => each.class))];
  const lines = await Promise.all(classes.map((each) => store.pool(lineKey(each), mostInLine)));
  const places = new Map(lines.flatMap((line) => line.map((id, index): [string, number] => [id, index + 1])));
  return { live, more: refs.length > mostReservations, places };
}

export async function readLabs(store: Store): Promise<readonly LabView[]> {
  const { items } = await store.list("lab", mostLabs, null);
  const views = await Promise.all(items.map(({ id }) => viewLab(store, id)));
  return views.filter((view) => view !== null);
}
