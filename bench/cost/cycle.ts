/**
 * What one full cycle costs, counted: reserve → loaded and proved → handed over → a login → ended → loaded anew and proved →
 * available. Its portal makes six calls. A reservation lasts for fifty minutes, and the watchdogs run meanwhile.
 */
import * as z from "zod";
import { minutes } from "../../lib/core/time.ts";
import { type Cloud, openCloud } from "./cloud.ts";
import { type Counts, times } from "./ledger.ts";

const reservation = z.looseObject({ state: z.string(), nodes: z.array(z.looseObject({ id: z.string() })) });
const page = z.looseObject({ nodes: z.array(z.looseObject({ id: z.string(), state: z.string() })) });

export interface CycleCost {
  readonly atOnce: number;
  /** Per cycle. */
  readonly counts: Counts;
  readonly calls: Readonly<Record<string, number>>;
  readonly transitions: number;
}

/** Asks without being counted: a bench is nobody's portal. */
async function unseen<T>({ ledger }: Cloud, ask: () => Promise<T>): Promise<T> {
  const before = ledger.enter("unseen");
  try {
    return await ask();
  } finally {
    ledger.enter(before);
  }
}

const stateOf = (cloud: Cloud, id: string) =>
  unseen(cloud, async () => reservation.parse(await cloud.api("GET", "/v1/reservations/{id}", id)));

async function allAvailable(cloud: Cloud): Promise<boolean> {
  const { nodes } = await unseen(cloud, async () => page.parse(await cloud.api("GET", "/v1/nodes", "")));
  return nodes.every(({ state }) => state === "available");
}

/** Looked for now and then only: each look is a call. */
async function reach(cloud: Cloud, holds: () => Promise<boolean>, what: string): Promise<void> {
  for (let waited = 0; !(await holds()); waited += 1) {
    if (waited > 40) throw new Error(`${what} did not happen within two hours`);
    let over = false;
    cloud.later(minutes(3), async () => {
      over = true;
    });
    await cloud.until(async () => over, minutes(4));
  }
}

export async function cycleCost(atOnce: number, progressEveryMs: number): Promise<CycleCost> {
  const cloud = await openCloud({ nodes: atOnce, progressEveryMs });
  try {
    await reach(cloud, () => allAvailable(cloud), "the inspection of the lab");
    const before = cloud.transitions();
    cloud.ledger.enter("cycle");
    const ids = Array.from({ length: atOnce }, (_, index) => `res-${index + 1}`);
    const ask = (id: string, path = "") => cloud.api("GET", `/v1/reservations/{id}${path}`, id);
    for (const id of ids) {
      const user = { user: "ada", publicKey: `ssh-ed25519 ${"A".repeat(68)}` };
      const wanted = { id, owner: "ada", image: "demo", count: 1, minutes: 60, ...user };
      await cloud.api("POST", "/v1/reservations", "", wanted);
      cloud.later(minutes(2), async () => void (await ask(id)));
      cloud.later(minutes(5), async () => void (await ask(id)));
    }
    const handedOver = async (id: string) =>
      ["reserved", "in-use"].includes((await stateOf(cloud, id)).state);
    const every = (ask: (id: string) => Promise<boolean>) => async () => {
      for (const id of ids) if (!(await ask(id))) return false;
      return true;
    };
    await reach(cloud, every(handedOver), "the hand-over");
    for (const id of ids) {
      await ask(id);
      await ask(id, "/connect");
      const { nodes } = await stateOf(cloud, id);
      cloud.later(minutes(3), async () => {
        for (const node of nodes) cloud.login(node.id, "ada");
      });
      cloud.later(minutes(40), async () => {
        await cloud.api("POST", "/v1/reservations/{id}/end", id, { reason: "done" });
      });
    }
    const complete = async (id: string) => (await stateOf(cloud, id)).state === "complete";
    await reach(cloud, every(complete), "the end of the reservations");
    await reach(cloud, () => allAvailable(cloud), "the reload");
    // Timers that nobody needs any more come, too.
    let over = false;
    cloud.later(minutes(16), async () => {
      over = true;
    });
    await cloud.until(async () => over, minutes(17));
    const calls = Object.entries(cloud.ledger.calls("cycle")).map(([name, count]) => [name, count / atOnce]);
    return {
      atOnce,
      counts: times(cloud.ledger.counts("cycle"), 1 / atOnce),
      calls: Object.fromEntries(calls),
      transitions: (cloud.transitions() - before) / atOnce,
    };
  } finally {
    await cloud.stop();
  }
}
