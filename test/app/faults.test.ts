/** Messages that are lost, doubled and late, users who change their minds: whatever happens, everything comes to rest. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { reservationOf } from "../../lib/core/node/node.ts";
import { MemoryLab } from "./lab.ts";

const hour = 3_600_000;

test("R58, invariants 1, 4, 5, 10: with a third of all messages lost and some doubled, all reservations end and all nodes are free and clean", {
  timeout: 120_000,
}, async () => {
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
      lab.loseWake = () => chance(33);
      lab.loseReport = () => chance(20);
      lab.repeatReport = () => chance(15);
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
        }
        for (const [index, { endsAfterSteps }] of reservations.entries()) {
          if (steps === endsAfterSteps)
            await lab.job({ kind: "end", id: `end-${index}`, reservation: `r${index}` });
        }
        const over = held.every(({ state }) => state === "complete" || state === "failed");
        return (
          over &&
          nodes.every(
            ({ provision, due }) =>
              due === null && (provision.state === "available" || provision.state === "quarantined"),
          )
        );
      }, 12 * hour);
      for (const node of await lab.nodes()) {
        const story = await lab.store.timeline({ kind: "node", id: node.id }, 0, 1000);
        expect(story.map(({ sequence }) => sequence)).toEqual(story.map((_, index) => index + 1));
      }
    }),
    { numRuns: 30 },
  );
});
