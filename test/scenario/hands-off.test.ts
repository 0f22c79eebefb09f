/**
 * When nobody may touch a machine, on the embedded stack: a lab that cannot be heard, a node that is in use, a node that an
 * operator has taken. What was done to the machines is read from their own record.
 */
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { NodeView } from "../../lib/contracts/views.ts";
import { localPolicy } from "../../lib/local/policy.ts";
import { type Place, usePlaces } from "../stack/main-job.ts";
import { eventually } from "../support/stack.ts";

const aPlace = usePlaces();

/** Longer than anything that is waited for here; for a real lab it would be ten minutes and more. */
const silenceMs = 2 * localPolicy.silentMs;

/** The lab controller does nothing and says nothing, as if its network were gone. */
function silence(place: Place): () => void {
  const pid = place.processes()["agent"]?.pid;
  if (pid === undefined) throw new Error("no agent is running");
  process.kill(pid, "SIGSTOP");
  return () => process.kill(pid, "SIGCONT");
}

const powerOf = async (place: Place): Promise<Record<string, string[]>> =>
  Object.fromEntries(
    (await place.rackLog()).map(({ node, log }) => [
      node,
      log.flatMap(({ kind, change }) => (kind === "power" ? [change ?? ""] : [])),
    ]),
  );

const nodesOf = async (place: Place): Promise<readonly NodeView[]> =>
  (await place.get<{ nodes: NodeView[] }>("/v1/nodes")).nodes;

const operate = async (place: Place, node: string, what: "offline" | "online"): Promise<void> => {
  const response = await place.ask(`/v1/nodes/${node}/${what}`, {
    method: "POST",
    body: JSON.stringify({ reason: "a test" }),
  });
  expect(response.status, await response.clone().text()).toBe(200);
};

describe("hands off", () => {
  test("a lab that falls silent in the middle of its loads: nothing is rebooted, and every job completes after it", async () => {
    const place = aPlace();
    const run = await place.start("--count", "3");
    await run.until(({ phase }) => phase === "build");
    const speak = silence(place);
    await pause(silenceMs);
    speak();
    await run.until(({ event, to }) => event === "reservation" && to === "reserved");
    const nodes = await nodesOf(place);
    expect(nodes.map(({ correctiveReboots }) => correctiveReboots)).toEqual(nodes.map(() => 0));
    // Off, to be sure, and on, for the network boot: once each.
    for (const [node, changes] of Object.entries(await powerOf(place)))
      expect(changes.filter((change) => change === "on").length, node).toBeLessThanOrEqual(1);
  });

  test("a node in use whose signs of life stop is not touched", async () => {
    const place = aPlace();
    const run = await place.start("--count", "1");
    await run.until(({ event, to }) => event === "reservation" && to === "reserved");
    const before = await powerOf(place);
    const speak = silence(place);
    await pause(silenceMs);
    speak();
    await pause(silenceMs / 4);
    expect(await powerOf(place)).toEqual(before);
    const used = (await nodesOf(place)).filter(({ state }) => state === "in-use");
    expect(used).toHaveLength(1);
  });

  test("an operator's offline in the middle of an install stops everything on that node at once, and nothing is lost", async () => {
    const place = aPlace();
    const run = await place.start("--count", "1");
    const { node = "" } = await run.until(({ phase }) => phase === "build");
    await operate(place, node, "offline");
    const view = () => place.get<NodeView>(`/v1/nodes/${node}`);
    await eventually(async () => (await view()).administrative.handsOffAt !== null, "hands off");
    const before = (await powerOf(place))[node];
    await pause(silenceMs / 2);
    expect((await powerOf(place))[node]).toEqual(before);
    expect(await view()).toMatchObject({ administrative: { state: "offline" } });
    await operate(place, node, "online");
    await run.until(({ event, to }) => event === "reservation" && to === "reserved");
  });
});
