/** Many clients want few nodes at the same moment, over any store. */

import { advanceReservation } from "../../lib/app/advance-reservation.ts";
import { type App, Contended } from "../../lib/app/app.ts";
import { outbox } from "../../lib/app/outbox.ts";
import { reserve, type Wanted } from "../../lib/app/reserve.ts";
import { lineKey } from "../../lib/contracts/keys.ts";
import { defaultPolicy } from "../../lib/core/correction/policy.ts";
import { branded, isImageId, isReservationId, isRevisionId } from "../../lib/core/ids.ts";
import { reservationOf } from "../../lib/core/node/node.ts";
import { shipped } from "../../lib/core/provisioning/registry.ts";
import { after, instant } from "../../lib/core/time.ts";
import { memoryHands } from "../../lib/local/memory/hands.ts";
import { memoryQueue } from "../../lib/local/memory/queue.ts";
import type { Store, Write } from "../../lib/ports/store.ts";
import { spec } from "../core/world.ts";
import { aNode, fresh } from "./samples.ts";

export interface Outcome {
  /** Who got a node, in the order in which they were accepted. */
  readonly winners: readonly string[];
  /** Who has none yet, as they stand in line. */
  readonly line: readonly string[];
  /** By node: whose it is. */
  readonly holders: readonly (string | null)[];
  /** Everybody, in the order in which they were accepted. */
  readonly accepted: readonly string[];
}

/** Each client asks until he is answered, as whoever gets a 503 with Retry-After does. */
export async function race(store: Store, clients: number, places: number): Promise<Outcome> {
  const nodeClass = fresh("class");
  const image = branded(isImageId, fresh("image"));
  let time = 1_700_000_000_000;
  const queue = memoryQueue();
  const sending = {
    hands: memoryHands([]),
    queue,
    clock: {
      now: () => {
        time += 1;
        return instant(time);
      },
    },
    log: { info: () => {}, warn: () => {}, error: () => {} },
  };
  const app: App = {
    ...sending,
    store,
    ids: { next: fresh },
    policy: defaultPolicy,
    modules: shipped,
    outbox: outbox(sending),
  };
  const nodes = Array.from({ length: places }, () => aNode({ class: nodeClass }));
  const production = branded(isRevisionId, `${image}:abababababab`);
  const writes: Write[] = nodes.flatMap((node): Write[] => [
    { kind: "node", value: node, expect: "absent" },
    { kind: "node-spec", value: { ...spec, id: node.id, class: nodeClass, macs: [] }, expect: "absent" },
  ]);
  await store.commit([
    ...writes,
    { kind: "image", value: { id: image, version: 1, production, retired: null }, expect: "absent" },
  ]);
  const wanted = (): Wanted => ({
    id: branded(isReservationId, fresh("racer")),
    owner: fresh("client"),
    project: null,
    roles: [],
    image,
    count: 1,
    minutes: 60,
    start: null,
    class: nodeClass,
    tags: [],
    lab: null,
    prefer: [],
    user: "student",
    publicKey: null,
    email: null,
  });
  const racers = Array.from({ length: clients }, wanted);
  const insist = async (ask: () => Promise<unknown>): Promise<void> => {
    for (;;) {
      try {
        await ask();
        return;
      } catch (error) {
        if (!(error instanceof Contended)) throw error;
      }
    }
  };
  const by = { kind: "user", name: "ada" } as const;
  await Promise.all(racers.map((each) => insist(() => reserve(app, each, by))));
  // Who was not served at once is woken, or found by the watchdog.
  const isWaiting = async (): Promise<boolean> => {
    const all = await Promise.all(racers.map(({ id }) => store.read("reservation", id)));
    return all.some((each) => each !== null && each.placed.length === 0);
  };
  while (await isWaiting()) {
    await app.outbox.flush();
    const woken = queue.take(instant(time)).map(({ entity }) => entity.id);
    const looked = woken.length > 0 ? [...new Set(woken)] : racers.map(({ id }) => id);
    for (const id of looked) await insist(() => advanceReservation(app, id, { kind: "look", actor: by }));
    time += 1000;
  }
  const read = await Promise.all(racers.map(({ id }) => store.read("reservation", id)));
  const accepted = read
    .filter((each) => each !== null)
    .toSorted((a, b) => after(a.createdAt, 0) - b.createdAt || (a.id < b.id ? -1 : 1));
  const held = await Promise.all(nodes.map(({ id }) => store.read("node", id)));
  return {
    winners: accepted.filter((each) => each.nodes.length > 0).map(({ id }) => id),
    line: await store.pool(lineKey(nodeClass), clients),
    holders: held.map((node) => (node === null ? null : reservationOf(node))),
    accepted: accepted.map(({ id }) => id),
  };
}
