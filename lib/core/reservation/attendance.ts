/** What has to be done between hand-over and end, and when. Pure. */
import type { Policy } from "../correction/policy.ts";
import { configurationFault, type Fault } from "../fault.ts";
import { after, type Instant, instant, spanText } from "../time.ts";
import type { Reservation } from "./reservation.ts";

/** When its user is to be warned of the end; null: he was, or has nothing yet that could end. */
export function warnAt({ readyAt, end, warnedOf }: Reservation, { reservation }: Policy): Instant | null {
  if (readyAt === null || warnedOf === end) return null;
  const beforeMs = Math.min(reservation.warnBeforeMs, Math.max(0, end - readyAt) / 2);
  return instant(Math.max(readyAt, end - beforeMs));
}

/** By when somebody must have logged in; null: somebody has, nobody asks, or nobody could know. */
export function connectBy(
  { state, readyAt, hearsLogins }: Reservation,
  { reservation }: Policy,
): Instant | null {
  const { connectWithinMs } = reservation;
  return hearsLogins && state === "reserved" && readyAt !== null && connectWithinMs !== null
    ? after(readyAt, connectWithinMs)
    : null;
}

/** Why it ends before its time: nobody came; null: somebody did, or still may. */
export function absence(reservation: Reservation, policy: Policy, now: Instant): Fault | null {
  const by = connectBy(reservation, policy);
  if (by === null || now < by) return null;
  const { user, since } = reservation;
  return configurationFault(
    "never-connected",
    `${user} has not logged in within ${spanText(by - since)} of the hand-over`,
  );
}
