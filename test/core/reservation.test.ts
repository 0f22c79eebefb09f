import { describe, expect, test } from "vitest";
import { defaultPolicy } from "../../lib/core/correction/policy.ts";
import { configurationFault, type Fault, nodeFault } from "../../lib/core/fault.ts";
import { branded, isJobId, isNodeId } from "../../lib/core/ids.ts";
import type { NodeState } from "../../lib/core/node/node.ts";
import { decideReservation } from "../../lib/core/reservation/decide.ts";
import type { ReservationEvent } from "../../lib/core/reservation/decision.ts";
import type { Calendars } from "../../lib/core/reservation/placing.ts";
import type { Reservation } from "../../lib/core/reservation/reservation.ts";
import { choose, claim, suits } from "../../lib/core/scheduling/allocate.ts";
import { instant, after as later } from "../../lib/core/time.ts";
import { aReservation, image, timer, World } from "./world.ts";

const now = instant(5_000_000);
const look: ReservationEvent = { kind: "look", actor: timer };

function aFreeNode(name: string, change: Partial<NodeState> = {}): NodeState {
  const { node } = new World().makeAvailable();
  return { ...node, id: branded(isNodeId, name), ...change };
}
const withImage = (node: NodeState): NodeState => ({
  ...node,
  disk: { ...node.disk, image: image.image, revision: image.revision },
  operation: { ...node.operation, phase: "run" },
});
const waitingFor = (count: number, change: Partial<Reservation> = {}) =>
  aReservation(now, { state: "new", last: null, nodes: [], count, ...change });

const decided = (
  reservation: Reservation,
  given: {
    nodes?: NodeState[];
    candidates?: NodeState[];
    behindOthers?: boolean;
    calendars?: Calendars;
    everyone?: NodeState[];
    at?: number;
  },
  event: ReservationEvent = look,
) =>
  decideReservation(reservation, event, {
    nodes: given.nodes ?? [],
    candidates: given.candidates ?? [],
    behindOthers: given.behindOthers ?? false,
    calendars: given.calendars ?? new Map(),
    everyone: given.everyone ?? [],
    policy: defaultPolicy,
    now: later(now, given.at ?? 0),
  });

function committed(...parameters: Parameters<typeof decided>) {
  const decision = decided(...parameters);
  if (decision.kind !== "commit") throw new Error("nothing was decided");
  return decision;
}

const held = (node: NodeState, reservation: Reservation, state: "in-use" | "reserved"): NodeState => {
  const claimed = claim(node, reservation.id, now);
  return state === "reserved"
    ? claimed
    : {
        ...claimed,
        provision: {
          state: "in-use",
          reservation: reservation.id,
          grantedAt: now,
          introducedAt: null,
          job: null,
        },
      };
};
const lost = (node: NodeState, reservation: Reservation, fault: Fault): NodeState => ({
  ...node,
  provision: { state: "quarantined", fault },
  lastJob: {
    id: branded(isJobId, `${reservation.id}.x`),
    program: "provision",
    reservation: reservation.id,
    outcome: "failed",
    fault,
    at: now,
  },
});

describe("which nodes a reservation gets", () => {
  test("those that have its image already come first, then the least recently used", () => {
    const [a, b, c] = [
      aFreeNode("a", { lastUsedAt: instant(30) }),
      aFreeNode("b", { lastUsedAt: instant(10) }),
      withImage(aFreeNode("c", { lastUsedAt: instant(99) })),
    ];
    expect(choose([a, b, c], waitingFor(2), 2).map(({ id }) => id)).toEqual(["c", "b"]);
  });

  test("nodes that it prefers come before all others, if they are free", () => {
    const [a, b, c] = [
      withImage(aFreeNode("a")),
      aFreeNode("b", { lastUsedAt: instant(99) }),
      aFreeNode("c"),
    ];
    const prefer = [b.id, branded(isNodeId, "taken")];
    expect(choose([a, b, c], waitingFor(2, { prefer }), 2).map(({ id }) => id)).toEqual(["b", "a"]);
  });

  test("only free nodes of its class, lab and tags suit", () => {
    const wanted = waitingFor(1, { tags: ["nvme"] });
    const good = aFreeNode("a", { tags: ["nvme", "10g"] });
    expect(suits(good, wanted)).toBe(true);
    expect(suits(aFreeNode("b"), wanted)).toBe(false);
    expect(suits({ ...good, class: "gpu" }, wanted)).toBe(false);
    expect(suits({ ...good, administrative: { ...good.administrative, state: "offline" } }, wanted)).toBe(
      false,
    );
    expect(suits(claim(good, wanted.id, now), wanted)).toBe(false);
  });

  test("all its nodes are claimed in one decision, or none: it waits in line meanwhile", () => {
    const candidates = [aFreeNode("a"), aFreeNode("b")];
    expect(decided(waitingFor(3, { due: later(now, 1000) }), { candidates }).kind).toBe("nothing");
    const decision = committed(waitingFor(2), { candidates });
    expect(decision.reservation).toMatchObject({ state: "loading", nodes: ["a", "b"] });
    expect(decision.claims.map(({ node }) => node.provision)).toMatchObject([
      { state: "reserved" },
      { state: "reserved" },
    ]);
    expect(decision.claims.map(({ entry }) => entry.why)[0]).toContain(
      "claimed for reservation res-1 of ada",
    );
  });

  test("whoever came earlier is served first", () => {
    const candidates = [aFreeNode("a")];
    expect(decided(waitingFor(1, { due: later(now, 1000) }), { candidates, behindOthers: true }).kind).toBe(
      "nothing",
    );
  });
});

describe("the life of a reservation", () => {
  test("R36: it keeps its state and the one before", () => {
    const reservation = aReservation(now, { state: "loading", last: "new" });
    const { reservation: next } = committed(reservation, {
      nodes: [held(aFreeNode("node-01"), reservation, "in-use")],
    });
    expect([next.state, next.last]).toEqual(["reserved", "loading"]);
  });

  test("R36: a user who is in before the agent's word that he may be is seen at once, not at some later look", () => {
    const reservation = aReservation(now, { state: "loading", last: "new" });
    const node = held(aFreeNode("node-01"), reservation, "in-use");
    const taint = {
      reservation: reservation.id,
      target: { image: image.image, revision: image.revision },
      user: "ada",
      since: now,
      osBoot: "boot-1",
      loggedInAt: now,
    };
    const nodes = [{ ...node, disk: { ...node.disk, taint } }];
    const { reservation: handedOver } = committed(reservation, { nodes });
    expect([handedOver.state, handedOver.due]).toEqual(["reserved", now]);
    expect(committed(handedOver, { nodes }).reservation.state).toBe("in-use");
  });

  test("it is ready when all its nodes are, not before", () => {
    const reservation = waitingFor(2, {
      state: "loading",
      nodes: ["a", "b"].map((name) => branded(isNodeId, name)),
      due: later(now, 9),
    });
    const [a, b] = [
      held(aFreeNode("a"), reservation, "in-use"),
      held(aFreeNode("b"), reservation, "reserved"),
    ];
    expect(decided(reservation, { nodes: [a, b] }).kind).toBe("nothing");
    expect(
      committed(reservation, { nodes: [a, held(aFreeNode("b"), reservation, "in-use")] }).reservation.state,
    ).toBe("reserved");
  });

  test("R37: when its time is over its nodes are taken back, by itself", () => {
    const end = later(now, 3_600_000);
    const reservation = aReservation(now, { state: "reserved", readyAt: now, end, warnedOf: end });
    const node = held(aFreeNode("node-01"), reservation, "in-use");
    expect(reservation.end).toBe(now + 3_600_000);
    expect(decided(reservation, { nodes: [node], at: 3_599_999 }).kind).toBe("nothing");
    const decision = committed(reservation, { nodes: [node], at: 3_600_000 });
    expect(decision.reservation).toMatchObject({ state: "reclaim", outcome: "complete" });
    expect(decision.tell).toEqual(["node-01"]);
  });

  test("a node that is lost is replaced by another, and the reason is told", () => {
    const reservation = aReservation(now);
    const gone = lost(aFreeNode("node-01"), reservation, nodeFault("bmc-unreachable", "its BMC is dead"));
    const decision = committed(reservation, { nodes: [gone], candidates: [aFreeNode("node-02")] });
    expect(decision.reservation).toMatchObject({ state: "loading", nodes: ["node-02"] });
    expect(decision.entry?.why).toContain("node-01 was lost: its BMC is dead");
  });

  test("corrective reboots of lost and kept nodes add up", () => {
    const reservation = waitingFor(2, {
      state: "loading",
      nodes: ["a", "b"].map((name) => branded(isNodeId, name)),
    });
    const gone = { ...lost(aFreeNode("a"), reservation, nodeFault("x", "x")), correctiveReboots: 2 };
    const kept = { ...held(aFreeNode("b"), reservation, "in-use"), correctiveReboots: 1 };
    const { reservation: next } = committed(reservation, {
      nodes: [gone, kept],
      candidates: [aFreeNode("c")],
    });
    expect(next.correctiveReboots).toBe(2);
    const replaced = held(aFreeNode("c"), next, "in-use");
    expect(committed(next, { nodes: [kept, replaced] }).reservation.correctiveReboots).toBe(3);
  });

  test("a fault that is not a node's fails the reservation with its reason: another node would fail likewise", () => {
    const reservation = aReservation(now);
    const fault = configurationFault("image-damaged", "checksum of image demo is wrong");
    const released = {
      ...lost(aFreeNode("node-01"), reservation, fault),
      provision: { state: "available" } as const,
    };
    const decision = committed(reservation, { nodes: [released] });
    expect(decision.reservation).toMatchObject({ state: "failed", cause: { code: "image-damaged" } });
  });

  test("one that cannot be served in time fails, saying how many nodes could be had", () => {
    const decision = committed(waitingFor(3), { at: 10_000_000 });
    expect(decision.reservation).toMatchObject({ state: "failed", cause: { code: "no-nodes-in-time" } });
    expect(decision.entry?.why).toBe("only 0 of 3 nodes of class standard could be had in time");
  });

  test("it is complete only when all its nodes are free again", () => {
    const reservation = aReservation(now, { state: "reclaim", outcome: "complete", due: later(now, 50) });
    expect(decided(reservation, { nodes: [held(aFreeNode("node-01"), reservation, "in-use")] }).kind).toBe(
      "nothing",
    );
    expect(committed(reservation, { nodes: [aFreeNode("node-01")] }).reservation.state).toBe("complete");
  });

  test("a login on one of its nodes puts it in use", () => {
    const reservation = aReservation(now, { state: "reserved", readyAt: now });
    const { node } = new World().inUse();
    const taint = node.disk.taint;
    if (taint === null) throw new Error("a node in use is tainted");
    const entered = { ...node, disk: { ...node.disk, taint: { ...taint, loggedInAt: now } } };
    expect(committed(reservation, { nodes: [entered] }).reservation).toMatchObject({
      state: "in-use",
      last: "reserved",
    });
  });

  test("one that is not at rest always carries a deadline; one at rest carries none", () => {
    const waiting = waitingFor(3, { due: now });
    expect(committed(waiting, {}).reservation.due).toBeGreaterThan(now);
    expect(
      committed(waiting, {}, { kind: "end", reason: "changed my mind", actor: timer }).reservation,
    ).toMatchObject({
      state: "complete",
      due: null,
    });
  });
});
