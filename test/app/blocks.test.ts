/** A block: the same for many times. */
import { describe, expect, test } from "vitest";
import { endBlock, makeBlock, watchBlocks } from "../../lib/app/blocks.ts";
import { reserve } from "../../lib/app/reserve.ts";
import { setProject } from "../../lib/app/set-project.ts";
import { blockBody, type StoredBlock } from "../../lib/contracts/block.ts";
import { branded, isBlockId, isProjectId, isReservationId } from "../../lib/core/ids.ts";
import { after as later } from "../../lib/core/time.ts";
import { ada, ask } from "./asking.ts";
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
    refused: [],
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

  test("keeps what was refused, with its reason, counts it apart, and goes on with its other times", async () => {
    const lab = await new MemoryLab().open(3);
    const project = branded(isProjectId, "course");
    const quota = { nodesAtOnce: 2, hoursAhead: 24 * 365, longestMinutes: 120 };
    await setProject(lab.app, { id: project, members: ["ada"], quota }, null);
    const block = tuesdays(lab, 3);
    const request = { ...block.request, project };
    // Somebody of the project has its nodes at the second time.
    const [, second] = block.starts;
    const wanted = { ...request, id: branded(isReservationId, "exam"), owner: "ada", start: second ?? null };
    expect(await reserve(lab.app, wanted, user)).toMatchObject({ ok: true });
    const made = await makeBlock(lab.app, { ...block, request }, user);
    const refusal = {
      start: second,
      at: lab.now,
      code: "quota-spent",
      reason: "project course may have 2 nodes at once, and this would make it 4: end one, or ask for fewer",
    };
    expect(made).toMatchObject({ kind: "made", block: { made: 3, refused: [{ index: 1, ...refusal }] } });
    const { body } = await ask(lab.app, ada, "GET /v1/blocks");
    expect(body["blocks"]).toEqual([
      expect.objectContaining({ id: "course", made: 2, refused: [{ reservation: "course.2", ...refusal }] }),
    ]);
    expect(await lab.store.read("reservation", "course.2")).toBeNull();
    expect((await lab.reservation("course.3")).state).toBe("new");
    // It is not asked for again.
    expect(await watchBlocks(lab.app)).toEqual({ blocks: 1, made: 0 });
    expect((await lab.store.read("block", "course"))?.refused).toHaveLength(1);
  });

  test("waits with what its project may not reserve yet, and has it as soon as it may", async () => {
    const lab = await new MemoryLab().open(3);
    const project = branded(isProjectId, "course");
    const quota = { nodesAtOnce: 2, hoursAhead: 24, longestMinutes: 120 };
    await setProject(lab.app, { id: project, members: ["ada"], quota }, null);
    const block = tuesdays(lab, 3);
    const made = await makeBlock(lab.app, { ...block, request: { ...block.request, project } }, user);
    expect(made).toMatchObject({ block: { made: 1, refused: [] } });
    lab.now = later(lab.now, week);
    expect(await watchBlocks(lab.app)).toEqual({ blocks: 1, made: 1 });
    expect(await lab.store.read("block", "course")).toMatchObject({ made: 2, refused: [] });
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
