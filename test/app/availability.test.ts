/** What can be had is what would be given: by the same rules, for the caller, for his whole time. */
import { expect, test } from "vitest";
import { after } from "../../lib/core/time.ts";
import { ada, ask, bob, grace } from "./asking.ts";
import { MemoryLab } from "./lab.ts";

const hour = 3_600_000;

async function has(lab: MemoryLab, caller: typeof ada, query: Readonly<Record<string, string>> = {}) {
  const { body } = await ask(lab.app, caller, "GET /v1/availability", {
    query: { class: "standard", ...query },
  });
  const [first] = body["classes"] as readonly { readonly free: number; readonly soonest: number | null }[];
  return first;
}

test("a node that is lent is there for whom it is lent to, and for nobody else", async () => {
  const lab = await new MemoryLab().open(2);
  const loan = { to: "bob", reason: "a test stand" };
  expect((await ask(lab.app, grace, "POST /v1/nodes/{id}/loan", { id: "node-01", body: loan })).status).toBe(
    200,
  );
  expect(await has(lab, ada)).toMatchObject({ free: 1 });
  expect(await has(lab, bob)).toMatchObject({ free: 2 });
  expect(await has(lab, ada, { count: "2" })).toMatchObject({ soonest: null });
  expect(await has(lab, bob, { count: "2" })).toMatchObject({ soonest: lab.now });
});

test("a node that is promised to somebody is free until then only", async () => {
  const lab = await new MemoryLab().open(1);
  const body = { id: "later", image: "demo", minutes: 60, start: after(lab.now, 5 * hour) };
  expect((await ask(lab.app, bob, "POST /v1/reservations", { body })).status).toBe(201);
  expect(await has(lab, ada, { minutes: "60" })).toMatchObject({ free: 1, soonest: lab.now });
  const long = await has(lab, ada, { minutes: "480" });
  expect(long?.free).toBe(0);
  expect(long?.soonest).toBeGreaterThanOrEqual(lab.now + 6 * hour);
  const wanted = { id: "long", image: "demo", minutes: 480 };
  const told = await ask(lab.app, ada, "POST /v1/reservations", { body: wanted });
  expect(told.body["start"]).toBe(long?.soonest);
  // Ended before its time: what was promised is free again, for whoever asks.
  await lab.job({ kind: "end", id: "e1", reservation: "later" });
  await lab.job({ kind: "end", id: "e2", reservation: "long" });
  expect(await has(lab, ada, { minutes: "480" })).toMatchObject({ free: 1, soonest: lab.now });
});

test("a node that is drained or quarantined is promised to nobody", async () => {
  const lab = await new MemoryLab().open(2);
  const drain = {
    action: "drain",
    of: { node: "node-02" },
    reason: "a fan",
    until: after(lab.now, 48 * hour),
  };
  expect((await ask(lab.app, grace, "POST /v1/upkeep", { body: drain })).status).toBe(200);
  await lab.until(async () => (await lab.store.read("node", "node-02"))?.provision.state === "maintenance");
  expect(await has(lab, ada, { count: "2" })).toMatchObject({ free: 1, soonest: null });
});
