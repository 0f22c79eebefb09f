/** The event bus: others hear there what happens. At least once, in any order; who listens drops what he knows already. */
import type { Event } from "../contracts/events.ts";

export interface Unpublished {
  readonly event: Event;
  readonly reason: string;
}

export interface Bus {
  /** Answers with what the bus has not taken: to be published again. Everything else is safe with the bus. */
  publish(events: readonly Event[]): Promise<readonly Unpublished[]>;
}
