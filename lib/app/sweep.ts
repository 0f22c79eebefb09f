/**
 * The watchdogs' work: find what is overdue and wake it. Bounded per tick and fair between labs; assumes that every timer
 * was lost. It decides nothing: whoever is woken looks for himself.
 */
import { isSilent } from "../core/hands.ts";
import type { Lab } from "../core/lab.ts";
import type { Wake } from "../ports/queue.ts";
import type { Page } from "../ports/store.ts";
import type { App } from "./app.ts";

/** Per lab and tick: a lab where everything is late gets no more attention than any other. */
const overduePerScope = 100;

/** Every lab, in order, page by page. */
export async function everyLab(app: App, visit: (lab: Lab) => Promise<void>): Promise<void> {
  let from: string | null = null;
  do {
    const page: Page<Lab> = await app.store.list("lab", 100, from);
    for (const lab of page.items) await visit(lab);
    from = page.next;
  } while (from !== null);
}

/** A silent lab is passed by: its nodes' clocks stand still, and whoever finds it back looks at them (`watchLabs`). */
export async function sweepNodes(app: App): Promise<{ labs: number; silent: number; woken: number }> {
  const seen = { labs: 0, silent: 0, woken: 0 };
  await everyLab(app, async (lab) => {
    seen.labs += 1;
    const controllers = await Promise.all(lab.controllers.map((id) => app.store.read("controller", id)));
    if (isSilent(controllers)) seen.silent += 1;
    else seen.woken += await sweepScope(app, lab.id);
  });
  return seen;
}

export const sweepReservations = async (app: App): Promise<{ woken: number }> => ({
  woken: await sweepScope(app, "reservations"),
});

/** Wakes what is overdue in one scope, oldest first. */
export async function sweepScope(app: App, scope: string): Promise<number> {
  const now = app.clock.now();
  const overdue = await app.store.due(scope, now, overduePerScope);
  const wakes = overdue.map((entity): Wake => ({ entity, due: null, by: "watchdog" }));
  if (wakes.length > 0) await app.queue.wake(wakes, now);
  return wakes.length;
}
