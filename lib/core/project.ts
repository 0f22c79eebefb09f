/** How much may be reserved in the name of a project, and by a person in his own. Pure. */
import { configurationFault, type Fault } from "./fault.ts";
import type { ProjectId, ReservationId } from "./ids.ts";
import { isOver, type Reservation } from "./reservation/reservation.ts";
import { type Instant, minutes, spanText } from "./time.ts";

export interface Quota {
  /** Never more nodes than this at any one time. */
  readonly nodesAtOnce: number;
  /** No reservation begins later than in so many hours. */
  readonly hoursAhead: number;
  readonly longestMinutes: number;
}

export interface Project {
  readonly id: ProjectId;
  readonly version: number;
  readonly members: readonly string[];
  readonly quota: Quota;
  /** Reservations that may not be over yet; those that are go with the next write. */
  readonly live: readonly ReservationId[];
}

/** Somebody who reserves in no project's name: what he has so counts in the quota that the policy gives everybody. */
export interface Person {
  /** An owner of reservations. */
  readonly id: string;
  readonly version: number;
  /** As a project's. */
  readonly live: readonly ReservationId[];
}

/** What counts against a quota: from when to when so many nodes are wanted. */
export interface Demand {
  readonly count: number;
  readonly start: Instant;
  readonly end: Instant;
  readonly asap: boolean;
}

/** Why a project does not allow it; null: it does. `others`: the project's reservations, without the one that asks. */
export function refusal(
  { id, members, quota }: Project,
  owner: string,
  wanted: Demand,
  others: readonly Reservation[],
  now: Instant,
): Fault | null {
  if (!members.includes(owner))
    return configurationFault("not-a-member", `${owner} is not a member of project ${id}`);
  return excess(`project ${id}`, quota, wanted, others, now);
}

/** Likewise for who names no project. `others`: what he has so already, without the one that asks. */
export const personalRefusal = (
  owner: string,
  quota: Quota,
  wanted: Demand,
  others: readonly Reservation[],
  now: Instant,
): Fault | null => excess(`${owner} in no project's name`, quota, wanted, others, now);

function excess(
  whose: string,
  quota: Quota,
  wanted: Demand,
  others: readonly Reservation[],
  now: Instant,
): Fault | null {
  const longestMs = minutes(quota.longestMinutes);
  if (wanted.end - wanted.start > longestMs)
    return configurationFault("too-long", `${whose} reserves for ${spanText(longestMs)} at the longest`);
  const aheadMs = minutes(60 * quota.hoursAhead);
  if (wanted.start - now > aheadMs)
    return configurationFault("too-far-ahead", `${whose} reserves ${spanText(aheadMs)} ahead at most`);
  const most = mostAtOnce(wanted, others);
  if (most <= quota.nodesAtOnce) return null;
  return configurationFault(
    "quota-spent",
    `${whose} may have ${quota.nodesAtOnce} nodes at once, and this would make it ${most}: end one, or ask for fewer`,
  );
}

/** The most nodes that are held at any one time while the wanted ones are. */
function mostAtOnce(wanted: Demand, others: readonly Reservation[]): number {
  const span = spanOf(wanted);
  const living = others
    .filter((each) => !isOver(each))
    .map((each) => ({ ...spanOf(each), count: each.count }));
  // The sum grows only where something begins.
  const moments = [span.from, ...living.map(({ from }) => from)].filter(
    (at) => at >= span.from && at < span.to,
  );
  const held = moments.map((at) =>
    living.reduce((sum, { from, to, count }) => (from <= at && at < to ? sum + count : sum), wanted.count),
  );
  return Math.max(wanted.count, ...held);
}

/** One that is served as soon as possible may have its nodes at any time from now on. */
const spanOf = ({ start, end, asap }: Demand): { readonly from: number; readonly to: number } =>
  asap ? { from: 0, to: Number.MAX_SAFE_INTEGER } : { from: start, to: end };
