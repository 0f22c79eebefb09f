/** What loads and people have taught: learned times, expected demand, and which idle node is loaded with what. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Calendar } from "../../lib/core/calendar/calendar.ts";
import { branded, isImageId, isNodeId, isReservationId, isRevisionId } from "../../lib/core/ids.ts";
import type { NodeState, Target } from "../../lib/core/node/node.ts";
import { expected, noDemand, wanted } from "../../lib/core/prediction/demand.ts";
import { type Estimate, highMs, learned } from "../../lib/core/prediction/estimate.ts";
import { leadFor, noExperience, readyMs, taught } from "../../lib/core/prediction/experience.ts";
import { defaultReadiness } from "../../lib/core/prediction/policy.ts";
import { preloads } from "../../lib/core/prediction/preload.ts";
import { type Instant, instant, minutes, seconds } from "../../lib/core/time.ts";
import { World } from "./world.ts";

const now = instant(1_736_726_400_000);
const hour = minutes(60);
const later = (spanMs: number): Instant => instant(now + spanMs);
const week = 7 * 24 * hour;

function estimateOf(samples: readonly number[]): Estimate {
  let estimate: Estimate | undefined;
  for (const sample of samples) estimate = learned(estimate, sample);
  if (estimate === undefined) throw new Error("no samples");
  return estimate;
}

describe("load times are learned", () => {
  test("the estimate stays within what was seen, and the high one is not below the mean", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 3_600_000 }), { minLength: 1, maxLength: 60 }),
        (all) => {
          const estimate = estimateOf(all);
          expect(estimate.meanMs).toBeGreaterThanOrEqual(Math.min(...all) - all.length);
          expect(estimate.meanMs).toBeLessThanOrEqual(Math.max(...all) + all.length);
          expect(highMs([estimate])).toBeGreaterThanOrEqual(estimate.meanMs);
        },
      ),
    );
  });

  test("one load that hung for hours hardly moves what was learned", () => {
    const usual = Array.from({ length: 40 }, (_, index) => seconds(300 + 10 * (index % 5)));
    const before = highMs([estimateOf(usual)]);
    expect(highMs([estimateOf([...usual, 6 * hour])])).toBeLessThan(before * 1.25);
  });

  test("a load that takes twice as long from now on is believed after some", () => {
    const usual = Array.from({ length: 40 }, (_, index) => seconds(300 + 10 * (index % 5)));
    const slow = Array.from({ length: 25 }, () => seconds(640));
    expect(highMs([estimateOf([...usual, ...slow])])).toBeGreaterThan(seconds(600));
  });

  test("the lead covers the load that was learned, within the policy's bounds; before that it is the usual one", () => {
    let experience = noExperience("standard#demo", now);
    expect(leadFor(experience, defaultReadiness, minutes(30))).toBe(minutes(30));
    for (let round = 0; round < 20; round += 1)
      experience = taught(experience, {
        spent: { load: seconds(300 + round), "post-load": seconds(60), reserve: seconds(18) },
        handedOver: { withoutLoad: false, wantedAt: now },
      });
    const lead = leadFor(experience, defaultReadiness, minutes(30));
    expect(lead).toBeGreaterThan(seconds(397));
    expect(lead).toBeLessThan(minutes(12));
    expect(readyMs(experience)).toBe(lead - defaultReadiness.leadMarginMs);
    expect(leadFor(experience, { ...defaultReadiness, leadAtMostMs: minutes(5) }, 0)).toBe(minutes(5));
    expect(leadFor(experience, { ...defaultReadiness, leadAtLeastMs: minutes(40) }, 0)).toBe(minutes(40));
  });

  test("hits are counted among the hand-overs, and a reload is neither", () => {
    let experience = noExperience("standard#demo", now);
    for (const handedOver of [
      null,
      { withoutLoad: true, wantedAt: null },
      { withoutLoad: false, wantedAt: null },
    ])
      experience = taught(experience, { spent: { reserve: 1 }, handedOver });
    expect(experience).toMatchObject({ handedOver: 2, withoutLoad: 1, version: 3 });
  });
});

describe("demand is expected where it was", () => {
  test("at the hour of the week at which people came before, and for what they came", () => {
    let course = noDemand(now);
    let other = noDemand(now);
    for (let round = 0; round < 4; round += 1) {
      for (let seat = 0; seat < 6; seat += 1)
        course = wanted(course, later(round * week + 9 * hour + minutes(seat)));
      other = wanted(other, later(round * week + 15 * hour));
    }
    const demands = new Map([
      ["course", course],
      ["other", other],
    ]);
    const atClass = expected(demands, later(4 * week + 9 * hour), hour);
    const atNight = expected(demands, later(4 * week + 3 * hour), hour);
    expect(atClass.get("course")).toBeGreaterThan(2);
    expect(atClass.get("course")).toBeGreaterThan(10 * (atNight.get("course") ?? 1));
    expect(atClass.get("course")).toBeGreaterThan(4 * (atClass.get("other") ?? 1));
  });

  test("whatever was asked for, what is expected is no less than nothing, and fades when nobody comes any more", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4 * week }), { minLength: 1, maxLength: 50 }), (all) => {
        let demand = noDemand(now);
        for (const at of all.toSorted((a, b) => a - b)) demand = wanted(demand, later(at));
        const soon = expected(new Map([["it", demand]]), later(5 * week), week).get("it") ?? -1;
        const late = expected(new Map([["it", demand]]), later(40 * week), week).get("it") ?? -1;
        expect(soon).toBeGreaterThan(0);
        expect(late).toBeGreaterThanOrEqual(0);
        expect(late).toBeLessThan(soon);
        expect(Object.keys(demand.hours).length).toBeLessThanOrEqual(168);
      }),
    );
  });
});

const targetOf = (name: string): Target => ({
  image: branded(isImageId, name),
  revision: branded(isRevisionId, `${name}:1`),
});
const { node: atRest } = new World().makeAvailable();

function nodeWith(number: number, image: string | null): NodeState {
  const disk = image === null ? atRest.disk : { ...atRest.disk, ...targetOf(image) };
  const operation = { ...atRest.operation, phase: "run" } as const;
  return { ...atRest, id: branded(isNodeId, `node-${number}`), disk, operation };
}

const nobody: ReadonlyMap<NodeState["id"], readonly Calendar[]> = new Map();

describe("idle nodes are preloaded with what is wanted", () => {
  const policy = { ...defaultReadiness, spareShare: 0.25 };

  test("the most useful first, on the nodes whose image is of least use, never more than at once, and some are left alone", () => {
    const nodes = [1, 2, 3, 4, 5, 6, 7, 8].map((each) => nodeWith(each, each < 3 ? "a" : null));
    const wishes = [
      { target: targetOf("a"), expected: 2 },
      { target: targetOf("b"), expected: 3 },
      { target: targetOf("c"), expected: 0.01 },
    ];
    const moves = preloads(nodes, nobody, wishes, policy, now);
    expect(moves).toHaveLength(policy.atOnce);
    expect(moves[0]?.target).toEqual(targetOf("b"));
    expect(moves.map(({ node }) => node)).not.toContain("node-1");
    expect(moves.map(({ target }) => target.image)).not.toContain("c");
    expect(preloads(nodes.slice(0, 1), nobody, wishes, policy, now)).toEqual([]);
  });

  test("a node that is booked soon is neither loaded nor counted on", () => {
    const node = nodeWith(1, "a");
    const booking = {
      from: later(minutes(30)),
      to: later(minutes(90)),
      reservation: branded(isReservationId, "later"),
    };
    const calendars = new Map([[node.id, [{ node: node.id, period: 0, version: 1, bookings: [booking] }]]]);
    const wishes = [{ target: targetOf("a"), expected: 1 }];
    const moves = preloads([node, nodeWith(2, null), nodeWith(3, null)], calendars, wishes, policy, now);
    expect(moves).toEqual([{ node: "node-2", target: targetOf("a") }]);
  });

  test("it comes to rest: what it has loaded it does not load away again", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(null, "a", "b", "c", "d"), { minLength: 1, maxLength: 30 }),
        fc.array(fc.double({ min: 0, max: 12, noNaN: true }), { minLength: 4, maxLength: 4 }),
        (images, demands) => {
          let nodes = images.map((image, index) => nodeWith(index, image));
          const wishes = ["a", "b", "c", "d"].map((image, index) => ({
            target: targetOf(image),
            expected: demands[index] ?? 0,
          }));
          let rounds = 0;
          for (; rounds <= nodes.length; rounds += 1) {
            const moves = preloads(nodes, nobody, wishes, policy, now);
            if (moves.length === 0) break;
            nodes = nodes.map((node) => {
              const move = moves.find((each) => each.node === node.id);
              return move === undefined ? node : { ...node, disk: { ...node.disk, ...move.target } };
            });
          }
          expect(rounds).toBeLessThanOrEqual(nodes.length);
        },
      ),
    );
  });
});
