/** The event bus in memory, for tests. */
import type { Event } from "../../contracts/events.ts";
import type { Bus } from "../../ports/bus.ts";

export interface MemoryBus extends Bus {
  readonly published: readonly Event[];
  /** What it does not take, and why. */
  refuses: (event: Event) => string | null;
}

export function memoryBus(): MemoryBus {
  const published: Event[] = [];
  const bus: MemoryBus = {
    published,
    refuses: () => null,
    publish: async (events) =>
      events.flatMap((event) => {
        const reason = bus.refuses(event);
        if (reason === null) published.push(structuredClone(event));
        return reason === null ? [] : [{ event, reason }];
      }),
  };
  return bus;
}
