/**
 * Many machines that hang, on the embedded stack: the real functions, queues, database, agent and BMCs. What is promised is
 * counted; how long it took is printed, and decides nothing.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import * as z from "zod";
import { localPolicy } from "../../lib/local/policy.ts";
import { rackFile } from "../../lib/local/rack/store.ts";
import type { Place } from "../stack/main-job.ts";
import { eventually } from "../support/stack.ts";

const mostPerReservation = 40;
export type Phase = "firmware" | "build" | "kernel" | "init";

const reservation = z.looseObject({ id: z.string(), state: z.string() });
const nodes = z.looseObject({
  nodes: z.array(z.looseObject({ id: z.string(), state: z.string(), correctiveReboots: z.number() })),
  next: z.string().nullable(),
});
const timeline = z.looseObject({
  entries: z.array(
    z.looseObject({
      at: z.number(),
      why: z.string(),
      evidence: z.string().nullable(),
      correction: z.string().nullable(),
    }),
  ),
});

/** A lab of so many machines, some of which will hang; none is wanted yet but the one that `npm start` reserves. */
async function aLab(
  place: Place,
  size: number,
  hangs: readonly { node: string; phase: Phase }[],
): Promise<void> {
  const file = join(place.data, "..", `${place.data.split("/").at(-1)}.json`);
  writeFileSync(file, JSON.stringify(labOf(size)));
  const run = await place.start("--lab", file, "--count", "1");
  await run.until(({ event }) => event === "node");
  const { controlPort } = rackFile.parse(
    JSON.parse(readFileSync(join(place.data, "rack", "rack.json"), "utf8")),
  );
  const add = hangs.map(({ node, phase }) => ({ kind: "hang", node, phase }));
  const answer = await fetch(`http://127.0.0.1:${controlPort}/faults`, {
    method: "POST",
    body: JSON.stringify({ add }),
  });
  expect(answer.status).toBe(200);
}

const nameOf = (index: number): string => `node-${String(index).padStart(3, "0")}`;
const labOf = (size: number) => ({
  schema: "rackwright.lab/1",
  lab: "blue",
  controllers: ["mi-0123456789abcdef0"],
  nodes: Array.from({ length: size }, (_, index) => ({
    id: nameOf(index),
    macs: [`52:54:00:b3:${hex(index >> 8)}:${hex(index & 255)}`],
    bmc: { driver: "redfish", address: `https://10.20.0.${index}`, credential: "bmc/blue" },
  })),
});
const hex = (value: number): string => value.toString(16).padStart(2, "0");

/**
 * Reserves all that is left, some at a time: that many machines boot at once on one computer without being slow for that
 * reason alone. Resolves when all of them are ready.
 */
async function reserveAll(place: Place, size: number, atOnce: number): Promise<void> {
  for (let left = size - 1; left > 0; left -= atOnce) {
    const ids: string[] = [];
    for (let batch = Math.min(left, atOnce); batch > 0; batch -= mostPerReservation) {
      const body = { owner: "ada", image: "demo", count: Math.min(batch, mostPerReservation), minutes: 60 };
      const answer = await place.ask("/v1/reservations", {
        method: "POST",
        body: JSON.stringify(body),
      });
      expect(answer.status, await answer.clone().text()).toBe(201);
      ids.push(reservation.parse(await answer.json()).id);
    }
    for (const id of ids) await eventually(() => isReady(place, id), `reservation ${id}`, 560_000);
  }
}

async function isReady(place: Place, id: string): Promise<boolean> {
  const { state } = reservation.parse(await place.get(`/v1/reservations/${id}`));
  if (state === "failed") throw new Error(`reservation ${id} failed`);
  return state === "reserved" || state === "in-use";
}

async function everyNode(place: Place) {
  const all: z.infer<typeof nodes>["nodes"] = [];
  for (let next: string | null = ""; next !== null; ) {
    const page = nodes.parse(
      await place.get(`/v1/nodes${next === "" ? "" : `?next=${encodeURIComponent(next)}`}`),
    );
    all.push(...page.nodes);
    next = page.next;
  }
  return all;
}

/** From a deadline to the moment when somebody looked, for every time that a node was late. */
async function detection(place: Place, ids: readonly string[]): Promise<number[]> {
  const delays: number[] = [];
  for (const id of ids) {
    const { entries } = timeline.parse(await place.get(`/v1/nodes/${id}/timeline`));
    for (const { at, evidence, correction } of entries) {
      const deadline = Number(/its deadline was (\d+)/.exec(evidence ?? "")?.[1]);
      if (correction === "look-again" && deadline > 0) delays.push(at - deadline);
    }
  }
  return delays.toSorted((a, b) => a - b);
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;

export interface Storm {
  readonly what: string;
  readonly size: number;
  /** So many of them hang, in this phase of the first boot that somebody wants of them. */
  readonly hung: number;
  readonly phaseOf: (index: number) => Phase;
  /** So many are reserved at a time. */
  readonly atOnce: number;
}

/** All reservations become ready, and corrective reboots stay within the lab's budget. */
export async function weather(place: Place, { what, size, hung, phaseOf, atOnce }: Storm): Promise<void> {
  await aLab(
    place,
    size,
    Array.from({ length: hung }, (_, index) => ({
      node: nameOf(size - 1 - Math.floor((index * (size - 2)) / hung)),
      phase: phaseOf(index),
    })),
  );
  const begunAt = Date.now();
  await reserveAll(place, size, atOnce);
  const tookMs = Date.now() - begunAt;

  const all = await everyNode(place);
  const reboots = all.reduce((sum, { correctiveReboots }) => sum + correctiveReboots, 0);
  const repaired = all.filter(({ correctiveReboots }) => correctiveReboots > 0);
  const delays = await detection(
    place,
    repaired.map(({ id }) => id),
  );
  console.log(
    `${what}: ${reboots} corrective reboots of ${repaired.length} machines, all ready after ${(tookMs / 1000).toFixed(0)} s; ` +
      `noticed after its deadline: p50 ${at(delays, 0.5)} ms, p99 ${at(delays, 0.99)} ms (${delays.length} times)`,
  );
  expect(all.filter(({ state }) => state === "quarantined")).toEqual([]);
  expect(repaired.length).toBeGreaterThanOrEqual(0.75 * hung);
  // Tokens that there were, tokens that came back, and what probation may add to them in its intervals.
  const { capacity, refillMs, intervalMs } = localPolicy.budget;
  expect(reboots).toBeLessThanOrEqual(capacity + tookMs / refillMs + capacity * (1 + tookMs / intervalMs));
}
