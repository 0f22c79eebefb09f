/** What a store promises. The store in memory and the one on DynamoDB keep the same promises. */
import { DescribeTableCommand } from "@aws-sdk/client-dynamodb";
import { GetCommand, PutCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { documentClient } from "../../lib/aws/clients.ts";
import { dynamoStore } from "../../lib/aws/dynamo-store.ts";
import { isSmall } from "../../lib/aws/item.ts";
import { ensureTable, tableDefinition } from "../../lib/aws/table.ts";
import { blockBody } from "../../lib/contracts/block.ts";
import { freeKey, lineKey, timelineKey } from "../../lib/contracts/keys.ts";
import { branded, isBlockId, isLabId, isReservationId } from "../../lib/core/ids.ts";
import type { NodeState } from "../../lib/core/node/node.ts";
import { instant } from "../../lib/core/time.ts";
import { memoryStore } from "../../lib/local/memory/store.ts";
import type { Page, Store, Write } from "../../lib/ports/store.ts";
import { aReservation, spec } from "../core/world.ts";
import { aNode, anEntry, anIssue, fresh } from "../support/samples.ts";
import { startDynamoDb, type TestTable } from "../support/stack.ts";

const put = (value: NodeState, expect: Write["expect"]): Write => ({ kind: "node", value, expect });

function storeContract(name: string, store: () => Store): void {
  describe(name, () => {
    test("what was written is read again, the same", async () => {
      const node = aNode();
      expect(await store().read("node", node.id)).toBeNull();
      expect(await store().commit([put(node, "absent")])).toBe("committed");
      expect(await store().read("node", node.id)).toEqual(node);
    });

    test("a write that expects nothing, or another version, is a conflict, and nothing is written", async () => {
      const node = aNode();
      await store().commit([put(node, "absent")]);
      expect(await store().commit([put({ ...node, epoch: 9 }, "absent")])).toBe("conflict");
      expect(await store().commit([put({ ...node, version: 3, epoch: 9 }, 2)])).toBe("conflict");
      expect(await store().commit([put({ ...aNode(), version: 2 }, 1)])).toBe("conflict");
      expect(await store().read("node", node.id)).toEqual(node);
      expect(await store().commit([put({ ...node, version: 2, epoch: 5 }, 1)])).toBe("committed");
      expect((await store().read("node", node.id))?.epoch).toBe(5);
    });

    test("several writes are all done, or none is", async () => {
      const [a, b] = [aNode(), aNode()];
      await store().commit([put(a, "absent")]);
      expect(await store().commit([put(b, "absent"), put(a, "absent")])).toBe("conflict");
      expect(await store().read("node", b.id)).toBeNull();
      const both = [put(b, "absent"), { kind: "timeline", value: anEntry(b, 1), expect: "absent" } as const];
      expect(await store().commit(both)).toBe("committed");
      expect(await store().timeline({ kind: "node", id: b.id }, 0, 10)).toEqual([anEntry(b, 1)]);
    });

    test("of 64 who race for one version, one wins", async () => {
      const node = aNode();
      await store().commit([put(node, "absent")]);
      const racers = Array.from({ length: 64 }, (_, epoch) =>
        store().commit([
          put({ ...node, version: 2, epoch }, 1),
          { kind: "timeline", value: anEntry(node, 2, { why: `racer ${epoch}` }), expect: "absent" },
        ]),
      );
      const outcomes = await Promise.all(racers);
      expect(outcomes.filter((outcome) => outcome === "committed")).toHaveLength(1);
      const winner = outcomes.indexOf("committed");
      expect((await store().read("node", node.id))?.epoch).toBe(winner);
      const [told] = await store().timeline({ kind: "node", id: node.id }, 0, 10);
      expect(told?.why).toBe(`racer ${winner}`);
    });

    test("of 64 who race to be the first to write an item, one wins, and it is the winner's", async () => {
      const node = aNode();
      const racers = Array.from({ length: 64 }, (_, epoch) =>
        store().commit([put({ ...node, epoch }, "absent")]),
      );
      const outcomes = await Promise.all(racers);
      expect(outcomes.filter((outcome) => outcome === "committed")).toHaveLength(1);
      expect((await store().read("node", node.id))?.epoch).toBe(outcomes.indexOf("committed"));
    });

    test("many are read at once, those that there are, in the order in which they were asked for", async () => {
      const nodes = Array.from({ length: 230 }, () => aNode());
      for (let at = 0; at < nodes.length; at += 100)
        await store().commit(nodes.slice(at, at + 100).map((node) => put(node, "absent")));
      const ids = nodes.map(({ id }) => id).toReversed();
      const [first = ""] = ids;
      const found = await store().readMany("node", [first, "nobody", ...ids]);
      expect(found.map(({ id }) => id)).toEqual([first, ...ids]);
      expect(await store().readMany("node", [])).toEqual([]);
    });

    test("what is expected to be there in any version is written over whatever is, or is not, there", async () => {
      const node = aNode();
      expect(await store().commit([put(node, "any")])).toBe("committed");
      expect(await store().commit([put({ ...node, version: 7, epoch: 3 }, "any")])).toBe("committed");
      expect((await store().read("node", node.id))?.version).toBe(7);
    });

    test("a commit of nothing is done; one of too much, or of one item twice, is an error, and nothing is written", async () => {
      const node = aNode();
      expect(await store().commit([])).toBe("committed");
      await expect(store().commit([put(node, "absent"), put(node, "absent")])).rejects.toThrow();
      const many = Array.from({ length: 101 }, (_, index) => put(index === 0 ? node : aNode(), "absent"));
      await expect(store().commit(many)).rejects.toThrow("at most 100 writes, not 101");
      expect(await store().read("node", node.id)).toBeNull();
    });

    test("what was written, or read, belongs to whoever has it: changing it changes nothing that is stored", async () => {
      const tags = ["gpu"];
      const node = aNode({ tags });
      await store().commit([put(node, "absent")]);
      tags.push("afterwards");
      const first = await store().read("node", node.id);
      expect(first?.tags).toEqual(["gpu"]);
      expect(await store().read("node", node.id)).not.toBe(first);
      expect((await store().read("node", node.id))?.tags).not.toBe(first?.tags);
    });

    test("the nodes of a lab are found by it, page by page, and those of another lab are not", async () => {
      const [a, b, c] = [aNode(), aNode(), aNode()];
      const lab = branded(isLabId, `lab-of-${a.id}`);
      await store().commit(
        [a, b, c].map((node, index) => ({
          kind: "node-spec",
          value: { ...spec, id: node.id, ...(index < 2 ? { lab } : {}) },
          expect: "absent",
        })),
      );
      const first = await store().enrolled(lab, 1, null);
      const second = await store().enrolled(lab, 1, first.next);
      const rest = second.next === null ? [] : (await store().enrolled(lab, 1, second.next)).items;
      const found = [...first.items, ...second.items, ...rest].map(({ id }) => id);
      expect(found).toEqual([a.id, b.id].sort());
      expect((await store().enrolled("no-such-lab", 10, null)).items).toEqual([]);
    });

    test("R76: two nodes cannot have the same MAC: its item is written in the same transaction", async () => {
      const mac = `52:54:00:00:00:${name === "memory" ? "01" : "02"}`;
      const [a, b] = [aNode(), aNode()];
      const enrol = (node: NodeState): Write[] => [
        put(node, "absent"),
        { kind: "node-spec", value: { ...spec, id: node.id }, expect: "absent" },
        { kind: "mac", value: { mac, node: node.id, version: 1 }, expect: "absent" },
      ];
      expect(await store().commit(enrol(a))).toBe("committed");
      expect(await store().commit(enrol(b))).toBe("conflict");
      expect(await store().read("mac", mac)).toEqual({ mac, node: a.id, version: 1 });
    });

    test("only what carries a deadline is due, oldest first, over all shards, and only its own lab's", async () => {
      const lab = branded(isLabId, fresh("lab"));
      const nodes = [50, 10, 40, 20, 30].map((due) => aNode({ lab, due: instant(due) }));
      const rests = aNode({ lab });
      await store().commit([...nodes, rests].map((node) => put(node, "absent")));
      const dues = async (by: number) =>
        (await store().due(lab, by, 10)).map(({ id }) => nodes.find((node) => node.id === id)?.due);
      expect(await dues(40)).toEqual([10, 20, 30, 40]);
      expect(await dues(9)).toEqual([]);
      expect((await store().due(lab, 99, 2)).length).toBe(2);
      const first = nodes.find(({ due }) => due === 10);
      if (first !== undefined) await store().commit([put({ ...first, version: 2, due: null }, 1)]);
      expect(await dues(40)).toEqual([20, 30, 40]);
    });

    test("R42: the pool of a class holds exactly the nodes that may be handed out, least recently used first", async () => {
      const nodeClass = fresh("class");
      const [late, early] = [200, 100].map((at) => aNode({ class: nodeClass, lastUsedAt: instant(at) }));
      if (late === undefined || early === undefined) throw new Error("two nodes");
      const offline = aNode({ class: nodeClass });
      const others = [
        put({ ...offline, administrative: { ...offline.administrative, state: "offline" } }, "absent"),
        put(
          aNode({
            class: nodeClass,
            provision: { state: "quarantined", fault: { class: "node", code: "x", message: "x" } },
          }),
          "absent",
        ),
      ];
      await store().commit([put(late, "absent"), put(early, "absent"), ...others]);
      expect(await store().pool(freeKey(nodeClass), 10)).toEqual([early.id, late.id]);
      await store().commit([
        put({ ...early, version: 2, provision: { state: "maintenance", reason: "x" } }, 1),
      ]);
      expect(await store().pool(freeKey(nodeClass), 10)).toEqual([late.id]);
    });

    test("reservations stand in line in the order in which they came, and leave it when they have their nodes", async () => {
      const nodeClass = fresh("class");
      const waiting = [30, 10, 20].map((at) =>
        aReservation(instant(at), {
          id: branded(isReservationId, fresh("res")),
          class: nodeClass,
          state: "new",
          nodes: [],
        }),
      );
      for (const value of waiting) await store().commit([{ kind: "reservation", value, expect: "absent" }]);
      const order = [1, 2, 0].map((index) => waiting[index]?.id);
      expect(await store().pool(lineKey(nodeClass), 10)).toEqual(order);
      const [, first] = waiting;
      if (first === undefined) throw new Error("three reservations");
      const served = { ...first, version: 2, state: "loading", nodes: [spec.id] } as const;
      await store().commit([{ kind: "reservation", value: served, expect: 1 }]);
      expect(await store().pool(lineKey(nodeClass), 10)).toEqual(order.slice(1));
    });

    test("what somebody has is found by his name: first what goes on, as it came; then what is over, the latest first", async () => {
      const [owner, other] = [fresh("owner"), fresh("owner")];
      const of = (name: string, at: number, state: "reserved" | "complete", whose = owner): Write => {
        const id = branded(isReservationId, fresh(name));
        const value = { ...aReservation(instant(at), { id, state, version: 1 }), owner: whose };
        return { kind: "reservation", value: { ...value, createdAt: instant(at) }, expect: "absent" };
      };
      await store().commit([
        of("old", 1, "complete"),
        of("first", 2, "reserved"),
        of("newer", 3, "complete"),
        of("second", 4, "reserved"),
        of("his", 5, "reserved", other),
      ]);
      const names: string[] = [];
      let from: string | null = null;
      do {
        const page: Page<{ readonly id: string }> = await store().owned("reservation", owner, 2, from);
        names.push(...page.items.map(({ id }) => id.replace(/-\d+-\d+$/, "")));
        from = page.next;
      } while (from !== null);
      expect(names).toEqual(["first", "second", "newer", "old"]);
      const id = branded(isBlockId, fresh("block"));
      const { id: _, starts, ...request } = blockBody.parse({ starts: [1], image: "demo" });
      const block = {
        id,
        version: 1,
        owner,
        bound: true,
        request,
        starts,
        made: 0,
        refused: [],
        ended: null,
      };
      await store().commit([{ kind: "block", value: block, expect: "absent" }]);
      expect((await store().owned("block", owner, 10, null)).items).toEqual([block]);
      expect((await store().owned("block", other, 10, null)).items).toEqual([]);
    });

    test("what a person has is found by whatever name his token gives him, and two who change it at once are told", async () => {
      const person = { id: `auth0|${fresh("ada")}@example.org#1 é`, version: 1, live: [] };
      expect(await store().read("person", person.id)).toBeNull();
      expect(await store().commit([{ kind: "person", value: person, expect: "absent" }])).toBe("committed");
      expect(await store().read("person", person.id)).toEqual(person);
      expect(await store().commit([{ kind: "person", value: person, expect: "absent" }])).toBe("conflict");
    });

    test("a timeline is read in order, from any number on", async () => {
      const node = aNode();
      for (let from = 1; from <= 12; from += 1) {
        await store().commit([{ kind: "timeline", value: anEntry(node, from), expect: "absent" }]);
      }
      const read = async (after: number, limit: number) =>
        (await store().timeline({ kind: "node", id: node.id }, after, limit)).map(({ sequence }) => sequence);
      expect(await read(0, 100)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
      expect(await read(9, 2)).toEqual([10, 11]);
    });

    test("a long timeline with much to tell comes whole", async () => {
      const node = aNode();
      const evidence = "e".repeat(30_000);
      for (let from = 1; from <= 45; from += 1) {
        const value = anEntry(node, from, { evidence });
        await store().commit([{ kind: "timeline", value, expect: "absent" }]);
      }
      const read = await store().timeline({ kind: "node", id: node.id }, 0, 100);
      expect(read.map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: 45 }, (_, index) => index + 1),
      );
    });

    test("the hardware log of a node has all its issues, open and closed, and no other node's", async () => {
      const [node, other] = [aNode(), aNode()];
      const evidence = ["e".repeat(20_000)];
      const issues = Array.from({ length: 105 }, () => anIssue(node, { evidence }));
      for (const value of [...issues, anIssue(other)])
        await store().commit([{ kind: "issue", value, expect: "absent" }]);
      const [first] = issues;
      if (first === undefined) throw new Error("issues");
      const closed = {
        ...first,
        version: 2,
        state: "closed",
        closedAt: instant(9),
        closedBecause: "x",
      } as const;
      await store().commit([{ kind: "issue", value: closed, expect: 1 }]);
      const log = await store().issues(node.id);
      expect(new Set(log.map(({ id }) => id))).toEqual(new Set(issues.map(({ id }) => id)));
      expect(log.find(({ id }) => id === first.id)).toEqual(closed);
      const open = await store().list("issue", 1_000, null);
      expect(open.items.some(({ id }) => id === first.id)).toBe(false);
      expect(open.items.filter((issue) => issue.node === node.id)).toHaveLength(104);
    });

    test("a list is read page by page, without loss and without doubles", async () => {
      const labs = Array.from({ length: 5 }, () => branded(isLabId, fresh("lab")));
      for (const id of labs)
        await store().commit([
          {
            kind: "lab",
            value: {
              id,
              version: 1,
              controllers: [],
              classes: [],
              correction: "act",
              overrides: null,
              switches: {},
              biosProfiles: {},
            },
            expect: "absent",
          },
        ]);
      const found: string[] = [];
      let from: string | null = null;
      do {
        const page: Awaited<ReturnType<Store["list"]>> = await store().list("lab", 2, from);
        found.push(...page.items.map((item) => ("id" in item ? item.id : "")));
        from = page.next;
      } while (from !== null);
      expect(labs.every((lab) => found.includes(lab))).toBe(true);
      expect(new Set(found).size).toBe(found.length);
    });

    test("a value that is not as it should be is refused before it is stored", async () => {
      const node = aNode({ epoch: -1 });
      await expect(store().commit([put(node, "absent")])).rejects.toThrow();
      const surplus = { ...aNode(), id: node.id, surplus: undefined };
      await expect(store().commit([put(surplus, "absent")])).rejects.toThrow("surplus");
      expect(await store().read("node", node.id)).toBeNull();
    });
  });
}

let started: TestTable;
beforeAll(async () => {
  started = await startDynamoDb();
});
afterAll(() => started.stop());

const inMemory = memoryStore();
storeContract("memory", () => inMemory);
storeContract("DynamoDB", () => dynamoStore(started));

/** So many changes of one node, each with its entry. */
async function change(store: Store, node: NodeState, from: number, to: number): Promise<void> {
  for (let version = from; version <= to; version += 1) {
    const writes = [
      put({ ...node, version, epoch: version }, version === 1 ? "absent" : version - 1),
      { kind: "timeline", value: anEntry(node, version, { why: `change ${version}` }), expect: "absent" },
    ] as const;
    expect(await store.commit(writes)).toBe("committed");
  }
}

const changes = (to: number): readonly string[] =>
  Array.from({ length: to }, (_, index) => `change ${index + 1}`);

describe("DynamoDB", () => {
  test("a change and its entry are one write of less than a kilobyte (invariant 9, design §3)", async () => {
    const { client, table } = started;
    const [store, node] = [dynamoStore(started), aNode()];
    await change(store, node, 1, 60);
    const Key = { pk: `node#${node.id}`, sk: "state" };
    const { Item = {} } = await client.send(new GetCommand({ TableName: table, Key }));
    expect(isSmall(Item)).toBe(true);
    const pages = await client.send(
      new QueryCommand({
        TableName: table,
        KeyConditionExpression: "pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues: { ":pk": Key.pk, ":sk": "timeline#" },
      }),
    );
    // Several entries each: what they cost beside the node is a fraction of a write.
    expect(pages.Items?.length).toBeGreaterThan(0);
    expect(pages.Items?.length).toBeLessThan(20);
    const told = await store.timeline({ kind: "node", id: node.id }, 0, 100);
    expect(told.map(({ why }) => why)).toEqual(changes(60));
    const last = await store.timeline({ kind: "node", id: node.id }, 57, 2);
    expect(last.map(({ sequence }) => sequence)).toEqual([58, 59]);
  });

  test("processes that take turns, and one that has seen nothing, carry every entry on (invariant 9)", async () => {
    const [first, second, node] = [dynamoStore(started), dynamoStore(started), aNode()];
    await change(first, node, 1, 3);
    expect((await second.read("node", node.id))?.version).toBe(3);
    await change(second, node, 4, 9);
    await change(first, node, 10, 12);
    await change(dynamoStore(started), node, 13, 40);
    const told = await first.timeline({ kind: "node", id: node.id }, 0, 100);
    expect(told.map(({ why }) => why)).toEqual(changes(40));
  });

  test("whoever dies between a page and its item loses no entry and doubles none (invariant 9)", async () => {
    const node = aNode();
    const mortal = documentClient();
    let page = false;
    mortal.middlewareStack.add(
      (next) => (given) => {
        const { Item }: { Item?: { sk?: string } } = Object(given.input);
        const isPage = Item?.sk?.startsWith("timeline#") === true;
        if (page && !isPage) {
          page = false;
          throw new Error("it died");
        }
        page ||= isPage;
        return next(given);
      },
      { step: "initialize" },
    );
    let died = 0;
    for (let version = 1; version <= 60; version += 1) {
      const store = dynamoStore({ client: mortal, table: started.table });
      await change(store, node, version, version).catch(async () => {
        died += 1;
        await change(dynamoStore(started), node, version, version);
      });
    }
    expect(died).toBeGreaterThan(0);
    const told = await dynamoStore(started).timeline({ kind: "node", id: node.id }, 0, 100);
    expect(told.map(({ why }) => why)).toEqual(changes(60));
  });

  test("what an earlier version stored is read, and its timeline goes on (docs/operations.md)", async () => {
    const { client, table } = started;
    const [store, node] = [dynamoStore(started), aNode()];
    const earlier = [
      { pk: `node#${node.id}`, sk: "state", kind: "node", version: 1, body: node },
      { ...timelineKey("node", node.id, 1), kind: "timeline", body: anEntry(node, 1, { why: "change 1" }) },
    ];
    for (const item of earlier)
      await client.send(new PutCommand({ TableName: table, Item: { ...item, schema: 1 } }));
    expect(await store.read("node", node.id)).toEqual(node);
    await change(store, node, 2, 30);
    const told = await store.timeline({ kind: "node", id: node.id }, 0, 100);
    expect(told.map(({ why }) => why)).toEqual(changes(30));
  });

  test("an item that does not parse, or has another schema, is refused with its key", async () => {
    const { client, table } = started;
    const store = dynamoStore(started);
    const Item = { pk: "node#broken", sk: "state", kind: "node", schema: 1, body: { id: "broken" } };
    await client.send(new PutCommand({ TableName: table, Item }));
    await expect(store.read("node", "broken")).rejects.toThrow(
      "item node#broken state does not parse as node",
    );
    await client.send(new PutCommand({ TableName: table, Item: { ...Item, schema: 7 } }));
    await expect(store.read("node", "broken")).rejects.toThrow("item node#broken state has schema 7 of node");
    await client.send(new PutCommand({ TableName: table, Item: { ...Item, kind: "lab" } }));
    await expect(store.read("node", "broken")).rejects.toThrow("item node#broken state is a lab, not a node");
    await client.send(new PutCommand({ TableName: table, Item: { pk: "node#broken", sk: "state" } }));
    await expect(store.read("node", "broken")).rejects.toThrow("item node#broken state is not one of ours");
  });

  test("the table is made once, however many want it at once, and follows changes only where that is asked for", async () => {
    const { client } = started;
    await Promise.all(Array.from({ length: 4 }, () => ensureTable(client, "TestFollowed", { stream: true })));
    const { Table } = await client.send(new DescribeTableCommand({ TableName: "TestFollowed" }));
    expect(Table?.TableStatus).toBe("ACTIVE");
    expect(Table?.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName)).toEqual([
      "due",
      "pool",
      "list",
      "owner",
    ]);
    expect(Table?.StreamSpecification).toEqual({ StreamEnabled: true, StreamViewType: "NEW_IMAGE" });
    expect(tableDefinition("Test")).not.toHaveProperty("StreamSpecification");
  });
});
