/** The flight recorder: all that is known of a node, for whoever has to find out what happened to it. It reads alone. */
import { calendarId, leaseId } from "../contracts/keys.ts";
import { type FlightRecord, flightRecordSchema } from "../contracts/operate.ts";
import { periodsOf } from "../core/calendar/calendar.ts";
import { reservationOf } from "../core/node/node.ts";
import { after, type Instant } from "../core/time.ts";
import type { TimelineEntry } from "../core/timeline.ts";
import type { Clock } from "../ports/clock.ts";
import type { Store } from "../ports/store.ts";

const page = 1000;
/** What came before is in the logs and on the event bus. */
const mostEntries = 2000;
/** Jobs from outside that the timeline names, the latest. */
const mostJobs = 20;

/** Null: there is no such node. Nothing secret is in it: credentials have names here, and nothing else. */
export async function flightRecord(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  id: string,
): Promise<FlightRecord | null> {
  const node = await store.read("node", id);
  if (node === null) return null;
  const now = clock.now();
  const held = reservationOf(node);
  const [spec, progress, lab, budget, reservation, issues, calendar, timeline] = await Promise.all([
    store.read("node-spec", id),
    store.read("progress", id),
    store.read("lab", node.lab),
    store.read("budget", node.lab),
    held === null ? null : store.read("reservation", held),
    store.issues(id),
    calendarOf(store, id, now),
    timelineOf(store, id),
  ]);
  const named = [...new Set(timeline.entries.map(({ job }) => job).filter((job) => job !== null))];
  const [controllers, jobs, lease] = await Promise.all([
    Promise.all((lab?.controllers ?? []).map((each) => store.read("controller", each))),
    Promise.all(named.slice(-mostJobs).map((each) => store.read("job", each))),
    spec === null ? null : store.read("lease", leaseId(node.lab, spec.power.domain)),
  ]);
  return {
    schema: flightRecordSchema,
    at: now,
    node,
    spec,
    progress,
    reservation,
    issues,
    calendar,
    jobs: jobs.filter((job) => job !== null),
    lab,
    budget,
    controllers: controllers.filter((controller) => controller !== null),
    lease,
    timeline: timeline.entries,
    earlierEntries: timeline.earlier,
  };
}

/** Who has it booked now and in the next four weeks at most. */
async function calendarOf(store: Store, id: string, now: Instant) {
  const [period] = periodsOf({ from: now, to: after(now, 1) });
  return period === undefined ? null : store.read("calendar", calendarId(id, period));
}

async function timelineOf(store: Store, id: string) {
  let entries: readonly TimelineEntry[] = [];
  let [after, earlier, more] = [0, 0, true];
  while (more) {
    const next = await store.timeline({ kind: "node", id }, after, page);
    const all = [...entries, ...next];
    entries = all.slice(-mostEntries);
    earlier += all.length - entries.length;
    after = next.at(-1)?.sequence ?? after;
    more = next.length === page;
  }
  return { entries, earlier };
}

/** As much of it as fits into so many characters of JSON: the latest entries of the timeline are kept. */
export function shortened(record: FlightRecord, characters: number): FlightRecord {
  let short = record;
  while (JSON.stringify(short).length > characters && short.timeline.length > 0) {
    const left = Math.floor(short.timeline.length / 2);
    const dropped = short.timeline.length - left;
    short = {
      ...short,
      timeline: short.timeline.slice(dropped),
      earlierEntries: short.earlierEntries + dropped,
    };
  }
  return short;
}
