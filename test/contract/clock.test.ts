/** The ids that the program gives. */
import { expect, onTestFinished, test, vi } from "vitest";
import { ids } from "../../lib/aws/clock.ts";
import * as kinds from "../../lib/core/ids.ts";

test("an id that is given is valid wherever an id is asked for", () => {
  const id = ids.next("res");
  const { isNodeId, isLabId, isReservationId, isJobId, isCommandId, isImageId } = kinds;
  for (const is of [isNodeId, isLabId, isReservationId, isJobId, isCommandId, isImageId])
    expect(is(id), id).toBe(true);
});

test("no id is given twice", () => {
  const given = Array.from({ length: 2_000 }, () => ids.next("job"));
  expect(new Set(given).size).toBe(given.length);
});

test("ids sort by the time at which they were given", () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const givenAt = [0, 1, 31, 32, 33, 1_024, 60_000, 86_400_000, 4e11].map((later) => {
    vi.setSystemTime(1_700_000_000_000 + later);
    return ids.next("job");
  });
  expect(givenAt.toSorted()).toEqual(givenAt);
});
