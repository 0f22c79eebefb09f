/** Look at a reservation and its nodes: the same shape as for a node. Claims are part of its one transaction. */

import { freeKey, lineKey } from "../contracts/stored.ts";
import type { NodeId } from "../core/ids.ts";
import { type NodeState, reservationOf } from "../core/node/node.ts";
import type { ReservationEvent } from "../core/reservation/decide.ts";
import { decideReservation } from "../core/reservation/decide.ts";
import type { Reservation } from "../core/reservation/reservation.ts";
import { choose } from "../core/scheduling/allocate.ts";
import type { Instant } from "../core/time.ts";
import type { Write } from "../ports/store.ts";
import { advanceNode } from "./advance-node.ts";
import { type App, Contended, decideAgainAtMost } from "./app.ts";

export type Advanced = "changed" | "unchanged" | "unknown-reservation" | "stale-timer";

/** How many free nodes are read to choose from, beyond those that are needed: some may be gone, or lack a tag. */
const spareCandidates = 20;

export async function advanceReservation(
  app: App,
  id: string,
  event: ReservationEvent,
  { timer = null }: { timer?: Instant | null } = {},
): Promise<Advanced> {
  for (let round = 0; round < decideAgainAtMost; round += 1) {
    const reservation = await app.store.read("reservation", id);
    if (reservation === null) return "unknown-reservation";
    if (timer !== null && reservation.due !== timer) return "stale-timer";
    const nodes = present(await Promise.all(reservation.nodes.map((node) => app.store.read("node", node))));
    const decision = decideReservation(reservation, event, {
      nodes,
      ...(await candidatesFor(app, reservation, nodes)),
      policy: app.policy,
      now: app.clock.now(),
    });
    if (decision.kind === "nothing") return "unchanged";
    const { entry, claims } = decision;
    const writes: Write[] = [
      { kind: "reservation", value: decision.reservation, expect: reservation.version },
      ...(entry === null ? [] : [{ kind: "timeline", value: entry, expect: "absent" } as const]),
      ...claims.flatMap((claim): Write[] => [
        { kind: "node", value: claim.node, expect: claim.node.version - 1 },
        { kind: "timeline", value: claim.entry, expect: "absent" },
      ]),
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
    await tell(app, decision.tell, entry === null);
    const { due } = decision.reservation;
    if (due !== null && due !== reservation.due) {
      app.outbox.wake({ entity: { kind: "reservation", id: reservation.id }, due, by: "timer" });
    }
    if (claims.length > 0) await wakeNext(app, reservation);
    return "changed";
  }
  throw new Contended(`reservation ${id} was changed by others ${decideAgainAtMost} times in a row`);
}

/**
 * Nodes are woken to look at their reservation. If one has to be told again, the first word may have been lost, and so
 * would be the next: it is looked at right here, so that no message at all is needed.
 */
async function tell(app: App, nodes: readonly NodeId[], again: boolean): Promise<void> {
  for (const id of nodes) {
    if (again)
      await advanceNode(app, id, { kind: "look", actor: { kind: "watchdog", name: "reservations" } });
    else app.outbox.wake({ entity: { kind: "node", id }, due: null, by: "engine" });
  }
}

const present = (nodes: readonly (NodeState | null)[]): readonly NodeState[] =>
  nodes.filter((node): node is NodeState => node !== null);

/** From the index, then read strongly; those that have their image already are looked for among the first free ones. */
async function candidatesFor(app: App, reservation: Reservation, nodes: readonly NodeState[]) {
  const waits = reservation.state === "new" || reservation.state === "loading";
  const held = nodes.filter((node) => reservationOf(node) === reservation.id).length;
  if (!waits || held >= reservation.count) return { candidates: [], behindOthers: false };
  const [ids, [first]] = await Promise.all([
    app.store.pool(freeKey(reservation.class), 2 * reservation.count + spareCandidates),
    app.store.pool(lineKey(reservation.class), 1),
  ]);
  const named = new Set([...reservation.prefer, ...ids]);
  const candidates = present(await Promise.all([...named].map((id) => app.store.read("node", id))));
  return {
    candidates: choose(candidates, reservation, candidates.length),
    behindOthers: await isBehind(app, reservation, first),
  };
}

/** The index may lag: whoever seems to be first in line is asked whether he still waits. */
async function isBehind(app: App, reservation: Reservation, first: string | undefined): Promise<boolean> {
  if (first === undefined || first === reservation.id) return false;
  const other = await app.store.read("reservation", first);
  if (other === null || (other.state !== "new" && other.state !== "loading")) return false;
  if (other.nodes.length >= other.count) return false;
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
    app.outbox.wake({ entity: { kind: "reservation", id: next }, due: null, by: "engine" });
}
