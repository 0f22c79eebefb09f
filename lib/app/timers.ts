/**
 * Who arms a timer. Most deadlines are moved on long before they fall, and a timer for each would be most of what queues
 * cost. So whoever sets a deadline arms its timer only when it falls soon; the others are armed by the watchdog, in the last
 * ticks before they fall. A tick that does not come, or a timer that is lost, is made up for by the next tick.
 */
import { after, type Instant, type Ms, seconds } from "../core/time.ts";

/** More than what lies between two ticks, so that one of them may come late. */
const aheadMs: Ms = seconds(90);

/** Deadlines up to then have their timer armed now. */
export const armedUntil = (now: Instant): Instant => after(now, aheadMs);
