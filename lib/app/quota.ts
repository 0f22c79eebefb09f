/** A reservation counts in its project's quota, in the very transaction that makes it or prolongs it. */
import { configurationFault, type Fault } from "../core/fault.ts";
import type { ProjectId, ReservationId } from "../core/ids.ts";
import { type Demand, refusal } from "../core/project.ts";
import { isOver } from "../core/reservation/reservation.ts";
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

export async function countIn({ store, clock }: App, asking: Asking): Promise<Counted> {
  if (asking.project === null) return { ok: true, writes: [] };
  const project = await store.read("project", asking.project);
  if (project === null) {
    const message = `there is no project ${asking.project}: leave it out, or ask an operator to make it`;
    return { ok: false, fault: configurationFault("project-unknown", message) };
  }
  const read = await Promise.all(
    project.live.filter((id) => id !== asking.id).map((id) => store.read("reservation", id)),
  );
  const others = read.filter((each) => each !== null).filter((each) => !isOver(each));
  const fault = refusal(project, asking.owner, asking, others, clock.now());
  if (fault !== null) return { ok: false, fault };
  const live = [...others.map(({ id }) => id), asking.id];
  const value = { ...project, version: project.version + 1, live };
  return { ok: true, writes: [{ kind: "project", value, expect: project.version }] };
}
