/** What a decision about a reservation is made from, and what it is made of. */
import type { Calendar } from "../calendar/calendar.ts";
import type { Policy } from "../correction/policy.ts";
import type { Fault } from "../fault.ts";
import type { NodeId } from "../ids.ts";
import type { Actor, NodeState } from "../node/node.ts";
import { after, earliest, type Instant } from "../time.ts";
import type { Notice, TimelineEntry } from "../timeline.ts";
import { connectBy, warnAt } from "./attendance.ts";
import { type Calendars, preparesAt } from "./placing.ts";
import type { Reservation, ReservationState } from "./reservation.ts";

export type ReservationEvent =
  | { readonly kind: "look"; readonly actor: Actor }
  | { readonly kind: "end"; readonly reason: string; readonly actor: Actor }
  /** It is to end then, not earlier than now and not before what it has already. */
  | { readonly kind: "extend"; readonly end: Instant; readonly actor: Actor };

export interface ReservationContext {
  /** Its nodes, read strongly; one that has gone elsewhere is in here too. */
  readonly nodes: readonly NodeState[];
  /** Free nodes of its class, read strongly. */
  readonly candidates: readonly NodeState[];
  /** An earlier reservation of the class waits and has no place yet: it comes first. */
  readonly behindOthers: boolean;
  /** Of its nodes, of the candidates and of everyone. */
  readonly calendars: Calendars;
  /** Nodes that it could be placed on, whatever they are doing; empty where its place need not be found. */
  readonly everyone: readonly NodeState[];
  readonly policy: Policy;
  readonly now: Instant;
}

export interface Claim {
  readonly node: NodeState;
  readonly entry: TimelineEntry;
}

export type ReservationDecision =
  | { readonly kind: "nothing" }
  /** What was asked for cannot be, and why; nothing has changed. */
  | { readonly kind: "refused"; readonly fault: Fault }
  | {
      readonly kind: "commit";
      readonly reservation: Reservation;
      /** Null where only the next look was put off: that is no transition. */
      readonly entry: TimelineEntry | null;
      readonly claims: readonly Claim[];
      /** To be written in the same transaction, each on its version. */
      readonly calendars: readonly Calendar[];
      /** To be woken after the commit. */
      readonly tell: readonly NodeId[];
    };

/** Nothing has changed; if its time to be looked at has come, that time moves on. */
export function lookAgainLater(
  reservation: Reservation,
  { now, policy }: ReservationContext,
  tell: readonly NodeState[],
): ReservationDecision {
  if (reservation.due !== null && reservation.due > now) return { kind: "nothing" };
  return {
    kind: "commit",
    reservation: {
      ...reservation,
      version: reservation.version + 1,
      due: dueOf(reservation, policy, now),
    },
    entry: null,
    claims: [],
    calendars: [],
    tell: tell.map(({ id }) => id),
  };
}

/** A reservation that is handed over waits for its end, and for what has to be done before; any other is looked at now and then, whatever messages get lost. */
export function dueOf(reservation: Reservation, policy: Policy, now: Instant): Instant | null {
  const { state, nodes, placed, count, asap, end, readyBy } = reservation;
  const again = after(now, policy.reservation.lookAgainMs);
  switch (state) {
    case "complete":
    case "failed":
      return null;
    case "reserved":
    case "in-use":
      return earliest(end, warnAt(reservation, policy), connectBy(reservation, policy));
    case "new":
    case "loading": {
      const waits = nodes.length === 0 && placed.length >= count;
      const begins = preparesAt(reservation);
      // Nodes may be lost before their time: now and then somebody looks whether its place still holds.
      if (waits && !asap && begins > now) return earliest(begins, after(now, placeCheckMs));
      // One that waits takes its place the moment that it begins.
      if (waits && asap && begins > now) return earliest(again, begins, readyBy);
      return earliest(again, readyBy, asap && nodes.length === 0 ? null : end);
    }
    case "reclaim":
      return again;
  }
}

const placeCheckMs = 3_600_000;

export function commit(
  changed: Reservation,
  before: Reservation,
  state: ReservationState,
  actor: Actor,
  { policy, now }: ReservationContext,
  why: string,
  also: {
    readonly claims?: readonly Claim[];
    readonly calendars?: readonly Calendar[];
    readonly tell?: readonly NodeId[];
    readonly notice?: Notice;
  },
): ReservationDecision {
  const moved = state !== before.state;
  const next: Reservation = {
    ...changed,
    version: before.version + 1,
    state,
    last: moved ? before.state : before.last,
    since: moved ? now : before.since,
  };
  return {
    kind: "commit",
    reservation: { ...next, due: dueOf(next, policy, now) },
    entry: {
      entity: { kind: "reservation", id: before.id },
      sequence: next.version,
      at: now,
      actor,
      from: before.state,
      to: state,
      phase: null,
      why,
      evidence: null,
      reservation: before.id,
      job: null,
      attempt: null,
      command: null,
      correction: null,
      proposed: null,
      ...(moved ? { tookMs: now - before.since } : {}),
      ...(also.notice === undefined ? {} : { notice: also.notice }),
      ...(next.cause === null ? {} : { cause: next.cause.code }),
    },
    claims: also.claims ?? [],
    calendars: also.calendars ?? [],
    tell: also.tell ?? [],
  };
}
