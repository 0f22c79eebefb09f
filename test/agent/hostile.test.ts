/** Ten thousand commands that nobody should send: each is refused with a reason, none reaches a tool, the agent lives. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Command } from "../../lib/core/command.ts";
import { type AgentPlace, agentPlace } from "../support/agent-place.ts";
import { aCommand } from "./support.ts";

const count = 10_000;
const perDelivery = 50;
let place: AgentPlace;

beforeAll(async () => {
  place = await agentPlace();
  place.secret("bmc/blue", { username: "admin", password: "x" });
  place.script("power", `#!/bin/sh\ntouch '${join(place.dir, "reached")}'\n`);
  await place.start();
});
afterAll(() => place.remove());

const metacharacters = fc.constantFrom(
  "; touch /tmp/pwned",
  "$(touch /tmp/pwned)",
  "`id`",
  "../../../etc/shadow",
  "a\nb",
  "a\0b",
  "-H evil",
  "' OR 1=1",
  "{{ssm:secret}}",
  "%s%s%n",
  "\u202egnp.exe",
  "",
);
const text = fc.oneof(
  metacharacters,
  fc.string({ unit: "binary", maxLength: 40 }).map((each) => `${each}\u0007`),
  fc.constant("x".repeat(20_000)),
);
const junk = fc.oneof(
  text,
  fc.double(),
  fc.constant(null),
  fc.constant([]),
  fc.constant({}),
  fc.constant(-1),
  fc.boolean(),
);

/** Every field of a good command, each made bad in its own way: one at a time, so that nothing else is what is refused. */
const spoil: readonly ((good: Command) => fc.Arbitrary<unknown>)[] = [
  (good) => junk.map((id) => ({ ...good, id })),
  (good) => junk.map((node) => ({ ...good, node })),
  (good) => junk.map((lab) => ({ ...good, lab })),
  (good) => junk.map((journal) => ({ ...good, journal })),
  (good) =>
    fc.oneof(text, fc.constant(0), fc.constant(1.5), fc.constant(null)).map((epoch) => ({ ...good, epoch })),
  (good) => fc.oneof(text, fc.constant(-1), fc.constant(1e300)).map((notAfter) => ({ ...good, notAfter })),
  (good) => fc.oneof(text, fc.constant(-1), fc.constant(1e300)).map((mustEnd) => ({ ...good, mustEnd })),
  (good) => junk.map((actions) => ({ ...good, actions })),
  (good) => text.map((verb) => ({ ...good, actions: [{ verb }] })),
  (good) => junk.map((device) => ({ ...good, actions: [{ verb: "boot.set", device, persistence: "once" }] })),
  (good) => text.map((task) => ({ ...good, actions: [{ verb: "os.run", task, parameters: {} }] })),
  (good) => junk.map((lines) => ({ ...good, actions: [{ verb: "console.tail", lines }] })),
  (good) => fc.constant({ ...good, actions: Array.from({ length: 9 }, () => ({ verb: "power.on" })) }),
  (good) => fc.constant({ ...good, actions: [{ verb: "fence" }, { verb: "power.on" }] }),
  (good) => junk.map((target) => ({ ...good, target })),
  ...(["driver", "address", "domain", "credential", "quiescentMs", "options"] as const).map(
    (field) => (good: Command) =>
      (field === "domain"
        ? fc.constantFrom("", null, 7, "x".repeat(20_000))
        : field === "options"
          ? text
          : bad(field)
      ).map((value) => ({
        ...good,
        target: { ...good.target, power: { ...good.target.power, [field]: value } },
      })),
  ),
  (good) =>
    text
      .filter((value) => !/^[\x20-\x7e]{0,256}$/.test(value))
      .map((value) => ({
        ...good,
        target: { ...good.target, power: { ...good.target.power, options: { script: value } } },
      })),
  (good) =>
    text.map((name) => ({
      ...good,
      target: { ...good.target, power: { ...good.target.power, options: { [`${name};`]: "1" } } },
    })),
  (good) => text.map((mac) => ({ ...good, target: { ...good.target, macs: [mac] } })),
  (good) => fc.constant({ ...good, surprise: true }),
  () => junk,
];
function bad(field: "driver" | "address" | "credential" | "quiescentMs"): fc.Arbitrary<unknown> {
  const wrong = fc.oneof(text, fc.constant(null), fc.constant({}), fc.constant(-1));
  return field === "address"
    ? wrong.filter((value) => typeof value !== "string" || !/^[\x21-\x7e]{1,256}$/.test(value))
    : wrong;
}

test("10,000 hostile commands", { timeout: 120_000 }, async () => {
  const good = await place.addressed(
    aCommand({
      driver: "exec",
      address: "pdu",
      options: { script: "power" },
      actions: [{ verb: "power.on" }],
    }),
  );
  const hostile = fc.sample(fc.oneof(...spoil.map((each) => each(good))), { numRuns: count, seed: 7 });
  const wellFormed: unknown[] = [];
  const reasons = new Set<string>();
  for (let from = 0; from < hostile.length; from += perDelivery) {
    const part = hostile.slice(from, from + perDelivery);
    const { commands } = await place.take(...part);
    expect(commands).toHaveLength(part.length);
    for (const [index, receipt] of commands.entries()) {
      if (receipt.verdict !== "refused") wellFormed.push(part[index]);
      else reasons.add(receipt.reason.replace(/".*"/, ""));
      if (receipt.verdict === "refused") expect(receipt.reason.length).toBeGreaterThan(5);
    }
  }
  expect(wellFormed).toEqual([]);
  expect(reasons.size).toBeGreaterThan(20);
  expect(existsSync(join(place.dir, "reached"))).toBe(false);
  expect(existsSync("/tmp/pwned")).toBe(false);
  // It lives, and does as it should.
  await place.take(good);
  await place.ended(good.id);
  expect(existsSync(join(place.dir, "reached"))).toBe(true);
});

test.each([
  ["no JSON", "{"],
  ["another schema", JSON.stringify({ schema: "rackwright.delivery/9", commands: [1] })],
  ["no commands", JSON.stringify({ schema: "rackwright.delivery/1", commands: [] })],
  [
    "too many",
    JSON.stringify({ schema: "rackwright.delivery/1", commands: Array.from({ length: 51 }, () => 1) }),
  ],
])("a delivery that is none (%s) is refused as a whole, with its reason, by run", async (_what, body) => {
  const { code, stdout } = await place.call("run", Buffer.from(body).toString("base64url"));
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ error: expect.stringMatching(/not handed over: .{5}/) });
});
