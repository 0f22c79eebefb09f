/** What a list costs: one query of an index, and at most one read of what stands beside its items, however many there are. */
import { expect, test } from "vitest";
import type { Route } from "../../lib/contracts/api.ts";
import { branded, isBlockId, isReservationId } from "../../lib/core/ids.ts";
import { after } from "../../lib/core/time.ts";
import type { Store } from "../../lib/ports/store.ts";
import { aReservation } from "../core/world.ts";
import { ada, ask, bob, grace } from "./asking.ts";
import { MemoryLab } from "./lab.ts";

/** The verbs that are called, in order. */
function counted(store: Store): { readonly store: Store; readonly calls: string[] } {
  const calls: string[] = [];
  const counting = new Proxy(store, {
    get: (target, name, receiver) => {
      if (typeof name === "string") calls.push(name);
      return Reflect.get(target, name, receiver);
    },
  });
  return { store: counting, calls };
}

const queries = ["list", "owned", "enrolled", "timeline", "pool", "issues", "revisions"];

const lists: readonly (readonly [Route, string])[] = [
  ["GET /v1/reservations", ""],
  ["GET /v1/nodes", ""],
  ["GET /v1/labs", ""],
  ["GET /v1/images", ""],
  ["GET /v1/projects", ""],
  ["GET /v1/blocks", ""],
  ["GET /v1/labs/{id}/machines", "blue"],
  ["GET /v1/nodes/{id}/issues", "node-01"],
  ["GET /v1/nodes/{id}/timeline", "node-01"],
  ["GET /v1/reservations/{id}/timeline", "r"],
];

test("one query, whether there are few or many", { timeout: 60_000 }, async () => {
  const lab = await new MemoryLab().open(30);
  await lab.reserve("r", 30);
  const costs = async () => {
    const spent: Record<string, readonly string[]> = {};
    for (const [route, id] of lists)
      for (const caller of [grace, ada]) {
        const { store, calls } = counted(lab.store);
        const { status } = await ask({ ...lab.app, store }, caller, route, { id });
        expect(status, route).toBe(200);
        spent[`${caller.name} ${route}`] = calls;
      }
    return spent;
  };
  const few = await costs();
  for (const [what, calls] of Object.entries(few)) {
    expect(
      calls.filter((verb) => queries.includes(verb)),
      what,
    ).toHaveLength(1);
    expect(calls.filter((verb) => verb === "read").length, what).toBeLessThanOrEqual(1);
    expect(calls.filter((verb) => verb === "readMany").length, what).toBeLessThanOrEqual(2);
  }
  for (let each = 0; each < 80; each += 1) {
    const id = branded(isReservationId, `old-${each}`);
    const value = aReservation(lab.now, { id, owner: "ada", state: "complete", due: null, version: 1 });
    await lab.store.commit([{ kind: "reservation", value, expect: "absent" }]);
  }
  expect(await costs()).toEqual(few);
});

test("the first page of a user's reservations has what goes on, however long his history; then the latest", async () => {
  const lab = await new MemoryLab().open(1);
  for (let each = 1; each <= 150; each += 1) {
    const id = branded(isReservationId, `old-${String(each).padStart(3, "0")}`);
    const over = aReservation(after(lab.now, each), { id, state: "complete", due: null, version: 1 });
    const value = { ...over, owner: "ada", createdAt: after(lab.now, each) };
    await lab.store.commit([{ kind: "reservation", value, expect: "absent" }]);
  }
  await lab.reserve("now", 1);
  for (const caller of [ada, grace]) {
    const { body } = await ask(lab.app, caller, "GET /v1/reservations");
    expect(body).toMatchObject({
      reservations: { 0: { id: "now" }, 1: { id: "old-150" }, 2: { id: "old-149" } },
      next: expect.any(String),
    });
  }
});

test("a user's blocks are asked for by his name: others' are not even read", async () => {
  const lab = await new MemoryLab().open(1);
  const start = lab.now + 3_600_000;
  for (let each = 0; each < 120; each += 1) {
    const body = {
      id: branded(isBlockId, `b-${String(each).padStart(3, "0")}`),
      starts: [start],
      image: "demo",
    };
    expect((await ask(lab.app, bob, "POST /v1/blocks", { body })).status).toBe(201);
  }
  await ask(lab.app, ada, "POST /v1/blocks", { body: { id: "z", starts: [start], image: "demo" } });
  expect((await ask(lab.app, ada, "GET /v1/blocks")).body).toMatchObject({
    blocks: [{ id: "z" }],
    next: null,
  });
});
