/**
 * A reservation is followed by long poll: the answer comes as soon as something has happened to it or to one of its nodes
 * since the last one, at the latest after the time that the caller waits. What happens is an entry of a timeline.
 */
import type { ProgressView } from "../contracts/reservation-views.ts";
import { type NodeState, reservationOf } from "../core/node/node.ts";
import type { Reservation } from "../core/reservation/reservation.ts";
import { after, type Instant, type Ms } from "../core/time.ts";
import type { App } from "./app.ts";
import { viewArrival, viewNodes } from "./views.ts";

export interface Follow {
  /** What the last answer gave; 0: the first question, which is answered at once. */
  readonly seen: number;
  readonly waitMs: Ms;
  readonly sleep: (span: Ms) => Promise<void>;
}

const lookAgainMs: Ms = 1000;

/** Null: there is no such reservation. */
export async function followProgress(
  { store, clock }: Pick<App, "store" | "clock">,
  id: string,
  { seen, waitMs, sleep }: Follow,
): Promise<ProgressView | null> {
  const until = after(clock.now(), waitMs);
  for (;;) {
    const reservation = await store.read("reservation", id);
    if (reservation === null) return null;
    const nodes = await store.readMany("node", reservation.nodes);
    const now = clock.now();
    if (now >= until || (await hasHappened(store, reservation, nodes, seen)))
      return view(store, reservation, nodes, now);
    await sleep(Math.min(lookAgainMs, left(now, until)));
  }
}

const left = (now: Instant, until: Instant): Ms => Math.max(1, until - now);

/**
 * What a caller has seen, in one number that only grows: the reservation's version before the sum of its nodes' versions. Its
 * nodes are others only with another version of itself, and each node's version grows. At rest it has no nodes.
 */
const place = 1_000_000_000;
const sumOf = ({ state }: Reservation, nodes: readonly NodeState[]): number =>
  state === "complete" || state === "failed" ? 0 : nodes.reduce((sum, { version }) => sum + version, 0);

/** A version may come without an entry: then only the next look at the reservation was put off. */
async function hasHappened(
  store: App["store"],
  reservation: Reservation,
  nodes: readonly NodeState[],
  seen: number,
): Promise<boolean> {
  const version = Math.floor(seen / place);
  if (sumOf(reservation, nodes) !== seen % place) return true;
  if (reservation.version === version) return false;
  const entries = await store.timeline({ kind: "reservation", id: reservation.id }, version, 1);
  return entries.length > 0;
}

async function view(
  store: App["store"],
  reservation: Reservation,
  nodes: readonly NodeState[],
  now: Instant,
): Promise<ProgressView> {
  const { id, state, since, end, cause, version } = reservation;
  const own = nodes.filter((node) => reservationOf(node) === id);
  const views = await viewNodes(store, own);
  return {
    reservation: id,
    state,
    since,
    end,
    expected: await viewArrival(store, reservation, own, now),
    cause: cause === null ? null : { code: cause.code, message: cause.message },
    nodes: views.map((each) => {
      const { job } = each;
      return {
        id: each.id,
        state: each.state,
        phase: each.phase.name,
        step: job?.step ?? null,
        awaits: job?.awaits ?? null,
        until: job?.until ?? null,
        percent: percentOf(job?.doneBytes ?? null, job?.totalBytes ?? null),
      };
    }),
    after: version * place + sumOf(reservation, nodes),
  };
}

const percentOf = (done: number | null, total: number | null): number | null =>
  done === null || total === null || total === 0 ? null : Math.floor((100 * done) / total);
