/** What can be had: by class the nodes that are free now, and for a class that is named, from when on there is enough. */
import type { AvailabilityQuery } from "../contracts/api.ts";
import { calendarId, classKey, freeKey } from "../contracts/keys.ts";
import type { AvailabilityView } from "../contracts/views.ts";
import { emptyCalendar, periodsOf } from "../core/calendar/calendar.ts";
import { type Candidate, placeSoonest } from "../core/calendar/place.ts";
import { after, minutes } from "../core/time.ts";
import type { App } from "./app.ts";
import { everyLab } from "./sweep.ts";

const mostCounted = 100;
const mostPlaces = 200;

export async function viewAvailability(app: App, asked: AvailabilityQuery): Promise<AvailabilityView> {
  const { store, clock } = app;
  const classes = new Set<string>();
  await everyLab(app, async (lab) => {
    for (const each of lab.classes) if (asked.class === undefined || asked.class === each) classes.add(each);
  });
  const { items: images } = await store.list("image", mostCounted, null);
  return {
    classes: await Promise.all(
      [...classes].sort().map(async (name) => {
        const free = (await store.pool(freeKey(name), mostCounted)).length;
        return { class: name, free, soonest: asked.class === name ? await soonest(app, asked) : null };
      }),
    ),
    images: images.filter(({ retired }) => retired === null).map(({ id }) => id),
  };

  /** By what is booked: a node that is broken or offline is not asked about. */
  async function soonest({ policy }: App, { class: name = "", count, minutes: length }: AvailabilityQuery) {
    const { turnaroundMs, longestWaitMs } = policy.reservation;
    const wish = { count, lengthMs: minutes(length), leadMs: 0, turnaroundMs };
    const window = { from: clock.now(), to: after(clock.now(), longestWaitMs) };
    const periods = periodsOf({ from: window.from, to: after(window.to, wish.lengthMs + turnaroundMs) });
    const candidates = await Promise.all(
      (await store.pool(classKey(name), mostPlaces)).map(async (id): Promise<Candidate | null> => {
        const node = await store.read("node", id);
        if (node === null || node.administrative.state === "offline" || node.openIssues.length > 0)
          return null;
        const calendars = await Promise.all(
          periods.map(
            async (period) =>
              (await store.read("calendar", calendarId(id, period))) ?? emptyCalendar(node.id, period),
          ),
        );
        return { node: node.id, calendars, rank: 0 };
      }),
    );
    const known = candidates.filter((each) => each !== null);
    return placeSoonest(known, wish, window)?.start ?? null;
  }
}
