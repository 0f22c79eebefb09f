/** A block: the same for many times. */
import { describe, expect, test } from "vitest";
import { endBlock, makeBlock, watchBlocks } from "../../lib/app/blocks.ts";
import { blockBody, type StoredBlock } from "../../lib/contracts/block.ts";
import { branded, isBlockId } from "../../lib/core/ids.ts";
import { after as later } from "../../lib/core/time.ts";
import { MemoryLab } from "./lab.ts";

const user = { kind: "user", name: "ada" } as const;
const week = 7 * 24 * 3_600_000;

function tuesdays(lab: MemoryLab, count: number): StoredBlock {
  const {
    id: _,
    starts,
    ...request
  } = blockBody.parse({
    id: "course",
    starts: Array.from({ length: count }, (_, index) => later(lab.now, 3_600_000 + index * week)),
    image: "demo",
    count: 2,
    minutes: 90,
  });
  return {
    id: branded(isBlockId, "course"),
    version: 1,
    owner: "ada",
    bound: true,
    request,
    starts,
    made: 0,
    ended: null,
  };
}

describe("a block", () => {
  test("reserves what is near enough at once, and the rest as it comes near; each time once", async () => {
    const lab = await new MemoryLab().open(3);
    const block = tuesdays(lab, 30);
    const made = await makeBlock(lab.app, block, user);
    const horizon = lab.app.policy.reservation.horizonMs;
    const near = block.starts.filter((start) => start <= lab.now + horizon).length;
    expect(near).toBeLessThan(30);
    expect(made).toMatchObject({ kind: "made", block: { made: near } });
    expect(await makeBlock(lab.app, block, user)).toMatchObject({ kind: "known", block: { made: near } });
    const { items } = await lab.store.list("reservation", 100, null);
    expect(items.map(({ id, start }) => [id, start]).toSorted()).toEqual(
      block.starts
        .slice(0, near)
        .map((start, index) => [`course.${index + 1}`, start])
        .toSorted(),
    );
    expect(items.every(({ placed, state }) => placed.length === 2 && state === "new")).toBe(true);
    lab.now = later(lab.now, week);
    expect(await watchBlocks(lab.app)).toEqual({ blocks: 1, made: 1 });
    expect(await watchBlocks(lab.app)).toEqual({ blocks: 1, made: 0 });
  });

  test("that is ended makes no more, and keeps what it has", async () => {
    const lab = await new MemoryLab().open(3);
    await makeBlock(lab.app, tuesdays(lab, 30), user);
    const id = branded(isBlockId, "course");
    expect(await endBlock(lab.app, id, "no teacher", 1)).toBe("other-version");
    expect(await endBlock(lab.app, id, "no teacher", null)).toMatchObject({ ended: "no teacher" });
    lab.now = later(lab.now, week);
    expect(await watchBlocks(lab.app)).toEqual({ blocks: 1, made: 0 });
    expect((await lab.reservation("course.1")).state).toBe("new");
  });

  test("under the id of another one is refused", async () => {
    const lab = await new MemoryLab().open(3);
    const block = tuesdays(lab, 2);
    await makeBlock(lab.app, block, user);
    expect(await makeBlock(lab.app, { ...block, owner: "bob" }, user)).toEqual({ kind: "taken" });
  });

  test("whose times are not in order is told so", () => {
    const parsed = blockBody.safeParse({ id: "course", starts: [2000, 1000], image: "demo" });
    expect(parsed.error?.issues[0]?.message).toBe("are not in order: each must be later than the one before");
  });
});
