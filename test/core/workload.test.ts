/** The semester that readiness is measured on is the same for everybody, and looks like one. */
import { describe, expect, test } from "vitest";
import { random } from "../sim/random.ts";
import { loadTime, semester, semesterBegin } from "../support/workload.ts";

describe("the workload of a semester", () => {
  test("the same seed gives the same semester, another seed another one", () => {
    expect(semester(7)).toEqual(semester(7));
    expect(semester(7)).not.toEqual(semester(8));
  });

  test("people ask in order, for now or for later, and never for more than the lab has", () => {
    const { requests, images } = semester(1);
    let last = semesterBegin - 3_600_000;
    for (const { askedAt, start, image, count } of requests) {
      expect(askedAt).toBeGreaterThanOrEqual(last);
      last = askedAt;
      if (start !== null) expect(start).toBeGreaterThanOrEqual(askedAt);
      expect(images[image]).toBeDefined();
      expect(count).toBeLessThanOrEqual(5);
    }
  });

  test("the load times are those of the field: about seven minutes for a small image, within half an hour for any", () => {
    const luck = random(1);
    for (let round = 0; round < 1000; round += 1) {
      const small = loadTime({ name: "small", size: 1 }, luck);
      const large = loadTime({ name: "large", size: 4.5 }, luck);
      const total = (each: typeof small) => Object.values(each).reduce((sum, ms) => sum + ms, 0);
      expect(total(small)).toBeGreaterThan(5 * 60_000);
      expect(total(small)).toBeLessThan(14 * 60_000);
      expect(total(large)).toBeLessThan(45 * 60_000);
      expect(small.checkMs + small.reserveMs).toBeLessThan(60_000);
    }
  });
});
