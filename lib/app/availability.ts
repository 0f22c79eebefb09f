/**
 * What can be had: by class the nodes that somebody can have at once for his whole time, and for a class that is named, from
 * when on there is enough. By the rules that a reservation gets its nodes by, so that nobody is shown what he would not get.
 */
import type { AvailabilityQuery } from "../contracts/api.ts";
import { classKey, freeKey } from "../contracts/keys.ts";
import type { AvailabilityView } from "../contracts/views.ts";
import { obstacle } from "../core/calendar/calendar.ts";
import { placeSoonest } from "../core/calendar/place.ts";
import type { MinimumHardware } from "../core/node/hardware.ts";
import { mayServe, spanFrom, untilFree } from "../core/reservation/placing.ts";
import { suits, type Wanted } from "../core/scheduling/allocate.ts";
import { after, minutes } from "../core/time.ts";
import { calendarsOf } from "./advance-reservation.ts";
import type { App } from "./app.ts";
import { everyLab } from "./sweep.ts";

const mostImages = 100;
/** Free nodes that are looked at: of every class, and of one that is named. */
const mostOfEach = 20;
const mostOfOne = 100;
const mostPlaces = 200;

/** `owner`: who asks. */
export async function viewAvailability(
  app: App,
  asked: AvailabilityQuery,
  owner: string,
): Promise<AvailabilityView> {
  const { store, clock, policy } = app;
  const now = clock.now();
  const { class: named, lab = null, tags = [], project = null } = asked;
  const lengthMs = minutes(asked.minutes);
  const times = { id: null, start: now, end: after(now, lengthMs), leadMs: 0, asap: true };
  const classes = new Set<string>();
  await everyLab(app, async (each) => {
    for (const name of each.classes) if (named === undefined || named === name) classes.add(name);
  });
  const { items: images } = await store.list("image", mostImages, null);
  return {
    classes: await Promise.all(
      [...classes].sort().map(async (name) => {
        const wanted: Wanted = {
          owner,
          project,
          createdAt: now,
          class: name,
          lab,
          tags,
          needs: needsIn(asked),
        };
        return {
          class: name,
          free: await countFree(wanted),
          soonest: named === name ? await soonest(wanted) : null,
        };
      }),
    ),
    images: images.filter(({ retired }) => retired === null).map(({ id }) => id),
  };

  async function countFree(wanted: Wanted): Promise<number> {
    const ids = await store.pool(freeKey(wanted.class), named === undefined ? mostOfEach : mostOfOne);
    const free = (await store.readMany("node", ids)).filter((node) => suits(node, wanted));
    const calendars = await calendarsOf(
      app,
      free.map(({ id }) => id),
      times,
    );
    const span = spanFrom(now, times, policy);
    return free.filter(({ id }) => obstacle(calendars.get(id) ?? [], span, null) === null).length;
  }

  async function soonest(wanted: Wanted): Promise<number | null> {
    const { turnaroundMs, longestWaitMs } = policy.reservation;
    const all = await store.readMany("node", await store.pool(classKey(wanted.class), mostPlaces));
    const everyone = all.filter((node) => mayServe(node, wanted));
    const calendars = await calendarsOf(
      app,
      everyone.map(({ id }) => id),
      times,
      longestWaitMs,
    );
    const candidates = everyone.map((node) => ({
      node: node.id,
      calendars: [...(calendars.get(node.id) ?? []), ...untilFree(node, turnaroundMs, now)],
      rank: 0,
    }));
    const wish = { count: asked.count, lengthMs, leadMs: 0, turnaroundMs };
    return placeSoonest(candidates, wish, { from: now, to: after(now, longestWaitMs) })?.start ?? null;
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
