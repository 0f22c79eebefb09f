import { expect, test } from "vitest";
import { lateness } from "../../bench/late/late.ts";

test("a hundred and twenty nodes that are late at once are looked at within two seconds by their timers", async () => {
  const { noticedMost, forgotten } = await lateness(120, "timers");
  expect(noticedMost).toBeLessThanOrEqual(2);
  expect(forgotten).toBe(0);
}, 60_000);

test("and within two minutes by the watchdog alone, in one tick, when every timer is lost", async () => {
  const { noticedMost, forgotten, corrections } = await lateness(120, "lost");
  expect(noticedMost).toBeLessThanOrEqual(120);
  expect(forgotten).toBe(0);
  expect(corrections).toBeGreaterThan(0);
}, 60_000);
