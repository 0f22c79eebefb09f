/** From the table's stream to the bus: what an entry of a timeline becomes, and that nothing is lost on the way. */
import { describe, expect, test } from "vitest";
import { eventOf, labFinder, publishChanges } from "../../lib/app/publish.ts";
import { encode } from "../../lib/aws/item.ts";
import { pack, unpackBase64 } from "../../lib/aws/pack.ts";
import { blockBody, type StoredBlock } from "../../lib/contracts/block.ts";
import { type Event, event as eventShape } from "../../lib/contracts/events.ts";
import { type Change, passesFilters, readStreamRecord } from "../../lib/contracts/stream.ts";
import { isTold } from "../../lib/contracts/told.ts";
import { branded, isBlockId, isImageId, isLabId, isReservationId, isRevisionId } from "../../lib/core/ids.ts";
import { instant } from "../../lib/core/time.ts";
import type { TimelineEntry } from "../../lib/core/timeline.ts";
import { memoryBus } from "../../lib/local/memory/bus.ts";
import { spec } from "../core/world.ts";
import { aNode, anEntry } from "../support/samples.ts";
import { MemoryLab } from "./lab.ts";

const node = aNode();
const reservation = branded(isReservationId, "res-1");
const silent = { info: () => {}, warn: () => {}, error: () => {} };

const entryOf = (kind: "node" | "reservation", change: Partial<TimelineEntry>): TimelineEntry => {
  const entry = anEntry(node, 7, { from: "in-use", to: "in-use", ...change });
  return kind === "node" ? entry : { ...entry, entity: { kind, id: reservation }, reservation };
};
const changeOf = (value: TimelineEntry): Change => ({ kind: "timeline", value });
const eventFor = (...given: Parameters<typeof entryOf>): Event =>
  eventOf(changeOf(entryOf(...given)), "blue");

describe("an entry of a timeline as an event", () => {
  test.each([
    ["node", { from: "configuring", to: "in-use" }, "node.in-use"],
    ["node", { from: "(none)", to: "enrolled" }, "node.enrolled"],
    ["node", { correction: "power-cycle" }, "node.corrected"],
    ["node", { proposed: "power-cycle" }, "node.noted"],
    ["node", {}, "node.noted"],
    ["reservation", { from: "(none)", to: "new" }, "reservation.new"],
    ["reservation", { from: "loading", to: "reserved" }, "reservation.reserved"],
    ["reservation", { notice: "ending-soon" }, "reservation.ending-soon"],
    ["reservation", { notice: "extended" }, "reservation.extended"],
    ["reservation", {}, "reservation.noted"],
    ["node", { from: "x", to: "a state of a later version" }, "node.noted"],
  ] as const)("of a %s with %j is %s", (kind, change, type) => {
    expect(eventFor(kind, change).type).toBe(type);
  });

  test("has an id that is the same whenever it is told, and tells what it is about", () => {
    expect(eventFor("reservation", { from: "reserved", to: "reclaim", cause: "never-connected" })).toEqual({
      schema: "rackwright.event/1",
      id: "reservation/res-1#7",
      type: "reservation.reclaim",
      at: 7,
      sequence: 7,
      node: null,
      lab: "blue",
      reservation: "res-1",
      image: null,
      revision: null,
      from: "reserved",
      to: "reclaim",
      phase: "run",
      why: "entry 7",
      by: { kind: "timer", name: expect.any(String) },
      cause: "never-connected",
      correction: null,
    });
    expect(eventFor("node", { from: "(none)", to: "enrolled" })).toMatchObject({
      id: `node/${node.id}#7`,
      node: node.id,
      from: null,
    });
  });

  test("leaves the evidence behind: a console may have printed a password", () => {
    const told = eventFor("node", { evidence: "console: password hunter2" });
    expect(JSON.stringify(told)).not.toContain("hunter2");
  });
});

test("a new revision of an image is told once for each version", () => {
  const value = {
    id: branded(isImageId, "demo"),
    version: 3,
    retired: null,
    production: branded(isRevisionId, "demo:abc"),
  };
  const told = eventOf({ kind: "image", value, at: instant(5) }, null);
  expect(told).toMatchObject({ type: "image.registered", id: "image/demo#3", revision: "demo:abc", at: 5 });
  expect(eventShape.safeParse(told).error).toBeUndefined();
  const retired = eventOf({ kind: "image", value: { ...value, retired: "too old" }, at: instant(6) }, null);
  expect(retired).toMatchObject({ type: "image.retired", why: "too old" });
});

test("every entry of a whole life becomes an event that the schema knows", async () => {
  const lab = await new MemoryLab().open(2);
  await lab.reserve("r", 2);
  await lab.until(lab.isIn("r", "complete"));
  const nodes = (await lab.nodes()).map(({ id }) => ({ kind: "node", id }) as const);
  const entities = [...nodes, { kind: "reservation", id: "r" } as const];
  const stories = await Promise.all(entities.map((each) => lab.store.timeline(each, 0, 1000)));
  const changes = stories.flat().map(changeOf);
  const bus = memoryBus();
  const left = await publishChanges({ bus, log: silent, labOf: labFinder(lab.store) }, changes);
  expect(left.size).toBe(0);
  expect(bus.published).toHaveLength(changes.length);
  for (const told of bus.published) expect(eventShape.safeParse(told).error).toBeUndefined();
  expect(new Set(bus.published.map(({ id }) => id)).size).toBe(changes.length);
  const states = bus.published.flatMap(({ type, reservation: of }) => (of === "r" ? type : []));
  for (const type of ["node.reserved", "node.in-use", "reservation.ending-soon", "reservation.complete"])
    expect(states).toContain(type);
  expect(bus.published.flatMap((told) => (told.node === null ? [] : told.lab))).not.toContain(null);
});

test("what the bus does not take is named, so that the stream brings it again; the rest is out", async () => {
  const changes = [1, 2, 3].map((sequence) => changeOf(anEntry(node, sequence)));
  const bus = memoryBus();
  bus.refuses = ({ sequence }) => (sequence === 2 ? "ThrottlingException" : null);
  const warned: unknown[] = [];
  const log = { ...silent, warn: (...given: unknown[]) => warned.push(given) };
  const left = await publishChanges({ bus, log, labOf: async () => "blue" }, changes);
  expect([...left]).toEqual([changes[1]]);
  expect(bus.published.map(({ sequence }) => sequence)).toEqual([1, 3]);
  expect(JSON.stringify(warned)).toContain("ThrottlingException");
});

test("the lab of a node is read once, and asked for again only while it is not known", async () => {
  let reads = 0;
  let known = false;
  const { store } = new MemoryLab();
  await store.commit([
    { kind: "node-spec", value: { ...spec, lab: branded(isLabId, "blue") }, expect: "absent" },
  ]);
  const labOf = labFinder({
    read: async (kind, id) => {
      reads += 1;
      return known ? store.read(kind, id) : null;
    },
  });
  expect(await labOf(spec.id)).toBeNull();
  known = true;
  expect(await labOf(spec.id)).toBe("blue");
  expect(await labOf(spec.id)).toBe("blue");
  expect(reads).toBe(2);
});

describe("a record of the table's stream", () => {
  const record = (kind: string, eventName = "INSERT", body: object = {}) => ({
    eventName,
    dynamodb: {
      ApproximateCreationDateTime: 1_700_000_000,
      SequenceNumber: "1",
      NewImage: {
        pk: { S: "x#y" },
        sk: { S: kind },
        kind: { S: kind },
        schema: { N: "1" },
        body: { M: body },
      },
    },
  });
  const image = { id: { S: "demo" }, version: { N: "2" }, production: { S: "demo:abc" } };

  test("of an image is read in DynamoDB's notation, with the time of the change", () => {
    expect(readStreamRecord(record("image", "MODIFY", image), unpackBase64)).toEqual({
      ok: true,
      change: {
        kind: "image",
        value: { id: "demo", version: 2, production: "demo:abc", retired: null },
        at: 1_700_000_000_000,
      },
    });
  });

  test.each([
    ["a node", record("node", "MODIFY")],
    ["a secret of a later version", record("secret")],
    ["an entry that was deleted", { ...record("timeline", "REMOVE"), dynamodb: {} }],
  ])("of %s tells nothing", (_what, given) => {
    expect(readStreamRecord(given, unpackBase64)).toEqual({ ok: true, change: null });
  });

  const carrying = (...entries: readonly TimelineEntry[]) => {
    const packed = Buffer.from(pack({ body: null, entries: [...entries] })).toString("base64");
    const { dynamodb, ...rest } = record("node", "MODIFY");
    return { ...rest, dynamodb: { ...dynamodb, NewImage: { ...dynamodb.NewImage, packed: { B: packed } } } };
  };
  const told = (given: ReturnType<typeof carrying>) => {
    const { NewImage, ...rest } = given.dynamodb;
    return { ...given, dynamodb: { ...rest, NewImage: { ...NewImage, told: { S: "1" } } } };
  };
  const [older, newest] = [anEntry(aNode(), 6), anEntry(aNode(), 7)];

  test("of a node that says that it has something to tell: the newest entry that it carries", () => {
    const given = told(carrying(older, newest));
    expect(passesFilters(given)).toBe(true);
    expect(readStreamRecord(given, unpackBase64)).toEqual({
      ok: true,
      change: { kind: "timeline", value: newest },
    });
  });

  test("of a node that has nothing to tell starts no function", () => {
    const given = carrying(older, newest);
    expect(passesFilters(given)).toBe(false);
    expect(readStreamRecord(given, unpackBase64)).toEqual({ ok: true, change: null });
    expect(passesFilters(record("progress", "MODIFY"))).toBe(false);
  });

  test("of an entry that an earlier version stored by itself is told as ever", () => {
    expect(passesFilters(record("timeline", "INSERT"))).toBe(true);
  });

  test("that cannot be unpacked is poison", () => {
    const given = told(carrying(newest));
    const NewImage = { ...given.dynamodb.NewImage, packed: { B: "AQ==" } };
    const read = readStreamRecord({ ...given, dynamodb: { ...given.dynamodb, NewImage } }, unpackBase64);
    expect(read).toMatchObject({ ok: false, poison: expect.stringContaining("item x#y node: ") });
  });

  test.each([
    ["a step of a load", {}, false],
    ["a change of state", { to: "available" }, true],
    ["a correction", { correction: "reset" }, true],
    ["what correction would have done", { proposed: "power-cycle" }, true],
    ["what an operator has asked for", { actor: { kind: "operator", name: "ada" } }, true],
  ] as const)("%s is told or not", (_what, more, expected) => {
    const beacon = { from: "loading", to: "loading", actor: { kind: "node", name: "n" } } as const;
    expect(isTold({ ...newest, ...beacon, ...more })).toBe(expected);
  });

  test("that ought to be ours and is not is poison, with its key and what is wrong", () => {
    const read = readStreamRecord(record("image", "INSERT", { ...image, version: { N: "0" } }), unpackBase64);
    expect(read).toMatchObject({ ok: false, poison: expect.stringMatching(/^item x#y image: version: /) });
    expect(readStreamRecord("nonsense", unpackBase64).ok).toBe(false);
  });
});

describe("a block", () => {
  const { id: _, starts, ...request } = blockBody.parse({ starts: [100, 200, 300], image: "demo" });
  const id = branded(isBlockId, "course");
  const reason = "project course may have 2 nodes at once";
  const refused = [{ index: 1, start: instant(200), at: instant(50), code: "quota-spent", reason }];
  const one = { id, version: 4, owner: "ada", bound: true, request, starts, made: 2, refused, ended: null };
  const recordOf = (value: StoredBlock) => ({
    eventName: "MODIFY",
    dynamodb: {
      ApproximateCreationDateTime: 1,
      SequenceNumber: "1",
      NewImage: notation(encode("block", value)),
    },
  });

  test("tells of a time that was refused once, by the write that refused it: which, why, and with what code", () => {
    const record = recordOf(one);
    expect(passesFilters(record)).toBe(true);
    const read = readStreamRecord(record, unpackBase64);
    if (!read.ok || read.change === null) throw new Error("there is nothing to tell");
    const told = eventOf(read.change, null);
    expect(eventShape.safeParse(told).error).toBeUndefined();
    expect(told).toMatchObject({
      id: "block/course#4",
      type: "block.refused",
      at: 50,
      sequence: 4,
      reservation: "course.2",
      why: reason,
      cause: "quota-spent",
    });
  });

  test.each([
    ["is made", { version: 1, made: 0, refused: [] }],
    ["goes on to its next times", { version: 5, made: 3 }],
    ["is ended", { version: 5, ended: "no teacher" }],
  ])("that %s starts no function", (_what, change) => {
    expect(passesFilters(recordOf({ ...one, ...change }))).toBe(false);
  });
});

/** DynamoDB's own notation of what is stored. */
function notation(value: object): Record<string, unknown> {
  const of = (each: unknown): unknown => {
    if (each === null) return { NULL: true };
    if (typeof each === "string") return { S: each };
    if (typeof each === "number") return { N: String(each) };
    if (typeof each === "boolean") return { BOOL: each };
    if (Array.isArray(each)) return { L: each.map(of) };
    if (typeof each === "object") return { M: notation(each) };
    throw new Error(`${String(each)} is never stored`);
  };
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, of(each)]));
}
