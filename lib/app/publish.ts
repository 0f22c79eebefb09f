/** What has changed in the table becomes events on the bus. */
import { type Event, type EventType, eventSchema, isEventType } from "../contracts/events.ts";
import type { Change } from "../contracts/stream.ts";
import { reservationIdOf } from "../core/block.ts";
import type { TimelineEntry } from "../core/timeline.ts";
import type { Bus } from "../ports/bus.ts";
import type { Log } from "../ports/clock.ts";
import type { Records } from "../ports/store.ts";

/** A timeline says what a node's state became; what does not change the state is told as what it was. */
function typeOf({ entity, from, to, notice, correction }: TimelineEntry): EventType {
  const state = `${entity.kind}.${to}`;
  if (from === "unidentified" && to === "enrolled") return "node.identified";
  if (from !== to && isEventType(state)) return state;
  if (entity.kind === "reservation" && notice !== undefined) return `reservation.${notice}`;
  if (entity.kind === "node" && correction !== null) return "node.corrected";
  return `${entity.kind}.noted`;
}

/** Evidence stays behind: it may hold what a node's console printed. */
export function eventOf(change: Change, lab: string | null): Event {
  if (change.kind === "image") {
    const { id, version, production, retired } = change.value;
    return {
      ...blank,
      id: `image/${id}#${version}`,
      // Only an image that was made of a node begins as one that nobody can have.
      type: retired === null ? "image.registered" : version === 1 ? "image.captured" : "image.retired",
      at: change.at,
      sequence: version,
      image: id,
      revision: production,
      why: retired ?? `${production} is what is loaded from now on`,
    };
  }
  if (change.kind === "block") {
    const { id, version } = change.value;
    const { index, at, code, reason } = change.time;
    return {
      ...blank,
      id: `block/${id}#${version}`,
      type: "block.refused",
      at,
      sequence: version,
      reservation: reservationIdOf(id, index),
      why: reason,
      cause: code,
    };
  }
  const entry = change.value;
  const { entity, sequence, at, from, to, phase, why, actor, reservation, cause, correction } = entry;
  return {
    ...blank,
    id: `${entity.kind}/${entity.id}#${sequence}`,
    type: typeOf(entry),
    at,
    sequence,
    node: entity.kind === "node" ? entity.id : null,
    lab,
    reservation,
    from: from === nowhere ? null : from,
    to,
    phase,
    why,
    by: actor,
    cause: cause ?? null,
    correction,
  };
}

/** What a timeline calls the state before the first. */
const nowhere = "(none)";

const blank = {
  schema: eventSchema,
  node: null,
  lab: null,
  reservation: null,
  image: null,
  revision: null,
  from: null,
  to: null,
  phase: null,
  by: null,
  cause: null,
  correction: null,
} as const;

export type LabOf = (node: string) => Promise<string | null>;

/** A node never moves to another lab, so each is read once by whoever keeps this. */
export function labFinder(store: Pick<Records, "read">): LabOf {
  const known = new Map<string, string>();
  return async (node) => {
    const lab = known.get(node) ?? (await store.read("node-spec", node))?.lab ?? null;
    if (lab !== null) known.set(node, lab);
    return lab;
  };
}

/** Answers which of the changes the bus has not taken. Publishing one again is harmless: its event has the same id. */
export async function publishChanges(
  { bus, log, labOf }: { readonly bus: Bus; readonly log: Log; readonly labOf: LabOf },
  changes: readonly Change[],
): Promise<ReadonlySet<Change>> {
  const events = new Map<Event, Change>();
  for (const change of changes) {
    const entity = change.kind === "timeline" ? change.value.entity : null;
    const lab = entity?.kind === "node" ? await labOf(entity.id) : null;
    events.set(eventOf(change, lab), change);
  }
  const left = new Set<Change>();
  for (const { event, reason } of await bus.publish([...events.keys()])) {
    log.warn("an event was not taken and comes again", { event: event.id, type: event.type, reason });
    const change = events.get(event);
    if (change !== undefined) left.add(change);
  }
  return left;
}
