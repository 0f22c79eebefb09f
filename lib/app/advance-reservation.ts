/** Look at a reservation and its nodes: the same shape as for a node. Claims are part of its one transaction. */

import { calendarId, classKey, freeKey, lineKey } from "../contracts/keys.ts";
import { type Calendar, emptyCalendar, periodsOf, withoutEnded } from "../core/calendar/calendar.ts";
import type { Fault } from "../core/fault.ts";
import type { NodeId, ReservationId } from "../core/ids.ts";
import { type NodeState, reservationOf } from "../core/node/node.ts";
import { decideReservation } from "../core/reservation/decide.ts";
import type {
  ReservationContext,
  ReservationDecision,
  ReservationEvent,
} from "../core/reservation/decision.ts";
import { type Calendars, needsPlace, preparesAt, spanFrom } from "../core/reservation/placing.ts";
import type { Reservation } from "../core/reservation/reservation.ts";
import { choose } from "../core/scheduling/allocate.ts";
import { after, type Instant, instant } from "../core/time.ts";
import type { Write } from "../ports/store.ts";
import { advanceNode } from "./advance-node.ts";
import { type App, Contended, decideAgainAtMost } from "./app.ts";
import { armedUntil } from "./timers.ts";

export type Advanced =
  | "changed"
  | "unchanged"
  | "unknown-reservation"
  | "stale-timer"
  /** It is not as whoever asks has seen it. */
  | "other-version"
  | { readonly refused: Fault };

/** How many free nodes are read to choose from, beyond those that are needed: some may be gone, or lack a tag. */
const spareCandidates = 20;

export async function advanceReservation(
  app: App,
  id: string,
  event: ReservationEvent,
  {
    timer = null,
    ifVersion = null,
    also = [],
  }: { timer?: Instant | null; ifVersion?: number | null; also?: readonly Write[] } = {},
): Promise<Advanced> {
  for (let round = 0; round < decideAgainAtMost; round += 1) {
    const reservation = await app.store.read("reservation", id);
    if (reservation === null) return "unknown-reservation";
    if (timer !== null && reservation.due !== timer) return "stale-timer";
    if (ifVersion !== null && reservation.version !== ifVersion) return "other-version";
    const nodes = await app.store.readMany("node", reservation.nodes);
    const decision = await decided(app, reservation, event, nodes);
    if (decision.kind === "nothing") return "unchanged";
    if (decision.kind === "refused") return { refused: decision.fault };
    const { entry, claims, calendars } = decision;
    const writes: Write[] = [
      { kind: "reservation", value: decision.reservation, expect: reservation.version },
      ...(entry === null ? [] : [{ kind: "timeline", value: entry, expect: "absent" } as const]),
      ...claims.flatMap((claim): Write[] => [
        { kind: "node", value: claim.node, expect: claim.node.version - 1 },
        { kind: "timeline", value: claim.entry, expect: "absent" },
      ]),
      ...calendars.map(
        (value): Write => ({
          kind: "calendar",
          value,
          expect: value.version === 1 ? "absent" : value.version - 1,
        }),
      ),
      ...also,
    ];
    if ((await app.store.commit(writes)) === "conflict") continue;
    if (entry !== null) {
      const { from, to, why, actor } = entry;
      app.log.info("reservation", {
        reservation: id,
        version: entry.sequence,
        from,
        to,
        why,
        actor: `${actor.kind} ${actor.name}`,
      });
    }
    await tell(app, id, decision.tell, entry === null);
    const { due } = decision.reservation;
    if (due !== null && due !== reservation.due && due <= armedUntil(app.clock.now())) {
      app.outbox.wake({ entity: { kind: "reservation", id: reservation.id }, due, by: "timer", group: id });
    }
    // Its nodes are booked now, and can be claimed.
    const { placed, count, nodes: own } = decision.reservation;
    const goesOn = preparesAt(decision.reservation) <= app.clock.now() || placed.length < count;
    if (calendars.length + claims.length > 0 && own.length < count && goesOn)
      app.outbox.wake({
        entity: { kind: "reservation", id: reservation.id },
        due: null,
        by: "engine",
        group: id,
      });
    if (claims.length > 0 || (reservation.placed.length < count && placed.length >= count))
      await wakeNext(app, reservation);
    return "changed";
  }
  throw new Contended(`reservation ${id} was changed by others ${decideAgainAtMost} times in a row`);
}

/**
 * Nodes are woken to look at their reservation. If one has to be told again, the first word may have been lost, and so
 * would be the next: it is looked at right here, so that no message at all is needed.
 */
async function tell(app: App, reservation: string, nodes: readonly NodeId[], again: boolean): Promise<void> {
  for (const id of nodes) {
    if (again)
      await advanceNode(app, id, { kind: "look", actor: { kind: "watchdog", name: "reservations" } });
    else app.outbox.wake({ entity: { kind: "node", id }, due: null, by: "engine", group: reservation });
  }
}

/** With what is free now, if that may do; only then with the whole class, which costs a hundred times as much to read. */
async function decided(
  app: App,
  reservation: Reservation,
  event: ReservationEvent,
  nodes: readonly NodeState[],
): Promise<ReservationDecision> {
  if (reservation.asap) {
    const context = await contextOf(app, reservation, event, nodes, "free nodes");
    const decision = decideReservation(reservation, event, context);
    const settled = decision.kind !== "nothing" && (decision.kind !== "commit" || decision.entry !== null);
    if (settled || !waitsForNodes(reservation)) return decision;
    const standing = await app.store.readMany("node", reservation.placed);
    if (!needsPlace(reservation, standing, app.clock.now())) return decision;
    const [first] = await app.store.pool(lineKey(reservation.class), 1);
    if (await isBehind(app, reservation, first)) return decision;
  }
  return decideReservation(reservation, event, await contextOf(app, reservation, event, nodes, "all nodes"));
}

const waitsForNodes = ({ state, nodes, count }: Reservation): boolean =>
  (state === "new" || state === "loading") && nodes.length < count;

/** From the index, then read strongly; those that have their image already are looked for among the first free ones. */
async function contextOf(
  app: App,
  reservation: Reservation,
  event: ReservationEvent,
  nodes: readonly NodeState[],
  among: "free nodes" | "all nodes",
): Promise<ReservationContext> {
  const { policy } = app;
  const now = app.clock.now();
  const quiet = { nodes, candidates: [], behindOthers: false, everyone: [], policy, now };
  if (event.kind === "extend") {
    const longer = { ...reservation, end: event.end };
    const own = reservation.nodes.length > 0 ? reservation.nodes : reservation.placed;
    return { ...quiet, calendars: await calendarsOf(app, own, longer) };
  }
  const waits = reservation.state === "new" || reservation.state === "loading";
  const held = nodes.filter((node) => reservationOf(node) === reservation.id).length;
  if (!waits || held >= reservation.count || event.kind === "end") return { ...quiet, calendars: new Map() };
  const [ids, [first], standing, ready] = await Promise.all([
    app.store.pool(
      freeKey(reservation.class),
      // Those that have what it needs may stand anywhere among the free ones.
      reservation.needs === undefined
        ? 2 * reservation.count + spareCandidates
        : Math.max(mostPlaces, 2 * reservation.count),
    ),
    app.store.pool(lineKey(reservation.class), 1),
    app.store.readMany("node", reservation.placed),
    app.store.read("stock", reservation.class),
  ]);
  const running = ready?.ready[reservation.revision] ?? [];
  const named = new Set([...reservation.prefer, ...reservation.placed, ...running, ...ids]);
  const free = await app.store.readMany("node", [...named]);
  const best = choose(free, reservation, 2 * (reservation.count - held) + fewMore);
  // The best may all be promised to others soon: its own place is always among them.
  const own = choose(standing, reservation, standing.length).filter(
    ({ id }) => !best.some((each) => each.id === id),
  );
  const candidates = [...own, ...best];
  const searches = among === "all nodes" && held === 0 && needsPlace(reservation, standing, now);
  const everyone = searches
    ? await app.store.readMany(
        "node",
        await app.store.pool(classKey(reservation.class), Math.max(mostPlaces, 2 * reservation.count)),
      )
    : [];
  // Too few are free, and its place stands: whatever the calendars say, there is nothing to do.
  const mayClaim = held > 0 ? candidates.length > 0 : candidates.length >= reservation.count;
  if (!mayClaim && !searches) return { ...quiet, calendars: new Map() };
  const wanted = [...candidates, ...everyone, ...standing].map(({ id }) => id);
  return {
    ...quiet,
    candidates,
    everyone,
    behindOthers: await isBehind(app, reservation, first),
    calendars: await calendarsOf(
      app,
      wanted,
      reservation,
      searches && reservation.asap ? policy.reservation.longestWaitMs : 0,
    ),
  };
}

/** Some that are free now may be promised to others soon. */
const fewMore = 4;

/** A place is looked for on so many nodes of its class. */
const mostPlaces = 200;

/** For the whole time that a reservation may want them, and so much longer; without what others have given back. */
export async function calendarsOf(
  app: App,
  ids: readonly NodeId[],
  reservation: Pick<Reservation, "start" | "end" | "leadMs" | "asap"> & { readonly id: ReservationId | null },
  longerMs = 0,
): Promise<Calendars> {
  const now = app.clock.now();
  const { from, to } = spanFrom(instant(Math.min(now, preparesAt(reservation))), reservation, app.policy);
  const lengthMs = reservation.end - reservation.start;
  const until = after(instant(Math.max(to, after(now, lengthMs), reservation.end)), longerMs);
  const periods = periodsOf({ from, to: until });
  const wanted = [...new Set(ids)].flatMap((node) => periods.map((period) => ({ node, period })));
  const stored = await app.store.readMany(
    "calendar",
    wanted.map(({ node, period }) => calendarId(node, period)),
  );
  const byId = new Map(stored.map((each) => [calendarId(each.node, each.period), each]));
  const ended = await endedAmong(app, stored, reservation.id);
  const all = wanted.map(({ node, period }) =>
    withoutEnded(byId.get(calendarId(node, period)) ?? emptyCalendar(node, period), ended),
  );
  return Map.groupBy(all, ({ node }) => node);
}

/** Which of the reservations that stand there have given back their time, and from when on. */
export async function endedAmong(
  app: App,
  calendars: readonly Calendar[],
  own: ReservationId | null,
): Promise<ReadonlyMap<ReservationId, Instant>> {
  const now = app.clock.now();
  const standing = new Set(
    calendars.flatMap(({ bookings }) => bookings.map(({ reservation }) => reservation)),
  );
  if (own !== null) standing.delete(own);
  const known = await app.store.readMany("reservation", [...standing]);
  const stands = new Map(known.map((each) => [each.id, each]));
  const ended = new Map<ReservationId, Instant>();
  for (const id of standing) {
    const state = stands.get(id)?.state ?? "complete";
    if (state === "complete" || state === "failed") ended.set(id, instant(1));
    else if (state === "reclaim") ended.set(id, after(now, app.policy.reservation.turnaroundMs));
  }
  return ended;
}

/** The index may lag: whoever seems to be first in line is asked whether he still waits. */
async function isBehind(app: App, reservation: Reservation, first: string | undefined): Promise<boolean> {
  if (first === undefined || first === reservation.id) return false;
  const other = await app.store.read("reservation", first);
  if (other === null || (other.state !== "new" && other.state !== "loading")) return false;
  // One that has a place is served in its time: whoever comes later may fill the gap before it.
  if (other.nodes.length >= other.count || other.placed.length >= other.count || other.passed) return false;
  return (
    other.createdAt < reservation.createdAt ||
    (other.createdAt === reservation.createdAt && other.id < reservation.id)
  );
}

/** One got its nodes: the next in line may have enough now, too. */
async function wakeNext(app: App, { id, class: nodeClass }: Reservation): Promise<void> {
  const line = await app.store.pool(lineKey(nodeClass), 2);
  const next = line.find((each) => each !== id);
  if (next !== undefined)
    app.outbox.wake({ entity: { kind: "reservation", id: next }, due: null, by: "engine", group: id });
}
