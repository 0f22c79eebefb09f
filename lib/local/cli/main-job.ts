/** The main job, as a portal does it: import the lab and an image, reserve nodes, follow them, give them back. */

import type { LabFile } from "../../contracts/lab-file.ts";
import type { ReservationView } from "../../contracts/reservation-views.ts";
import type { ApiClient } from "./api-client.ts";
import type { Reporter } from "./reporter.ts";

const lookEveryMs = 250;

export interface MainJob {
  readonly api: ApiClient;
  readonly reporter: Reporter;
  readonly sleep: (ms: number) => Promise<void>;
  readonly now: () => number;
  /** Set when the person wants to stop. */
  readonly stopping: () => boolean;
}

/** The lab is in, and each of its nodes was inspected. */
export async function prepareLab({ api, reporter, sleep, stopping }: MainJob, lab: LabFile): Promise<void> {
  const imported = await api.importLab(lab);
  if (imported.refused.length > 0) throw new Error(`lab ${lab.lab}: ${imported.refused.join("; ")}`);
  while (!stopping()) {
    const nodes = await api.nodes();
    const counts = new Map<string, number>();
    for (const { state } of nodes) counts.set(state, (counts.get(state) ?? 0) + 1);
    if (!counts.has("enrolled")) {
      const states = [...counts].map(([state, count]) => `${count} ${state}`).join(", ");
      reporter.say(`Lab ${lab.lab}: ${nodes.length} nodes, ${states}`);
      return;
    }
    await sleep(lookEveryMs);
  }
}

/** Follows a reservation, telling what happens to it and its nodes, until `until` holds. */
export async function follow(
  { api, reporter, sleep, now, stopping }: MainJob,
  id: string,
  told: Map<string, number>,
  until: (view: ReservationView) => boolean,
): Promise<ReservationView> {
  for (;;) {
    const view = await api.reservation(id);
    // Told before the last frame, so that the end is never missing its reason.
    await tellNews(api, reporter, told, "reservations", id, view.version);
    for (const node of view.nodes) {
      // What happened to the node before it was claimed belongs to somebody else's story.
      if (!told.has(`nodes ${node.id}`)) told.set(`nodes ${node.id}`, await firstOf(api, node.id, id));
    }
    for (const key of told.keys()) {
      const [kind, name] = key.split(" ");
      if (kind === "nodes" && name !== undefined) await tellNews(api, reporter, told, kind, name, null);
    }
    reporter.frame(view, now());
    if (until(view) || stopping()) return view;
    await sleep(lookEveryMs);
  }
}

async function firstOf(api: ApiClient, node: string, reservation: string): Promise<number> {
  let after = 0;
  for (;;) {
    const entries = await api.timeline("nodes", node, after);
    const first = entries.find((entry) => entry.reservation === reservation);
    if (first !== undefined) return first.sequence - 1;
    const last = entries.at(-1);
    if (last === undefined) return after;
    after = last.sequence;
  }
}

async function tellNews(
  api: ApiClient,
  reporter: Reporter,
  told: Map<string, number>,
  kind: "nodes" | "reservations",
  id: string,
  version: number | null,
): Promise<void> {
  const key = `${kind} ${id}`;
  const after = told.get(key) ?? 0;
  if (version !== null && version <= after) return;
  for (const entry of await api.timeline(kind, id, after)) {
    reporter.event(entry);
    told.set(key, entry.sequence);
  }
}

export const isAtRest = ({ state }: ReservationView): boolean => state === "complete" || state === "failed";
export const isHandedOver = ({ state }: ReservationView): boolean =>
  state === "reserved" || state === "in-use";

/** The last line of `--once --json`. */
export const resultOf = (view: ReservationView, nodes: number) => ({
  reservation: view.id,
  state: view.state,
  nodes,
  readySeconds: view.readyAt === null ? null : (view.readyAt - view.createdAt) / 1000,
  correctiveReboots: view.correctiveReboots,
  ...(view.cause === null ? {} : { reason: view.cause.message }),
});
