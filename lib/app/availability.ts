/** What can be had: by class the nodes that are free now, and for a class that is named, from when on there is enough. */
import type { AvailabilityQuery } from "../contracts/api.ts";
import { calendarId, classKey, freeKey } from "../contracts/keys.ts";
import type { AvailabilityView } from "../contracts/views.ts";
import { emptyCalendar, periodsOf } from "../core/calendar/calendar.ts";
import { type Candidate, placeSoonest } from "../core/calendar/place.ts";
import { type MinimumHardware, minimumText, suffices } from "../core/node/hardware.ts";
import { after, minutes } from "../core/time.ts";
import type { App } from "./app.ts";
import { everyLab } from "./sweep.ts";

const mostCounted = 100;
const mostPlaces = 200;

export async function viewAvailability(app: App, asked: AvailabilityQuery): Promise<AvailabilityView> {
  const { store, clock } = app;
  const needs = needsIn(asked);
  const classes = new Set<string>();
  await everyLab(app, async (lab) => {
    for (const each of lab.classes) if (asked.class === undefined || asked.class === each) classes.add(each);
  });
  const { items: images } = await store.list("image", mostCounted, null);
  return {
    classes: await Promise.all(
      [...classes].sort().map(async (name) => {
        const free = await countFree(app, name, needs);
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
        if (!suffices(node.capacity, needs)) return null;
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

function needsIn({ cpus, memoryMiB, diskGiB, nics, features }: AvailabilityQuery): MinimumHardware {
  return {
    ...(cpus === undefined ? {} : { cpus }),
    ...(memoryMiB === undefined ? {} : { memoryMiB }),
    ...(diskGiB === undefined ? {} : { diskGiB }),
    ...(nics === undefined ? {} : { nics }),
    ...(features === undefined ? {} : { features }),
  };
}

/** The index knows how many are free; what they have stands with each of them. */
async function countFree({ store }: App, nodeClass: string, needs: MinimumHardware): Promise<number> {
  const ids = await store.pool(freeKey(nodeClass), mostCounted);
  if (minimumText(needs) === "") return ids.length;
  const nodes = await store.readMany("node", ids);
  return nodes.filter(({ capacity }) => suffices(capacity, needs)).length;
}
