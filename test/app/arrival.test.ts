/** When a reservation will be ready, by what was learned of its image: told while it waits, and nothing once it is ready. */
import { expect, test } from "vitest";
import { ada, ask } from "./asking.ts";
import { MemoryLab } from "./lab.ts";

interface Expected {
  readonly expected: { readonly at: number; readonly latest: number } | null;
  readonly readyAt: number | null;
}

const minute = 60_000;

test("who waits is told when he will be ready, ever better the nearer it comes, once five loads were seen", async () => {
  const lab = await new MemoryLab().open(8);
  const seen = async (id: string): Promise<Expected> =>
    (await ask(lab.app, ada, "GET /v1/reservations/{id}", { id })).body as unknown as Expected;
  await lab.reserve("first", 1, 30);
  expect((await seen("first")).expected).toBeNull();
  await lab.until(lab.isIn("first", "reserved"));
  await lab.reserve("five", 5, 30);
  await lab.until(lab.isIn("five", "reserved"));

  await lab.reserve("now", 2, 60);
  const told: { at: number; expected: NonNullable<Expected["expected"]> }[] = [];
  await lab.until(async () => {
    const { expected } = await seen("now");
    if (expected !== null) told.push({ at: lab.now, expected });
    return lab.isIn("now", "reserved")();
  });
  const { readyAt, expected } = await seen("now");
  expect(expected).toBeNull();
  expect(told.length).toBeGreaterThan(10);
  const [first] = told;
  expect(Math.abs((first?.expected.at ?? 0) - (readyAt ?? 0))).toBeLessThan(minute);
  for (const { at, expected: each } of told) {
    expect(each.latest).toBeGreaterThanOrEqual(each.at);
    expect(each.at).toBeGreaterThanOrEqual(at);
    expect(Math.abs(each.at - (readyAt ?? 0))).toBeLessThan(minute);
  }

  // One that waits in line for nodes: when they are free, and a load.
  await lab.reserve("all", 8, 60);
  await lab.until(async () => (await lab.reservation("all")).placed.length === 8);
  const waiting = await seen("all");
  expect(waiting.expected?.at).toBeGreaterThan((await lab.reservation("all")).start);
  const { body } = await ask(lab.app, ada, "GET /v1/reservations/{id}/explain", { id: "all" });
  const answers = body["answers"] as readonly { question: string; answer: string }[];
  expect(answers.find(({ question }) => question === "when will it be ready?")?.answer).toMatch(
    /^in \d+ .* as a rule, in \d+ .* but for one in fifty; it is number 1 in line/,
  );
});
