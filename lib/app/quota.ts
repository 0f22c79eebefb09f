/** A reservation counts in a quota, its project's or its owner's own, in the very transaction that makes or prolongs it. */
import { configurationFault, type Fault } from "../core/fault.ts";
import type { ProjectId, ReservationId } from "../core/ids.ts";
import type { Actor } from "../core/node/node.ts";
import { type Demand, personalRefusal, refusal } from "../core/project.ts";
import { isOver, type Reservation } from "../core/reservation/reservation.ts";
import type { Write } from "../ports/store.ts";
import type { App } from "./app.ts";

export interface Asking extends Demand {
  readonly id: ReservationId;
  readonly owner: string;
  readonly project: ProjectId | null;
}

export type Counted =
  /** To be written with what was asked for: whoever asks at the same moment is then counted anew. */
  { readonly ok: true; readonly writes: readonly Write[] } | { readonly ok: false; readonly fault: Fault };

/** Without a project a user has the quota of a person; operators, and whoever may send jobs, have none. */
export const isBound = ({ kind }: Actor): boolean => kind === "user";

/** `bound`: whether it counts in its owner's own quota if it is in no project's name. */
export function countIn(app: App, asking: Asking, bound: boolean): Promise<Counted> {
  if (asking.project !== null) return countInProject(app, asking, asking.project);
  return bound ? countForPerson(app, asking) : Promise.resolve({ ok: true, writes: [] });
}

async function countInProject(app: App, asking: Asking, id: ProjectId): Promise<Counted> {
  const project = await app.store.read("project", id);
  if (project === null) {
    const message = `there is no project ${id}: leave it out, or ask an operator to make it`;
    return { ok: false, fault: configurationFault("project-unknown", message) };
  }
  const others = await othersOf(app, project.live, asking);
  const fault = refusal(project, asking.owner, asking, others, app.clock.now());
  if (fault !== null) return { ok: false, fault };
  const value = { ...project, version: project.version + 1, live: liveWith(others, asking) };
  return { ok: true, writes: [{ kind: "project", value, expect: project.version }] };
}

async function countForPerson(app: App, asking: Asking): Promise<Counted> {
  const { owner } = asking;
  const known = await app.store.read("person", owner);
  const others = await othersOf(app, known?.live ?? [], asking);
  const fault = personalRefusal(owner, app.policy.reservation.personal, asking, others, app.clock.now());
  if (fault !== null) return { ok: false, fault };
  const value = { id: owner, version: (known?.version ?? 0) + 1, live: liveWith(others, asking) };
  return { ok: true, writes: [{ kind: "person", value, expect: known?.version ?? "absent" }] };
}

/** What is not over of those that were counted before, without the one that asks. */
async function othersOf(
  { store }: App,
  live: readonly ReservationId[],
  asking: Asking,
): Promise<readonly Reservation[]> {
  const read = await store.readMany(
    "reservation",
    live.filter((id) => id !== asking.id),
  );
  return read.filter((each) => !isOver(each));
}

const liveWith = (others: readonly Reservation[], asking: Asking): readonly ReservationId[] => [
  ...others.map(({ id }) => id),
  asking.id,
];
