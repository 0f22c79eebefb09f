/**
 * The watchdog that loads idle nodes with what is most likely wanted next. It goes round all nodes, some per tick, and
 * looks at their classes: bounded work, however many nodes and images there are.
 */
import { calendarId, classKey, experienceId } from "../contracts/keys.ts";
import type { Stock } from "../contracts/stored.ts";
import { type Calendar, overlap, periodsOf, withoutEnded } from "../core/calendar/calendar.ts";
import { isSilent } from "../core/hands.ts";
import { branded, isJobId, type LabId, type NodeId } from "../core/ids.ts";
import type { Image } from "../core/image.ts";
import type { Actor, NodeState } from "../core/node/node.ts";
import { type Demand, expected } from "../core/prediction/demand.ts";
import { type Move, preloads, running, type Wish } from "../core/prediction/preload.ts";
import { isFree } from "../core/scheduling/allocate.ts";
import { after, type Instant } from "../core/time.ts";
import { advanceNode } from "./advance-node.ts";
import { endedAmong } from "./advance-reservation.ts";
import type { App } from "./app.ts";

/** Their classes are looked at in this tick, a few. */
const nodesPerTick = 20;
const classesPerTick = 3;
/** Of a class; what is beyond is served as it comes. */
const mostNodes = 60;
/** The first by name. */
export const mostImages = 100;
/** So many nodes that have an image running are known by name: whoever wants it looks at them first. */
const mostInStock = 8;
const preloader: Actor = { kind: "watchdog", name: "preload" };

export async function preload(app: App): Promise<{ looked: number; begun: number }> {
  const { store } = app;
  const cursor = await store.read("cursor", "preload");
  const page = await store.list("node", nodesPerTick, cursor?.from ?? null);
  await store.commit([{ kind: "cursor", value: { id: "preload", from: page.next }, expect: "any" }]);
  const classes = [...new Set(page.items.map((node) => node.class))].slice(0, classesPerTick);
  const seen = { looked: 0, begun: 0 };
  for (const nodeClass of classes) {
    const nodes = await nodesOf(app, nodeClass);
    await keepStock(app, nodeClass, nodes);
    seen.looked += nodes.length;
    seen.begun += await preloadClass(app, nodeClass, nodes);
  }
  return seen;
}

async function preloadClass(app: App, nodeClass: string, nodes: readonly NodeState[]): Promise<number> {
  if (app.policy.readiness.atOnce === 0) return 0;
  const wishes = await wishesOf(app, nodeClass);
  if (wishes.length === 0) return 0;
  const now = app.clock.now();
  const calendars = await calendarsOf(app, nodes.filter(isFree), now);
  const calm = await calmLabs(app, nodes);
  const usable = nodes.filter(({ lab }) => calm.has(lab));
  const moves = preloads(usable, calendars, wishes, app.policy.readiness, now);
  for (const move of moves) await begin(app, move, usable, now);
  return moves.length;
}

async function begin(app: App, { node: id, target }: Move, nodes: readonly NodeState[], now: Instant) {
  const version = nodes.find((each) => each.id === id)?.version ?? 0;
  const job = branded(isJobId, `${id}.preload.v${version}`);
  const request = {
    id: job,
    program: "reload",
    target,
    requestedBy: preloader,
    requestedAt: now,
  } as const;
  await advanceNode(app, id, { kind: "job", request, actor: preloader });
}

async function nodesOf({ store }: App, nodeClass: string): Promise<readonly NodeState[]> {
  const ids = await store.pool(classKey(nodeClass), mostNodes);
  const nodes = await store.readMany("node", ids);
  return nodes.filter((node) => node.class === nodeClass);
}

/** What lies ready, by name, so that whoever wants it need not read the whole class. A hint: whoever claims reads the node. */
async function keepStock({ store }: App, nodeClass: string, nodes: readonly NodeState[]): Promise<void> {
  const ready: Record<string, NodeId[]> = {};
  for (const node of nodes.filter(isFree)) {
    const revision = running(node);
    if (revision === null) continue;
    const held = ready[revision] ?? [];
    if (held.length < mostInStock) ready[revision] = [...held, node.id];
  }
  const value: Stock = { id: nodeClass, ready };
  const known = await store.read("stock", nodeClass);
  if (JSON.stringify(known) === JSON.stringify(value)) return;
  await store.commit([{ kind: "stock", value, expect: "any" }]);
}

async function wishesOf({ store, clock, policy }: App, nodeClass: string): Promise<readonly Wish[]> {
  const { items: images } = await store.list("image", mostImages, null);
  const known = await Promise.all(
    images.map(async (image) => ({
      image,
      experience: await store.read("experience", experienceId(nodeClass, image.id)),
    })),
  );
  const demands = new Map<Image, Demand>();
  for (const { image, experience } of known) if (experience !== null) demands.set(image, experience.demand);
  return [...expected(demands, clock.now(), policy.readiness.horizonMs)].map(([image, each]) => ({
    target: { image: image.id, revision: image.production },
    expected: each,
  }));
}

/** What is booked on them soon, without what was given back. */
async function calendarsOf(
  app: App,
  nodes: readonly NodeState[],
  now: Instant,
): Promise<ReadonlyMap<NodeId, readonly Calendar[]>> {
  const soon = { from: now, to: after(now, app.policy.readiness.freeForMs) };
  const months = nodes.flatMap(({ id }) => periodsOf(soon).map((period) => calendarId(id, period)));
  const booked = (await app.store.readMany("calendar", months)).map((each) => ({
    ...each,
    bookings: each.bookings.filter((booking) => overlap(booking, soon)),
  }));
  const ended = await endedAmong(app, booked, null);
  return Map.groupBy(
    booked.map((each) => withoutEnded(each, ended)),
    ({ node }) => node,
  );
}

/** Labs that can be reached, and are not suspect: no other is given work that nobody has asked for. */
async function calmLabs({ store }: App, nodes: readonly NodeState[]): Promise<ReadonlySet<LabId>> {
  const calm = new Set<LabId>();
  for (const id of new Set(nodes.map(({ lab }) => lab))) {
    const [lab, budget] = await Promise.all([store.read("lab", id), store.read("budget", id)]);
    if (lab === null || budget === null || budget.suspect !== null) continue;
    const controllers = await Promise.all(lab.controllers.map((each) => store.read("controller", each)));
    if (!isSilent(controllers)) calm.add(id);
  }
  return calm;
}
