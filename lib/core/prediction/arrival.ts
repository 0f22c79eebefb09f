/** When a reservation will be ready, by what loads of its images took on nodes of its class. Pure. */
import type { ImageId } from "../ids.ts";
import { jobOf, type NodeState, reservationOf, type Stage } from "../node/node.ts";
import { type Part, partOf, partsOf } from "../reservation/parts.ts";
import type { Reservation } from "../reservation/reservation.ts";
import { after, type Instant, instant, type Ms } from "../time.ts";
import { type Estimate, highMs } from "./estimate.ts";
import { type Experience, fewest, readyStages, spentBy } from "./experience.ts";

export interface Arrival {
  /** As a rule. */
  readonly at: Instant;
  /** But for one in fifty. */
  readonly latest: Instant;
}

type Experiences = ReadonlyMap<ImageId, Experience>;

/** Null: it is ready or over, it has no place yet, or too few loads were seen. */
export function arrivalOf(
  reservation: Reservation,
  nodes: readonly NodeState[],
  experiences: Experiences,
  now: Instant,
): Arrival | null {
  const { state, start, count, placed, asap } = reservation;
  if (state !== "new" && state !== "loading") return null;
  const held = nodes.filter((node) => reservationOf(node) === reservation.id);
  if (held.length < count && placed.length < count) return null;
  const parts = partsOf(reservation);
  // Of those that it has not got yet nobody knows what is on them.
  const still = held.length < count ? parts.map((part) => wholeOf(part, experiences)) : [];
  const going = held.map((node) => leftOf(node, partOf(reservation, node.id), experiences, now));
  const lefts = [...still, ...going];
  const known = lefts.filter((left) => left !== null);
  if (known.length < lefts.length) return null;
  const from = held.length < count && asap ? Math.max(now, start) : now;
  const [atMs, latestMs] = [Math.max(0, ...known.map(meanMs)), Math.max(0, ...known.map(highMs))];
  // One for a time of its own is handed over as soon as it is ready; whoever asks wants to know whether that is in time.
  const earliest = asap || held.length === count ? 0 : start;
  return {
    at: instant(Math.max(earliest, after(instant(from), atMs))),
    latest: instant(Math.max(earliest, after(instant(from), latestMs))),
  };
}

const meanMs = (estimates: readonly Estimate[]): Ms => estimates.reduce((sum, each) => sum + each.meanMs, 0);

/** What a load takes, stage by stage; null: nobody knows yet. */
function wholeOf({ image }: Part, experiences: Experiences): readonly Estimate[] | null {
  const experience = experiences.get(image);
  if (experience === undefined || (experience.stages.load?.count ?? 0) < fewest) return null;
  return readyStages.flatMap((stage) => experience.stages[stage] ?? []);
}

/** What is left of it on a node that is being made ready. */
function leftOf(
  node: NodeState,
  part: Part,
  experiences: Experiences,
  now: Instant,
): readonly Estimate[] | null {
  if (node.provision.state === "in-use") return [];
  const job = jobOf(node);
  const stages = experiences.get(part.image)?.stages ?? {};
  // The image is on it already, until what is asked of it says otherwise.
  const checks = node.disk.revision === part.revision && (job === null || job.stage === "check");
  if (!checks && wholeOf(part, experiences) === null) return null;
  const spent = job === null ? {} : spentBy(job, now);
  const begun = job === null ? 0 : Math.max(0, readyStages.indexOf(job.stage));
  const skipped = (stage: Stage): boolean => checks && (stage === "load" || stage.endsWith("post-load"));
  return readyStages.slice(begun).flatMap((stage) => {
    const estimate = stages[stage];
    if (estimate === undefined || skipped(stage)) return [];
    return [{ ...estimate, meanMs: Math.max(0, estimate.meanMs - (spent[stage] ?? 0)) }];
  });
}
