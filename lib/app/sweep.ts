/**
 * The watchdogs' work: find what is overdue and wake it. Bounded per tick and fair between labs; assumes that every timer
 * was lost. It decides nothing: whoever is woken looks for himself.
 */
import type { Wake } from "../ports/queue.ts";
import type { App } from "./app.ts";

/** Per lab and tick: a lab where everything is late gets no more attention than any other. */
const overduePerScope = 100;

export async function sweepNodes(app: App): Promise<{ labs: number; woken: number }> {
  let labs = 0;
  let woken = 0;
  let from: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof app.store.list<"lab">>> = await app.store.list("lab", 100, from);
    for (const { id } of page.items) {
      labs += 1;
      woken += await sweepScope(app, id);
    }
    from = page.next;
  } while (from !== null);
  return { labs, woken };
}

export const sweepReservations = async (app: App): Promise<{ woken: number }> => ({
  woken: await sweepScope(app, "reservations"),
});

async function sweepScope(app: App, scope: string): Promise<number> {
  const now = app.clock.now();
  const overdue = await app.store.due(scope, now, overduePerScope);
  const wakes = overdue.map((entity): Wake => ({ entity, due: null, by: "watchdog" }));
  if (wakes.length > 0) await app.queue.wake(wakes, now);
  return wakes.length;
}
