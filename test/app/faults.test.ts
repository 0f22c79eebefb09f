/** Messages that are lost, doubled and late, users who change their minds: whatever happens, everything comes to rest. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type NodeState, reservationOf } from "../../lib/core/node/node.ts";
import { MemoryLab } from "./lab.ts";

const hour = 3_600_000;
const isAtRest = ({ provision: { state }, waiting }: NodeState): boolean =>
  (state === "available" && waiting.length === 0) || state === "quarantined" || state === "in-use";

/** As often as messages and functions fail. */
interface Trouble {
  readonly lost: number;
  readonly doubled: number;
  readonly died: number;
}

test.each<[what: string, trouble: Trouble]>([
  ["a third of all messages is lost and some are doubled", { lost: 33, doubled: 15, died: 0 }],
  ["functions die between any two calls to their ports", { lost: 0, doubled: 0, died: 1 }],
  ["all of that happens at once", { lost: 20, doubled: 15, died: 1 }],
])(
  "R58, invariants 1, 3, 4, 5, 9, 10: whatever happens, all comes to rest: %s",
  { timeout: 120_000 },
  async (_what, trouble) => {
    const plan = fc.record({
      seed: fc.infiniteStream(fc.integer({ min: 0, max: 99 })),
      reservations: fc.array(
        fc.record({
          count: fc.integer({ min: 1, max: 3 }),
          minutes: fc.integer({ min: 5, max: 40 }),
          endsAfterSteps: fc.integer({ min: 0, max: 600 }),
        }),
        { minLength: 1, maxLength: 4 },
      ),
    });
    await fc.assert(
      fc.asyncProperty(plan, async ({ seed, reservations }) => {
        const chance = (percent: number): boolean => (seed.next().value ?? 0) < percent;
        const lab = await new MemoryLab().open(4);
        lab.loseWake = () => chance(trouble.lost);
        lab.loseReport = () => chance(Math.floor(trouble.lost / 2));
        lab.repeatReport = () => chance(trouble.doubled);
        lab.dies = () => chance(trouble.died);
        for (const [index, { count, minutes }] of reservations.entries())
          await lab.reserve(`r${index}`, count, minutes);
        const all = () => Promise.all(reservations.map((_, index) => lab.reservation(`r${index}`)));
        let steps = 0;
        await lab.until(async () => {
          steps += 1;
          const held = await all();
          const nodes = await lab.nodes();
          for (const node of nodes) {
            const id = reservationOf(node);
            const owner = held.find((each) => each.id === id);
            expect(id === null || owner?.nodes.includes(node.id), `${node.id} and ${id} disagree`).toBe(true);
            if (node.provision.state === "available") expect(node.disk.taint).toBeNull();
            const rests = isAtRest(node);
            expect(
              rests || node.due !== null,
              `${node.id} is ${node.provision.state} and has no deadline`,
            ).toBe(true);
          }
          for (const [index, { endsAfterSteps }] of reservations.entries()) {
            if (steps === endsAfterSteps)
              await lab.job({ kind: "end", id: `end-${index}`, reservation: `r${index}` });
          }
          const over = held.every(({ state }) => state === "complete" || state === "failed");
          return (
            over &&
            nodes.every((node) => node.due === null && isAtRest(node) && node.provision.state !== "in-use")
          );
        }, 12 * hour);
        for (const node of await lab.nodes()) {
          const story = await lab.store.timeline({ kind: "node", id: node.id }, 0, 1000);
          expect(story.map(({ sequence }) => sequence)).toEqual(story.map((_, index) => index + 1));
        }
      }),
      { numRuns: 30 },
    );
  },
);
