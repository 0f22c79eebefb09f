/** What comes too late, or was overtaken, touches nothing: counted at the BMC, reading included. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { aCommand } from "../agent/support.ts";
import { type AgentPlace, agentPlace } from "../support/agent-place.ts";
import { eventually, temporaryFolder } from "../support/stack.ts";
import { bmcPassword, type IpmiBmc, ipmiBmc, requireTools } from "./farm.ts";

requireTools();
const folder = temporaryFolder();
let bmc: IpmiBmc;
let place: AgentPlace;

beforeAll(async () => {
  bmc = await ipmiBmc(folder.path, "bmc", new Set());
  place = await agentPlace();
  place.secret("bmc/blue", { username: "admin", password: bmcPassword });
  await place.start();
});
afterAll(async () => {
  await place.remove();
  await bmc.stop();
  folder.remove();
});

const power = (change: Parameters<typeof aCommand>[0]) =>
  place.addressed(
    aCommand({ driver: "ipmi", address: bmc.address, actions: [{ verb: "power.cycle" }], ...change }),
  );

test("R56: 50 commands after their notAfter or with a lower epoch make no BMC call, and each is told", async () => {
  const current = await power({ node: "node-01", epoch: 1000, actions: [{ verb: "power.on" }] });
  await place.take(current);
  expect((await place.ended(current.id)).status).toBe("completed");
  const before = bmc.requests();
  const late = await Promise.all(
    Array.from({ length: 25 }, (_, index) =>
      power({ node: `late-${index}`, epoch: 5, startsWithinMs: -1 - index }),
    ),
  );
  const overtaken = await Promise.all(
    Array.from({ length: 25 }, (_, index) => power({ node: "node-01", epoch: 1000 - index })),
  );
  const { commands } = await place.take(...late, ...overtaken);
  expect(commands.map(({ verdict }) => verdict)).toEqual(Array.from({ length: 50 }, () => "refused"));
  await eventually(
    () => [...late, ...overtaken].every(({ id }) => place.results(id).length > 0),
    "the reports",
  );
  for (const { id } of late)
    expect(place.results(id)[0]).toMatchObject({ status: "expired", startedAt: null });
  for (const { id } of overtaken) {
    expect(place.results(id)[0]).toMatchObject({
      status: "refused",
      startedAt: null,
      reason: expect.stringContaining("superseded"),
    });
  }
  expect(bmc.requests()).toBe(before);
});

test("what was taken in time and then had to wait too long behind another is not begun", async () => {
  bmc.slow(2);
  const [first, second] = [
    await power({ node: "node-02", epoch: 1, domain: "shared" }),
    await power({ node: "node-03", epoch: 1, domain: "shared", startsWithinMs: 300 }),
  ];
  const before = bmc.effects().length;
  await place.take(first, second);
  expect((await place.ended(second.id)).status).toBe("expired");
  expect((await place.ended(first.id)).status).toBe("completed");
  bmc.slow(0);
  const done = bmc.effects().slice(before);
  expect(new Set(done.map(({ what }) => what))).toEqual(new Set(["power 0", "power 1"]));
  expect(done.findIndex(({ what }) => what === "power 1")).toBe(
    done.findLastIndex(({ what }) => what === "power 0") + 1,
  );
});

test("a command for another journal, of a controller that was set up anew, makes no BMC call", async () => {
  const before = bmc.requests();
  const command = { ...(await power({ node: "node-04" })), journal: "ffffffffffffffff" };
  const { commands } = await place.take(command);
  expect(commands[0]).toMatchObject({ verdict: "refused", reason: expect.stringContaining("set up anew") });
  expect(bmc.requests()).toBe(before);
});

test("nothing is switched while the clock of the controller cannot be trusted, and the report says so", async () => {
  place.serving.dateOffsetMs = 3_600_000;
  await place.end("SIGTERM");
  await place.start();
  const before = bmc.requests();
  const command = await power({ node: "node-05" });
  await place.take(command);
  expect(await place.ended(command.id)).toMatchObject({
    status: "failed",
    results: [{ fault: { class: "infrastructure", code: "clock-untrusted" } }],
  });
  expect(bmc.requests()).toBe(before);
  const health = await fetch(`${place.url}/healthz`);
  expect(health.status).toBe(503);
  expect(await health.text()).toContain("timedatectl");
  place.serving.dateOffsetMs = 0;
});
