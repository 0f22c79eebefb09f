/** The fleet: in memory and on DynamoDB, the same few words of every node, and no more of the table than one query. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dynamoFleet } from "../../lib/aws/dynamo-fleet.ts";
import { dynamoStore } from "../../lib/aws/dynamo-store.ts";
import { fleetNodeOf } from "../../lib/contracts/fleet.ts";
import { memoryFleet } from "../../lib/local/memory/fleet.ts";
import { memoryStore } from "../../lib/local/memory/store.ts";
import type { Fleet } from "../../lib/ports/fleet.ts";
import type { Store } from "../../lib/ports/store.ts";
import { storeWith } from "../browser/fleets.ts";
import { startDynamoDb, type TestTable } from "../support/stack.ts";

let started: TestTable;
beforeAll(async () => {
  started = await startDynamoDb();
});
afterAll(() => started.stop());

const inMemory = memoryStore();
const implementations: readonly (readonly [string, () => { store: Store; fleet: Fleet }])[] = [
  ["memory", () => ({ store: inMemory, fleet: memoryFleet(inMemory) })],
  ["DynamoDB", () => ({ store: dynamoStore(started), fleet: dynamoFleet(started) })],
];

describe.each(implementations)("%s", (_, made) => {
  test("every node is told, in the order of the names, as its own item has it", async () => {
    const { store, fleet } = made();
    const { items: nodes } = await (await storeWith(120)).list("node", 120, null);
    for (const value of nodes) await store.commit([{ kind: "node", value, expect: "absent" }]);
    const told = await fleet.all(1000);
    expect(told).toEqual({ nodes: nodes.map(fleetNodeOf), more: false });
    expect(told.nodes.filter(({ late }) => late).length).toBeGreaterThan(0);
    expect(told.nodes.filter(({ offline }) => offline).length).toBeGreaterThan(0);
    expect(told.nodes[0]).toMatchObject({ rack: "r001", state: "available", reservation: null });
  });

  test("no more are told than were asked for, and that there are more", async () => {
    const { fleet } = made();
    const { nodes, more } = await fleet.all(50);
    expect({ count: nodes.length, more }).toEqual({ count: 50, more: true });
  });
});
