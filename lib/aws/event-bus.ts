/** Events on EventBridge. Taken means kept: EventBridge delivers to its targets for a day, at least once, in any order. */
import { type EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { type Event, eventSource } from "../contracts/events.ts";
import type { Bus, Unpublished } from "../ports/bus.ts";

/** EventBridge's own limit (API reference, PutEvents). An event of ours has some 700 bytes of the 256 KB of a call. */
const batchEntries = 10;

export function eventBridgeBus({ client, busName }: { client: EventBridgeClient; busName: string }): Bus {
  async function put(events: readonly Event[]): Promise<readonly Unpublished[]> {
    try {
      const { Entries = [] } = await client.send(
        new PutEventsCommand({ Entries: events.map((event) => entryOf(event, busName)) }),
      );
      return events.flatMap((event, index) => {
        const { EventId, ErrorCode = "no answer", ErrorMessage = "" } = Entries[index] ?? {};
        return EventId === undefined ? [{ event, reason: `${ErrorCode}: ${ErrorMessage}` }] : [];
      });
    } catch (error) {
      const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      return events.map((event) => ({ event, reason }));
    }
  }

  /** Those that were refused beside others that were taken are tried once more; after that the stream brings them again. */
  async function putTwice(events: readonly Event[]): Promise<readonly Unpublished[]> {
    const refused = await put(events);
    if (refused.length === 0 || refused.length === events.length) return refused;
    return put(refused.map(({ event }) => event));
  }

  return {
    publish: async (events) => {
      const left: Unpublished[] = [];
      for (let from = 0; from < events.length; from += batchEntries)
        left.push(...(await putTwice(events.slice(from, from + batchEntries))));
      return left;
    },
  };
}

const entryOf = (event: Event, busName: string) => ({
  EventBusName: busName,
  Source: eventSource,
  DetailType: event.type,
  Time: new Date(event.at),
  Detail: JSON.stringify(event),
});
