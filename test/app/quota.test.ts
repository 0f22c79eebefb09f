/** How much a user may have in no project's name: a portal's users cannot take all there is. */
import { describe, expect, test } from "vitest";
import type { App } from "../../lib/app/app.ts";
import { watchBlocks } from "../../lib/app/blocks.ts";
import { policy as policyShape } from "../../lib/contracts/policy.ts";
import { defaultPolicy } from "../../lib/core/correction/policy.ts";
import type { Quota } from "../../lib/core/project.ts";
import { ada, ask, bob, grace } from "./asking.ts";
import { MemoryLab } from "./lab.ts";

const quota: Quota = { nodesAtOnce: 3, hoursAhead: 48, longestMinutes: 240 };
const hour = 3_600_000;
/** Whoever books nodes that there are none of fails at once, and has none. */
const real = { class: "standard" };

async function opened(): Promise<{ lab: MemoryLab; app: App }> {
  const lab = await new MemoryLab().open(6);
  const { reservation } = lab.app.policy;
  const policy = { ...lab.app.policy, reservation: { ...reservation, personal: quota } };
  return { lab, app: { ...lab.app, policy } };
}

let unnamed = 0;
function reserve(app: App, who: typeof ada, body: object) {
  unnamed += 1;
  const id = `unnamed-${unnamed}`;
  return ask(app, who, "POST /v1/reservations", { body: { id, image: "demo", class: "none-such", ...body } });
}
const extend = (app: App, who: typeof ada, id: string, end: number) =>
  ask(app, who, "POST /v1/reservations/{id}/extend", { id, body: { end } });

describe("who names no project has a quota of his own", () => {
  test("of nodes at once: he is told when it is spent, others have theirs, and what is over is his again", async () => {
    const { app } = await opened();
    expect((await reserve(app, ada, { id: "two", count: 2 })).status).toBe(201);
    expect((await reserve(app, ada, { id: "one", count: 1 })).status).toBe(201);
    const spent = await reserve(app, ada, { id: "more", count: 1 });
    expect(spent).toMatchObject({
      status: 429,
      body: {
        type: "urn:rackwright:problem:quota-spent",
        detail:
          "ada in no project's name may have 3 nodes at once, and this would make it 4: end one, or ask for fewer",
        errors: [{ pointer: "#/count" }],
      },
    });
    expect(await app.store.read("reservation", "more")).toBeNull();
    expect((await reserve(app, bob, { count: 3 })).status).toBe(201);
    // The same one again is the same one, and counts once.
    expect((await reserve(app, ada, { id: "one", count: 1 })).status).toBe(200);
    const ended = await ask(app, ada, "POST /v1/reservations/{id}/end", {
      id: "one",
      body: { reason: "done" },
    });
    expect(ended.status).toBe(202);
    expect((await reserve(app, ada, { id: "more", count: 1 })).status).toBe(201);
    expect(await app.store.read("person", "ada")).toMatchObject({ live: ["two", "more"] });
  });

  test("of time: what begins too late or lasts too long is refused, and what follows another is not", async () => {
    const { lab, app } = await opened();
    const at = (hours: number) => lab.now + hours * hour;
    const first = { id: "first", ...real, count: 3, start: at(1), minutes: 120 };
    expect((await reserve(app, ada, first)).status).toBe(201);
    expect((await reserve(app, ada, { ...real, count: 3, start: at(3), minutes: 60 })).status).toBe(201);
    expect(await reserve(app, ada, { count: 1, start: at(2), minutes: 60 })).toMatchObject({ status: 429 });
    expect(await reserve(app, ada, { minutes: 241, start: at(10) })).toMatchObject({
      status: 422,
      body: { type: "urn:rackwright:problem:too-long" },
    });
    expect(await reserve(app, ada, { start: at(49) })).toMatchObject({
      status: 422,
      body: { type: "urn:rackwright:problem:too-far-ahead" },
    });
    expect(await extend(app, ada, "first", at(6))).toMatchObject({
      status: 422,
      body: { type: "urn:rackwright:problem:too-long" },
    });
    expect(await extend(app, ada, "first", at(4))).toMatchObject({
      status: 429,
      body: { type: "urn:rackwright:problem:quota-spent" },
    });
  });

  test("which binds no operator, and nobody in whose name an operator reserves", async () => {
    const { lab, app } = await opened();
    const far = lab.now + 100 * hour;
    expect((await reserve(app, grace, { count: 50, minutes: 600, start: far })).status).toBe(201);
    expect((await reserve(app, grace, { owner: "ada", count: 50, minutes: 600 })).status).toBe(201);
    expect((await reserve(app, ada, { count: 3 })).status).toBe(201);
  });

  test("and of ten who ask in his name at the same moment three are served, by the transaction itself", async () => {
    const { app } = await opened();
    const asked = async (index: number): Promise<number> => {
      for (;;) {
        try {
          return (await reserve(app, ada, { id: `r-${index}`, count: 1 })).status;
        } catch (error) {
          // As whoever gets a 503 with Retry-After does.
          if (!(error instanceof Error) || error.name !== "Contended") throw error;
        }
      }
    };
    const statuses = await Promise.all(Array.from({ length: 10 }, (_, index) => asked(index)));
    expect(statuses.toSorted((a, b) => a - b)).toEqual([201, 201, 201, ...Array(7).fill(429)]);
  });

  test("in which the times of a user's block count too, whenever they are reserved; an operator's do not", async () => {
    const { lab, app } = await opened();
    const starts = [lab.now + hour];
    const block = { starts, image: "demo", count: 2, minutes: 60 };
    const make = (who: typeof ada, id: string, change: object = {}) =>
      ask(app, who, "POST /v1/blocks", { body: { ...block, ...change, id } });
    expect((await make(ada, "his")).status).toBe(201);
    expect(await app.store.read("person", "ada")).toMatchObject({ live: ["his.1"] });
    expect(await reserve(app, ada, { count: 2, start: lab.now + hour })).toMatchObject({ status: 429 });
    expect(await make(ada, "long", { minutes: 241 })).toMatchObject({
      status: 422,
      body: { type: "urn:rackwright:problem:too-long" },
    });
    expect((await make(grace, "class", { count: 4, minutes: 600 })).status).toBe(201);
    await watchBlocks(app);
    expect(await app.store.read("reservation", "class.1")).toMatchObject({
      count: 4,
      owner: "grace",
      state: "new",
    });
    expect(await app.store.read("person", "grace")).toBeNull();
  });
});

test("a policy that was written before there was such a quota has the default one", () => {
  const { personal, ...reservation } = defaultPolicy.reservation;
  expect(policyShape.parse({ ...defaultPolicy, reservation }).reservation.personal).toEqual(personal);
});
