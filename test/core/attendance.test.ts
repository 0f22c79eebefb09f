/** Between hand-over and end: the user is warned in time, and one who never comes does not keep the nodes. */
import { describe, expect, test } from "vitest";
import { defaultPolicy, type Policy } from "../../lib/core/correction/policy.ts";
import { explainReservation } from "../../lib/core/explain.ts";
import type { NodeState } from "../../lib/core/node/node.ts";
import { decideReservation } from "../../lib/core/reservation/decide.ts";
import { dueOf, type ReservationEvent } from "../../lib/core/reservation/decision.ts";
import type { Reservation } from "../../lib/core/reservation/reservation.ts";
import { after, type Instant, instant, minutes } from "../../lib/core/time.ts";
import { aReservation, timer, World } from "./world.ts";

const handedOver = instant(1_700_000_000_000);
const at = (minute: number): Instant => after(handedOver, minutes(minute));
const look: ReservationEvent = { kind: "look", actor: timer };

const lasting = (lengthMinutes: number, change: Partial<Reservation> = {}): Reservation =>
  aReservation(handedOver, {
    state: "reserved",
    readyAt: handedOver,
    end: at(lengthMinutes),
    ...change,
  });

const nodesOf = ({ id }: Reservation): readonly NodeState[] => {
  const { node } = new World().inUse();
  return [
    {
      ...node,
      provision: { state: "in-use", reservation: id, grantedAt: handedOver, introducedAt: null, job: null },
    },
  ];
};

const loggedIn = (nodes: readonly NodeState[]): readonly NodeState[] =>
  nodes.map((node) => {
    const { taint } = node.disk;
    if (taint === null) throw new Error("a node in use is tainted");
    return { ...node, disk: { ...node.disk, taint: { ...taint, loggedInAt: handedOver } } };
  });

const decided = (
  reservation: Reservation,
  now: Instant,
  event: ReservationEvent = look,
  {
    nodes = nodesOf(reservation),
    policy = defaultPolicy,
  }: { nodes?: readonly NodeState[]; policy?: Policy } = {},
) =>
  decideReservation(reservation, event, {
    nodes,
    candidates: [],
    behindOthers: false,
    calendars: new Map(),
    everyone: [],
    policy,
    now,
  });

function committed(...given: Parameters<typeof decided>) {
  const decision = decided(...given);
  if (decision.kind !== "commit") throw new Error(`it was decided: ${decision.kind}`);
  return decision;
}

const within = (connectWithinMs: number | null): Policy => ({
  ...defaultPolicy,
  reservation: { ...defaultPolicy.reservation, connectWithinMs },
});

describe("a reservation that nears its end", () => {
  const inUse = lasting(60, { state: "in-use" });

  test("warns its user once, a quarter of an hour before", () => {
    expect(decided(inUse, after(at(45), -1)).kind).toBe("nothing");
    const { reservation: warned, entry } = committed(inUse, at(45));
    expect(entry).toMatchObject({
      from: "in-use",
      to: "in-use",
      notice: "ending-soon",
      why: "ends in 15 min",
    });
    expect(warned).toMatchObject({ state: "in-use", warnedOf: at(60), due: at(60) });
    expect(decided(warned, at(46)).kind).toBe("nothing");
    expect(committed(warned, at(60)).reservation.state).toBe("reclaim");
  });

  test("says how much is really left when nobody looked in time", () => {
    expect(committed(inUse, at(55)).entry?.why).toBe("ends in 5 min");
  });

  test("warns anew before a new end, after it was extended", () => {
    const warned = committed(inUse, at(45)).reservation;
    const extension: ReservationEvent = { kind: "extend", end: at(120), actor: timer };
    const { reservation: longer, entry } = committed(warned, at(50), extension);
    expect(entry).toMatchObject({ notice: "extended" });
    expect(longer.due).toBe(at(105));
    expect(committed(longer, at(105)).entry).toMatchObject({ notice: "ending-soon" });
  });

  test("warns in its middle when it is short, never the moment it begins", () => {
    const short = lasting(10, { state: "in-use" });
    expect(decided(short, at(4)).kind).toBe("nothing");
    expect(committed(short, at(5)).entry).toMatchObject({ notice: "ending-soon", why: "ends in 5 min" });
  });

  test("is over at its end, though nobody could be warned", () => {
    expect(committed(inUse, at(60)).entry).toMatchObject({ to: "reclaim", why: "its time is over" });
  });
});

describe("a user who never connects", () => {
  const waiting = lasting(600);

  test("loses the nodes after two hours, with the cause, and they are taken back", () => {
    expect(decided(waiting, after(at(120), -1)).kind).toBe("nothing");
    const { reservation, entry, tell } = committed(waiting, at(120));
    expect(reservation).toMatchObject({
      state: "reclaim",
      outcome: "complete",
      cause: { code: "never-connected", message: "student has not logged in within 2 h of the hand-over" },
    });
    expect(entry).toMatchObject({ to: "reclaim", cause: "never-connected" });
    expect(tell).toEqual(["node-01"]);
  });

  test("is told why, and that nothing is broken", () => {
    const { reservation } = committed(waiting, at(120));
    const [answer] = explainReservation({ ...reservation, state: "complete" }, [], [], at(130));
    expect(answer?.answer).toBe("complete: student has not logged in within 2 h of the hand-over");
  });

  test("is nobody who has logged in, however late it is seen", () => {
    const nodes = loggedIn(nodesOf(waiting));
    const { reservation } = committed(waiting, at(121), look, { nodes });
    expect(reservation.state).toBe("in-use");
    expect(decided(reservation, at(500), look, { nodes }).kind).toBe("nothing");
  });

  test("keeps the nodes where nobody could know: its operating system does not tell of logins", () => {
    expect(decided(lasting(600, { hearsLogins: false }), at(500)).kind).toBe("nothing");
  });

  test("keeps the nodes where the policy says never", () => {
    expect(decided(waiting, at(500), look, { policy: within(null) }).kind).toBe("nothing");
  });
});

describe("the deadline of one that is handed over (invariant 3)", () => {
  const dues = (reservation: Reservation, policy: Policy = defaultPolicy) =>
    dueOf(reservation, policy, handedOver);

  test("is the earliest of what has to be done: connect, warn, end", () => {
    expect(dues(lasting(600))).toBe(at(120));
    expect(dues(lasting(60))).toBe(at(45));
    expect(dues(lasting(600), within(null))).toBe(at(585));
    expect(dues(lasting(600, { state: "in-use" }))).toBe(at(585));
    expect(dues(lasting(600, { state: "in-use", warnedOf: at(600) }))).toBe(at(600));
  });
});
