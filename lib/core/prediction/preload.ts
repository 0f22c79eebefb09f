/**
 * Which idle node is loaded with which image before anybody asks (Apache VCL's predictor). The k-th node with an image is
 * worth as much as it is likely that k people want it within the horizon; a node goes from what is worth least to what is
 * worth most, if that is worth a load. Pure.
 */
import { obstacle } from "../calendar/calendar.ts";
import type { NodeId, RevisionId } from "../ids.ts";
import { jobOf, type NodeState, reservationOf, type Target } from "../node/node.ts";
import type { Calendars } from "../reservation/placing.ts";
import { isFree } from "../scheduling/allocate.ts";
import { after, type Instant } from "../time.ts";
import type { ReadinessPolicy } from "./policy.ts";

export interface Wish {
  readonly target: Target;
  /** So many nodes with it will be wanted within the horizon. */
  readonly expected: number;
}

export interface Move {
  readonly node: NodeId;
  readonly target: Target;
}

/** The revision that whoever gets the node now finds running on it. */
export const running = ({ disk, operation }: NodeState): RevisionId | null =>
  operation.phase === "run" && disk.taint === null ? disk.revision : null;

/** What is being loaded for nobody in particular. */
function coming(node: NodeState): RevisionId | null {
  const job = jobOf(node);
  if (job === null) return node.waiting.find(({ program }) => program === "reload")?.target?.revision ?? null;
  const isForAnybody = job.program === "reload" && node.provision.state !== "reserved";
  return isForAnybody ? (job.target?.revision ?? null) : null;
}

/** Free, and for long enough to be of use to people who come now. */
const isOpen = (
  node: NodeState,
  calendars: Calendars,
  { freeForMs }: ReadinessPolicy,
  now: Instant,
): boolean =>
  isFree(node) &&
  obstacle(calendars.get(node.id) ?? [], { from: now, to: after(now, freeForMs) }, null) === null;

/** The nodes of one class that are to be loaded anew now, the most useful first. */
export function preloads(
  nodes: readonly NodeState[],
  calendars: Calendars,
  wishes: readonly Wish[],
  policy: ReadinessPolicy,
  now: Instant,
): readonly Move[] {
  const open = nodes.filter((node) => isOpen(node, calendars, policy, now));
  const stock = new Map<RevisionId, number>();
  const count = (revision: RevisionId | null, more: number) => {
    if (revision !== null) stock.set(revision, (stock.get(revision) ?? 0) + more);
  };
  for (const node of open) count(running(node), 1);
  const underWay = nodes.filter((node) => coming(node) !== null);
  for (const node of underWay) count(coming(node), 1);
  const preloading = underWay.filter((node) => reservationOf(node) === null).length;
  const spare = Math.ceil(policy.spareShare * open.length);
  const most = Math.min(policy.atOnce - preloading, open.length - spare);

  const expectedOf = new Map(wishes.map(({ target, expected }) => [target.revision, expected]));
  /** Of the copy that is there last, or of one more. */
  const worth = (revision: RevisionId | null, more: 0 | 1): number =>
    revision === null ? 0 : atLeast((stock.get(revision) ?? 0) + more, expectedOf.get(revision) ?? 0);
  const moves: Move[] = [];
  let left = open.toSorted((a, b) => a.lastUsedAt - b.lastUsedAt || (a.id < b.id ? -1 : 1));
  while (moves.length < most) {
    const wish = highest(wishes, ({ target }) => worth(target.revision, 1));
    const node = highest(left, (each) => -worth(running(each), 0));
    if (wish === undefined || node === undefined) break;
    if (wish.value + node.value < policy.gain) break;
    count(running(node.of), -1);
    count(wish.of.target.revision, 1);
    left = left.filter((each) => each !== node.of);
    moves.push({ node: node.of.id, target: wish.of.target });
  }
  return moves;
}

/** How likely it is that at least so many come, where so many are expected (Poisson). */
function atLeast(count: number, expected: number): number {
  let term = Math.exp(-expected);
  let fewer = 0;
  for (let number = 0; number < count; number += 1) {
    fewer += term;
    term *= expected / (number + 1);
  }
  return Math.max(0, 1 - fewer);
}

/** The first of those with the highest value. */
function highest<T>(
  list: readonly T[],
  valued: (each: T) => number,
): { readonly of: T; readonly value: number } | undefined {
  let best: { readonly of: T; readonly value: number } | undefined;
  for (const each of list) {
    const value = valued(each);
    if (best === undefined || value > best.value) best = { of: each, value };
  }
  return best;
}
