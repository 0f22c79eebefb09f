/** What the event bus promises, in memory and on EventBridge over the embedded stack; and what the adapter makes of refusals. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { eventBridgeClient } from "../../lib/aws/clients.ts";
import { eventBridgeBus } from "../../lib/aws/event-bus.ts";
import { type Event, event as eventShape, letterPattern } from "../../lib/contracts/events.ts";
import { exampleEvent } from "../../lib/local/docs/events.ts";
import { type EventBridgeServer, type Rule, startEventBridge } from "../../lib/local/eventbridge/server.ts";
import { memoryBus } from "../../lib/local/memory/bus.ts";
import type { Bus } from "../../lib/ports/bus.ts";
import { fresh } from "../support/samples.ts";
import { type ScriptedServer, startScriptedServer } from "../support/scripted-server.ts";
import { temporaryFolder, useFakeCredentials } from "../support/stack.ts";

const folder = temporaryFolder();
const file = `${folder.path}/events.jsonl`;
const busName = "rackwright";
const letters: Event[] = [];
const forLetters: Rule = {
  pattern: letterPattern,
  target: async (line) => void letters.push(told.parse(JSON.parse(line)).detail),
};
let server: EventBridgeServer;
let scripted: ScriptedServer;

beforeAll(async () => {
  useFakeCredentials();
  server = await startEventBridge({ port: 0, busName, file, rules: [forLetters] });
  scripted = await startScriptedServer();
});
afterAll(async () => {
  await Promise.all([server.stop(), scripted.stop()]);
  folder.remove();
});

/** The client takes the endpoint when it is made. */
function clientOf(endpoint: string) {
  process.env["AWS_ENDPOINT_URL_EVENTBRIDGE"] = endpoint;
  return eventBridgeClient();
}

const events = (count: number): Event[] => {
  const reservation = fresh("res");
  return Array.from({ length: count }, (_, index) => ({
    ...exampleEvent,
    id: `reservation/${reservation}#${index + 1}`,
    sequence: index + 1,
    reservation,
  }));
};

const told = z.looseObject({
  id: z.string(),
  source: z.string(),
  "detail-type": z.string(),
  time: z.string(),
  detail: eventShape,
});
const lines = () =>
  readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => told.parse(JSON.parse(line)));

interface BusUnderTest {
  readonly bus: Bus;
  readonly heard: () => readonly Event[];
  readonly refuse: (type: string | null) => void;
}

const inMemory = (): BusUnderTest => {
  const bus = memoryBus();
  const refuse = (type: string | null) => {
    bus.refuses = (event) => (event.type === type ? "ThrottlingException" : null);
  };
  return { bus, heard: () => bus.published, refuse };
};
const onEventBridge = (): BusUnderTest => ({
  bus: eventBridgeBus({ client: clientOf(server.endpoint), busName }),
  heard: () => lines().map(({ detail }) => detail),
  refuse: (refused) => {
    server.faults.throttle = (type) => type === refused;
  },
});

describe.each([
  ["in memory", inMemory],
  ["on EventBridge", onEventBridge],
])("the bus %s", (_name, make) => {
  test("takes many events at once, and each is heard as it is, in the order in which it was published", async () => {
    const { bus, heard } = make();
    const sent = events(23);
    expect(await bus.publish(sent)).toEqual([]);
    expect(heard().filter(({ reservation }) => reservation === sent[0]?.reservation)).toEqual(sent);
    expect(await bus.publish([])).toEqual([]);
  });

  test("names each event that it does not take, with the reason; the others are out", async () => {
    const { bus, heard, refuse } = make();
    const [a, b, c] = events(3);
    if (a === undefined || b === undefined || c === undefined) throw new Error("three were made");
    const other: Event = { ...b, type: "reservation.extended" };
    refuse("reservation.extended");
    const left = await bus.publish([a, other, c]);
    refuse(null);
    expect(left).toEqual([{ event: other, reason: expect.stringContaining("ThrottlingException") }]);
    expect(heard().filter(({ reservation }) => reservation === a.reservation)).toEqual([a, c]);
  });
});

test("a rule can choose by source and type, and a target sees when it happened", async () => {
  const { bus } = onEventBridge();
  await bus.publish(events(1));
  expect(lines().at(-1)).toMatchObject({
    source: "rackwright",
    "detail-type": "reservation.ending-soon",
    time: new Date(exampleEvent.at).toISOString().replace(".000Z", "Z"),
  });
});

test("an event for a bus that is not there is refused, with its name", async () => {
  const bus = eventBridgeBus({ client: clientOf(server.endpoint), busName: "elsewhere" });
  expect(await bus.publish(events(1))).toMatchObject([{ reason: expect.stringContaining("elsewhere") }]);
});

describe("the adapter", () => {
  const entries = (...results: (string | null)[]) => ({
    status: 200,
    body: {
      FailedEntryCount: results.filter((each) => each === null).length,
      Entries: results.map((id) =>
        id === null ? { ErrorCode: "InternalFailure", ErrorMessage: "later" } : { EventId: id },
      ),
    },
  });
  const busTo = () => eventBridgeBus({ client: clientOf(scripted.endpoint), busName });
  const asked = () =>
    scripted.requests.map(
      (request) => z.looseObject({ Entries: z.array(z.unknown()) }).parse(request).Entries.length,
    );

  test("sends those again that were refused beside others, and them alone", async () => {
    scripted.play([entries("1", null, "3"), entries("2")]);
    expect(await busTo().publish(events(3))).toEqual([]);
    expect(asked()).toEqual([3, 1]);
  });

  test("names those that were refused twice", async () => {
    const sent = events(3);
    scripted.play([entries("1", null, "3"), entries(null)]);
    expect(await busTo().publish(sent)).toEqual([{ event: sent[1], reason: "InternalFailure: later" }]);
  });

  test("takes no answer about an event for a refusal", async () => {
    const sent = events(2);
    scripted.play([entries("1"), entries()]);
    expect(await busTo().publish(sent)).toEqual([{ event: sent[1], reason: "no answer: " }]);
  });

  test("names all of a call that failed, and still makes the other calls", async () => {
    const sent = events(12);
    const failure = { status: 400, body: { __type: "AccessDeniedException", message: "not yours" } };
    scripted.play([failure, entries("11", "12")]);
    const left = await busTo().publish(sent);
    expect(left.map(({ event }) => event)).toEqual(sent.slice(0, 10));
    expect(left[0]?.reason).toBe("AccessDeniedException: not yours");
    expect(asked()).toEqual([10, 2]);
  });
});

test("on EventBridge a rule brings what users are written to about, and of reservations that end only those that nobody came for", async () => {
  const { bus } = onEventBridge();
  const [ready, expected, unused, free] = events(4);
  if (ready === undefined || expected === undefined || unused === undefined || free === undefined)
    throw new Error("too few events");
  await bus.publish([
    { ...ready, type: "reservation.reserved", cause: null },
    { ...expected, type: "reservation.reclaim", cause: null },
    { ...unused, type: "reservation.reclaim", cause: "never-connected" },
    { ...free, type: "reservation.complete", cause: "never-connected" },
  ]);
  const own = letters.filter(({ reservation }) => reservation === ready.reservation);
  expect(own.map(({ id }) => id)).toEqual([ready.id, unused.id]);
});
