/** Whose hands: by lease, by journal, never two at once. */
import { describe, expect, test } from "vitest";
import {
  type Assignment,
  assign,
  type Controller,
  heard,
  type Lease,
  prolonged,
} from "../../lib/core/hands.ts";
import { branded, type ControllerId, isControllerId, isJournalId, isLabId } from "../../lib/core/ids.ts";
import { instant } from "../../lib/core/time.ts";

const controllerId = (letter: string): ControllerId => branded(isControllerId, `mi-${letter.repeat(17)}`);
const [a, b, c] = [controllerId("a"), controllerId("b"), controllerId("c")];
const old = branded(isJournalId, "1".repeat(16));
const fresh = branded(isJournalId, "2".repeat(16));
const lab = branded(isLabId, "blue");
const policy = { leaseMs: 1000, clockMarginMs: 100, commandMs: 5000 };
const now = instant(1_000_000);

const known = (id: ControllerId, change: Partial<Controller> = {}): Controller => ({
  id,
  version: 1,
  journal: old,
  candidate: null,
  reachable: true,
  ...change,
});
const lease = (owner: ControllerId, until: number): Lease => ({
  lab,
  domain: "bmc",
  version: 4,
  owner,
  generation: 7,
  until: instant(until),
});
const asked = (change: Partial<Assignment>) =>
  assign({
    lab,
    domain: "bmc",
    controllers: [known(a), known(b), known(c)],
    lease: null,
    now,
    policy,
    silent: false,
    ...change,
  });

describe("a power domain", () => {
  test("is leased to the first controller that has reported in, and stays with its owner", () => {
    expect(asked({})).toMatchObject({ assigned: true, controller: a, at: now, lease: { generation: 1 } });
    expect(asked({ lease: lease(b, now + 500) })).toMatchObject({
      controller: b,
      at: now,
      lease: { generation: 7 },
    });
  });

  test("of a lab where nobody has reported in yet waits, and says so", () => {
    expect(asked({ controllers: [] })).toEqual({
      assigned: false,
      why: "none of the controllers of lab blue has reported in",
    });
  });

  test("goes from a silent owner to the next in line, not before everything of the owner must have ended", () => {
    expect(asked({ lease: lease(b, now + 3000), silent: true })).toMatchObject({
      controller: c,
      at: now + 3000 + policy.clockMarginMs,
      lease: { owner: c, generation: 8 },
    });
    expect(asked({ lease: lease(c, now - 3000), silent: true })).toMatchObject({ controller: a, at: now });
  });

  test("goes rather to one that has been heard of lately", () => {
    const controllers = [known(a), known(b, { reachable: false }), known(c)];
    expect(asked({ controllers, lease: lease(a, now - 500), silent: true })).toMatchObject({ controller: c });
    expect(asked({ controllers: [known(b, { reachable: false }), known(c)] })).toMatchObject({
      controller: c,
    });
  });

  test("stays with a silent owner where there is nobody else", () => {
    expect(asked({ controllers: [known(a)], lease: lease(a, now), silent: true })).toMatchObject({
      controller: a,
    });
  });

  test("goes on from a controller that was taken out of the lab, after its time", () => {
    expect(asked({ controllers: [known(b)], lease: lease(a, now + 50) })).toMatchObject({
      controller: b,
      at: now + 50 + policy.clockMarginMs,
    });
  });

  test("is given to a controller with a new journal only when what the old one was given must have ended", () => {
    const anew = known(a, { candidate: { journal: fresh, since: instant(now - 100) } });
    const from = now - 100 + policy.commandMs + policy.clockMarginMs;
    expect(asked({ controllers: [anew] })).toMatchObject({ controller: a, journal: fresh, at: from });
    // Another that is well is not kept waiting by it.
    expect(asked({ controllers: [anew, known(b)], lease: lease(c, now - 5000) })).toMatchObject({
      controller: b,
    });
  });
});

describe("a lease", () => {
  test("is written when it does not cover the command, for more than that one, so that not every command writes it", () => {
    const stored = lease(a, now + 5000);
    expect(prolonged({ lease: stored, stored, mustEnd: instant(now + 4000) }, policy)).toBeNull();
    expect(prolonged({ lease: stored, stored, mustEnd: instant(now + 6000) }, policy)).toMatchObject({
      version: 5,
      until: now + 6000 + policy.leaseMs,
    });
  });
});

describe("a controller", () => {
  test("is admitted with its first journal at once; with another one after all outstanding work must have ended", () => {
    expect(heard(null, { id: a, journal: old, now }, policy)).toEqual(known(a, { since: now }));
    expect(heard(known(a), { id: a, journal: old, now }, policy)).toBeNull();
    const waiting = heard(known(a), { id: a, journal: fresh, now }, policy);
    expect(waiting).toEqual(known(a, { version: 2, candidate: { journal: fresh, since: now } }));
    const soon = instant(now + policy.commandMs);
    expect(heard(waiting, { id: a, journal: fresh, now: soon }, policy)).toBeNull();
    const later = instant(now + policy.commandMs + policy.clockMarginMs);
    expect(heard(waiting, { id: a, journal: fresh, now: later }, policy)).toEqual(
      known(a, { version: 3, journal: fresh }),
    );
  });

  test("whose earlier journal's last words come late keeps the one that speaks", () => {
    const late = heard(known(a, { journal: fresh }), { id: a, journal: old, now }, policy);
    expect(late?.candidate).toEqual({ journal: old, since: now });
    expect(heard(late, { id: a, journal: fresh, now }, policy)).toEqual(
      known(a, { version: 3, journal: fresh }),
    );
  });
});
