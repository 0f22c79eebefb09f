/** The main job of the README, as a newcomer runs it: real processes, real protocols, the shipped bundles. */
import { describe, expect, test } from "vitest";
import type { ReservationView } from "../../lib/contracts/reservation-views.ts";
import type { NodeView } from "../../lib/contracts/views.ts";
import type { HardwareIssue } from "../../lib/core/timeline.ts";
import { usePlaces } from "./main-job.ts";

const place = usePlaces();

const quarter = 120_000;

describe("npm start -- --once --json", () => {
  test("one reservation goes through to the end of its reclaim, and the next skips the load (R25, R26)", {
    timeout: quarter,
  }, async () => {
    const here = place();
    const first = await (await here.start("--once")).ended;
    expect(first).toMatchObject({ code: 0, last: { state: "complete", nodes: 3 } });
    const written = async () =>
      (await here.rackLog()).flatMap(({ log }) => log.filter(({ kind }) => kind === "image-written"));
    expect(await written()).toHaveLength(3);

    const run = await here.start("--once");
    const second = await run.ended;
    expect(second).toMatchObject({ code: 0, last: { state: "complete", nodes: 3 } });
    expect(await written()).toHaveLength(3);
    expect(run.events.filter(({ event, to }) => event === "node" && to === "loading")).toEqual([]);
  });

  test("R70: a node that hangs in its kernel is noticed, reset, power-cycled, and handed over all the same", {
    timeout: quarter,
  }, async () => {
    const here = place();
    // On a lab that has been used: the node has an image already, and is loaded anew all the same.
    await (await here.start("--once")).ended;
    const run = await here.start("--once", "--hang", "node-02:kernel");
    const { code, last } = await run.ended;
    expect(code).toBe(0);
    expect(last?.state).toBe("complete");
    expect(last?.correctiveReboots).toBeGreaterThanOrEqual(1);
    const rungs = run.events
      .filter(({ node }) => node === "node-02")
      .flatMap(({ correction }) => correction ?? []);
    expect(rungs[0]).toBe("look-again");
    expect(rungs.indexOf("reset")).toBeLessThan(rungs.indexOf("power-cycle"));
    const log = (await here.rackLog()).find(({ node }) => node === "node-02")?.log ?? [];
    expect(log.map(({ kind }) => kind)).toContain("hang");
  });

  test("a node whose BMC is dead is quarantined with an issue that says why, and another takes its place", {
    timeout: quarter,
  }, async () => {
    const here = place();
    const run = await here.start("--dead-bmc", "node-01");
    const ready = await run.until(({ event, to }) => event === "reservation" && to === "reserved");
    const node = await here.get<NodeView>("/v1/nodes/node-01");
    const { issues } = await here.get<{ issues: HardwareIssue[] }>("/v1/nodes/node-01/issues");
    const reservation = await here.get<ReservationView>(`/v1/reservations/${ready.reservation}`);
    expect(node).toMatchObject({ state: "quarantined", fault: expect.stringContaining("does not answer") });
    expect(issues).toMatchObject([{ state: "open", blocking: true, fault: { code: "bmc-unreachable" } }]);
    expect(issues[0]?.evidence.length).toBeGreaterThan(2);
    expect(reservation.nodes.map(({ id }) => id)).toEqual(["node-02", "node-03", "node-04"]);
    expect(reservation.connections).toHaveLength(3);
  });

  test("a damaged image fails the reservation with its reason; no node is blamed and none is touched", {
    timeout: quarter,
  }, async () => {
    const here = place();
    const run = await here.start("--once", "--bad-image");
    const { code, last } = await run.ended;
    expect(code).toBe(1);
    expect(last).toMatchObject({ state: "failed", reason: expect.stringContaining("checksum") });
    expect(run.events.some(({ to }) => to === "quarantined")).toBe(false);
    expect((await here.rackLog()).flatMap(({ log }) => log.filter(({ kind }) => kind === "power"))).toEqual(
      [],
    );
  });
});
