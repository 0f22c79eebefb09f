/** Blocks: each of their times becomes a reservation as soon as it is near enough to be booked. */
import type { StoredBlock } from "../contracts/block.ts";
import { nextStarts, reservationIdOf } from "../core/block.ts";
import type { Fault } from "../core/fault.ts";
import type { BlockId } from "../core/ids.ts";
import type { Actor } from "../core/node/node.ts";
import { type App, Contended, decideAgainAtMost } from "./app.ts";
import { neverHad, reserve } from "./reserve.ts";

const blocksPerTick = 20;
const byWatchdog: Actor = { kind: "watchdog", name: "reservations" };

/** Goes round all blocks, some per tick. */
export async function watchBlocks(app: App): Promise<{ blocks: number; made: number }> {
  const { store } = app;
  const cursor = await store.read("cursor", "blocks");
  const page = await store.list("block", blocksPerTick, cursor?.from ?? null);
  let made = 0;
  for (const block of page.items) made += await advanceBlock(app, block, byWatchdog);
  if (page.items.length > 0 || cursor !== null)
    await store.commit([{ kind: "cursor", value: { id: "blocks", from: page.next }, expect: "any" }]);
  return { blocks: page.items.length, made };
}

/**
 * Makes the reservations that are near enough, and answers how many. Dying in between is harmless: each has its id from the
 * block. A time that is refused is kept with the block, each in a write of its own.
 */
export async function advanceBlock(app: App, block: StoredBlock, actor: Actor): Promise<number> {
  const { store, clock, policy, log } = app;
  let stored = block;
  let { made } = block;
  let reserved = 0;
  const keep = async (change: Partial<StoredBlock>): Promise<boolean> => {
    const value = { ...stored, ...change, version: stored.version + 1 };
    const committed = await store.commit([{ kind: "block", value, expect: stored.version }]);
    stored = value;
    return committed === "committed";
  };
  for (const { index, start } of nextStarts(block, clock.now(), policy.reservation.horizonMs)) {
    const wanted = { ...block.request, id: reservationIdOf(block.id, index), owner: block.owner, start };
    const answer = await reserve(app, wanted, actor, block.bound);
    if (answer.ok) {
      made = index + 1;
      reserved += 1;
      continue;
    }
    const { code, message: reason } = answer.fault;
    // Whoever it counts for sees less far ahead than we do: it waits for that, and so does what follows.
    if (code === "too-far-ahead") break;
    log.warn("a time of a block could not be reserved", { block: block.id, start, reason });
    const refused = [...stored.refused, { index, start, at: clock.now(), code, reason }];
    // Somebody else is as far at the same moment: he goes on with it.
    if (!(await keep({ made: index + 1, refused }))) return reserved;
  }
  if (made > stored.made) await keep({ made });
  return reserved;
}

export type BlockMade =
  | { readonly kind: "made" | "known"; readonly block: StoredBlock }
  | { readonly kind: "taken" }
  /** None of its times could ever be reserved. */
  | { readonly kind: "refused"; readonly fault: Fault };

/** Makes a block and what is near enough of it. The same block again is the same one; another under its id is refused. */
export async function makeBlock(app: App, block: StoredBlock, actor: Actor): Promise<BlockMade> {
  const { store } = app;
  if ((await store.read("block", block.id)) === null) {
    const wanted = { ...block.request, owner: block.owner, start: block.starts[0] ?? null };
    const fault = await neverHad(app, { ...wanted, id: reservationIdOf(block.id, 0) }, block.bound);
    if (fault !== null) return { kind: "refused", fault };
  }
  const committed = await store.commit([{ kind: "block", value: block, expect: "absent" }]);
  const stored = await store.read("block", block.id);
  if (stored === null) throw new Contended(`block ${block.id} was changed by others`);
  const same = ({ owner, request, starts }: StoredBlock) => JSON.stringify([owner, request, starts]);
  if (same(stored) !== same(block)) return { kind: "taken" };
  await advanceBlock(app, stored, actor);
  const now = (await store.read("block", block.id)) ?? stored;
  return { kind: committed === "committed" ? "made" : "known", block: now };
}

/** It makes no more; what it has reserved already stays, and is ended one by one. Null: there is none. */
export async function endBlock(
  { store }: App,
  id: BlockId,
  reason: string,
  ifVersion: number | null,
): Promise<StoredBlock | "other-version" | null> {
  for (let round = 0; round < decideAgainAtMost; round += 1) {
    const known = await store.read("block", id);
    if (known === null) return null;
    if (ifVersion !== null && known.version !== ifVersion) return "other-version";
    if (known.ended !== null) return known;
    const value: StoredBlock = { ...known, version: known.version + 1, ended: reason };
    if ((await store.commit([{ kind: "block", value, expect: known.version }])) === "committed") return value;
  }
  throw new Contended(`block ${id} was changed by others ${decideAgainAtMost} times in a row`);
}
