/**
 * The watchdogs' work: find what is overdue and wake it. Bounded per tick and fair between labs; assumes that every timer
 * was lost. It decides nothing: whoever is woken looks for himself.
 */
import { isSilent } from "../core/hands.ts";
import type { LabId } from "../core/ids.ts";
import type { Lab } from "../core/lab.ts";
import type { GroupedWake } from "../ports/queue.ts";
import type { Page } from "../ports/store.ts";
import type { App } from "./app.ts";
import { armedUntil } from "./timers.ts";

/** Per lab at first: a lab where everything is late gets no more attention than any other. */
const overdueAtFirst = 100;
/** Then, when every lab has had that: so many in all, so that a thousand that are late at once wait for no second tick. */
const overduePerScope = 1_000;
/** In one tick, over all labs. What is left is looked at first a minute later. */
const overduePerTick = 5_000;
/** A tick visits so many labs at most: with more than that, each is visited every few minutes. */
const labsPerTick = 200;
const labsPerPage = 25;

/** Every lab, in order, page by page. For people: a watchdog takes some of them, in turn (`labsInTurn`). */
export async function everyLab(app: App, visit: (lab: Lab) => Promise<void>): Promise<void> {
  let from: string | null = null;
  do {
    const page: Page<Lab> = await app.store.list("lab", 100, from);
    for (const lab of page.items) await visit(lab);
    from = page.next;
  } while (from !== null);
}

/**
 * A watchdog's labs of one tick: it begins where the last tick ended, so that no lab is left out for ever, and ends after
 * `labsPerTick`, or when it has seen `enough`. Two at once look at the same labs, which is harmless.
 */
export async function labsInTurn(
  app: App,
  watchdog: string,
  visit: (lab: Lab) => Promise<void>,
  enough: () => boolean = () => false,
): Promise<void> {
  let page: Page<Lab> = await app.store.list("lab", labsPerPage, null);
  // A few labs are one page: where the last tick ended need not be asked.
  const cursor = page.next === null ? null : await app.store.read("cursor", watchdog);
  const begun = cursor?.from ?? null;
  if (begun !== null) page = await app.store.list("lab", labsPerPage, begun);
  let visited = 0;
  let from: string | null;
  for (;;) {
    for (const lab of page.items) await visit(lab);
    visited += page.items.length;
    from = page.next;
    if (from === null || visited >= labsPerTick || enough()) break;
    page = await app.store.list("lab", labsPerPage, from);
  }
  if (from !== begun)
    await app.store.commit([{ kind: "cursor", value: { id: watchdog, from }, expect: "any" }]);
}

/** What a tick did: so many were overdue and are looked at now, of so many the timer was armed. */
type Swept = { readonly woken: number; readonly armed: number };

/** A silent lab is passed by: its nodes' clocks stand still, and whoever finds it back looks at them (`watchLabs`). */
export async function sweepNodes(app: App): Promise<Swept & { labs: number; silent: number }> {
  const seen = { labs: 0, silent: 0, woken: 0, armed: 0 };
  const crowded: LabId[] = [];
  const left = (): number => overduePerTick - seen.woken - seen.armed;
  const sweep = async (lab: LabId, range: { most: number; after?: number }): Promise<number> => {
    const { woken, armed } = await sweepScope(app, lab, range);
    seen.woken += woken;
    seen.armed += armed;
    return woken + armed;
  };
  const visit = async (lab: Lab): Promise<void> => {
    seen.labs += 1;
    const controllers = await Promise.all(lab.controllers.map((id) => app.store.read("controller", id)));
    if (isSilent(controllers)) {
      seen.silent += 1;
      return;
    }
    if ((await sweep(lab.id, { most: overdueAtFirst })) === overdueAtFirst) crowded.push(lab.id);
  };
  await labsInTurn(app, "stuck-nodes", visit, () => left() <= 0);
  // What is left of the tick is shared by those that need more.
  for (const [index, lab] of crowded.entries()) {
    const share = Math.floor(left() / (crowded.length - index));
    const most = Math.min(overduePerScope, overdueAtFirst + share);
    if (most > overdueAtFirst) await sweep(lab, { most, after: overdueAtFirst });
  }
  return seen;
}

export const sweepReservations = (app: App): Promise<Swept> => sweepScope(app, "reservations");

/**
 * Wakes what is overdue in one scope, oldest first, and arms the timers of what falls due soon; `after`: but for the first so
 * many.
 */
export async function sweepScope(
  app: App,
  scope: string,
  { most = overduePerScope, after = 0 }: { readonly most?: number; readonly after?: number } = {},
): Promise<Swept> {
  const now = app.clock.now();
  const found = (await app.store.due(scope, armedUntil(now), most)).slice(after);
  const wakes = found.map(({ due, ...entity }): GroupedWake => {
    const isOver = due <= now;
    return { entity, due: isOver ? null : due, by: isOver ? "watchdog" : "timer", group: scope };
  });
  if (wakes.length > 0) await app.queue.wake(wakes, now);
  const woken = wakes.filter(({ due }) => due === null).length;
  return { woken, armed: wakes.length - woken };
}
