/** The fleet: in memory and on DynamoDB, the same few words of every node. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dynamoFleet } from "../../lib/aws/dynamo-fleet.ts";
import { dynamoStore } from "../../lib/aws/dynamo-store.ts";
import { fleetNodeOf } from "../../lib/contracts/fleet.ts";
import { branded, isNodeId } from "../../lib/core/ids.ts";
import { memoryFleet } from "../../lib/local/memory/fleet.ts";
import { memoryStore } from "../../lib/local/memory/store.ts";
import type { Fleet } from "../../lib/ports/fleet.ts";
import type { Store } from "../../lib/ports/store.ts";
import { storeWith } from "../browser/fleets.ts";
import { aNode } from "../support/samples.ts";
import { startDynamoDb, type TestTable } from "../support/stack.ts";

const nodes = 120;

function fleetContract(name: string, make: () => { store: Store; fleet: Fleet }): void {
  describe(name, () => {
    let store: Store;
    let fleet: Fleet;
    beforeAll(async () => {
      ({ store, fleet } = make());
      const { items } = await (await storeWith(nodes)).list("node", nodes, null);
      for (const value of items) await store.commit([{ kind: "node", value, expect: "any" }]);
    });

    test("every node is told, in the order of the names, as its own item has it", async () => {
      const { items } = await store.list("node", 1000, null);
      const told = await fleet.all(1000);
      expect(told).toEqual({ nodes: items.map(fleetNodeOf), more: false });
      expect(told.nodes.filter(({ late }) => late).length).toBeGreaterThan(0);
      expect(told.nodes.filter(({ offline }) => offline).length).toBeGreaterThan(0);
      expect(told.nodes[0]).toMatchObject({ rack: "r001", state: "available", reservation: null });
    });

    test("asked again, it tells the same, and what has come meanwhile", async () => {
      const before = await fleet.all(1000);
      expect(await fleet.all(1000)).toEqual(before);
      const id = branded(isNodeId, `node-0060-${name.length}`);
      await store.commit([{ kind: "node", value: aNode({ id }), expect: "absent" }]);
      const after = await fleet.all(1000);
      const names = [...before.nodes.map((node) => node.id), id].toSorted();
      expect(after.nodes.map((node) => node.id)).toEqual(names);
    });

    test("no more are told than were asked for, and that there are more", async () => {
      const told = await fleet.all(50);
      expect({ count: told.nodes.length, more: told.more }).toEqual({ count: 50, more: true });
    });
  });
}

let started: TestTable;
beforeAll(async () => {
  started = await startDynamoDb();
});
afterAll(() => started.stop());

const inMemory = memoryStore();
fleetContract("memory", () => ({ store: inMemory, fleet: memoryFleet(inMemory) }));
fleetContract("DynamoDB", () => ({ store: dynamoStore(started), fleet: dynamoFleet(started) }));
fleetContract("DynamoDB, thirteen nodes a page", () => ({
  store: dynamoStore(started),
  fleet: dynamoFleet({ ...started, nodesPerPage: 13 }),
}));
