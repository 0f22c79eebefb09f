import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { phases } from "../../lib/core/command.ts";
import { nodeFault } from "../../lib/core/fault.ts";
import type { ProvisionState } from "../../lib/core/node/node.ts";
import { atRest, mayBecome, transition, transitions } from "../../lib/core/node/states.ts";
import { isOver } from "../../lib/core/reservation/reservation.ts";
import { after } from "../../lib/core/time.ts";
import { World } from "./world.ts";

const states: ProvisionState[] = Object.keys(atRest).filter(
  (state): state is ProvisionState => state in atRest,
);

describe("the transition table", () => {
  test("every state can be reached, and left", () => {
    for (const state of states) {
      expect(state === "unidentified" || transitions.some(({ to }) => to === state), `into ${state}`).toBe(
        true,
      );
      expect(
        transitions.some(({ from }) => from === state),
        `out of ${state}`,
      ).toBe(true);
    }
  });

  test("no transition stands twice, and each has its reason", () => {
    const pairs = transitions.map(({ from, to }) => `${from} ${to}`);
    expect(new Set(pairs).size).toBe(pairs.length);
    expect(transitions.every(({ because }) => because.length > 10)).toBe(true);
  });

  test("a transition that is not in the table is refused", () => {
    const world = new World().makeAvailable();
    expect(() =>
      transition(world.node, { state: "quarantined", fault: nodeFault("x", "x") }, world.now),
    ).toThrow("no transition from available to quarantined");
  });
});

/** Anything that may happen to a node, in any order. */
const happening = fc.oneof(
  { weight: 6, arbitrary: fc.constant((world: World) => world.waitUntilDue()) },
  { weight: 2, arbitrary: fc.constant((world: World) => world.look()) },
  {
    weight: 8,
    arbitrary: fc
      .constantFrom(
        "completed",
        "completed",
        "completed",
        "failed",
        "unknown",
        "expired",
        "refused",
        "aborted",
      )
      .map(
        (status) => (world: World) =>
          hasCommand(world) &&
          world.answer(status, status === "failed" ? { fault: nodeFault("x", "x") } : {}),
      ),
  },
  {
    weight: 6,
    arbitrary: fc
      .record({
        phase: fc.constantFrom(...phases),
        network: fc.boolean(),
        verified: fc.boolean(),
        login: fc.boolean(),
      })
      .map(({ phase, network, verified, login }) => (world: World) => {
        const boot = "job" in world.node.provision ? (world.node.provision.job?.boot ?? null) : null;
        if (boot === null && world.node.disk.installation === null) return false;
        return world.beacon(phase, {
          ...(network && boot !== null ? { boot } : {}),
          ...(verified ? { verified: { sha256: "ab".repeat(32) } } : {}),
          ...(login ? { login: { user: "student" } } : {}),
        });
      }),
  },
  { weight: 2, arbitrary: fc.constant((world: World) => world.state === "available" && world.claimFor()) },
  {
    weight: 1,
    arbitrary: fc.constant((world: World) => world.reservation !== null && world.endReservation()),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom("offline", "online", "give-back")
      .map(
        (kind) => (world: World) =>
          world.tell({ kind, reason: "test", actor: { kind: "operator", name: "ada" } }),
      ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("maintenance", "retired").map(
      (to) => (world: World) =>
        world.tell({
          kind: "upkeep",
          upkeep: {
            to,
            reason: "test",
            until: to === "retired" ? null : after(world.now, 3_600_000),
            atEnd: "return",
          },
          actor: { kind: "operator", name: "ada" },
        }),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.integer({ min: 1, max: 900_000 }).map((ms) => (world: World) => world.pass(ms)),
  },
);

const hasCommand = (world: World) =>
  "job" in world.node.provision && world.node.provision.job?.command != null;

describe("decide, whatever happens in whatever order", () => {
  test("makes only legal transitions, sets a deadline wherever a node is not at rest, and logs each transition once", () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 120 }), (happenings) => {
        const world = new World().makeAvailable();
        for (const happen of happenings) {
          const before = world.node;
          const entries = world.entries.length;
          happen(world);
          const { node } = world;
          expect(mayBecome(before.provision.state, node.provision.state)).toBe(true);
          if (!atRest[node.provision.state] && node.administrative.state === "online")
            expect(node.due).not.toBeNull();
          if (node.version !== before.version && world.entries.length > entries) {
            expect(world.entries.at(-1)).toMatchObject({
              sequence: node.version,
              from: before.provision.state,
            });
          }
          if (node.provision.state === "available" && before.provision.state !== "available") {
            expect(node.disk.taint, "a node that a user may have touched became available").toBeNull();
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test("an immediate second look changes nothing", () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), (happenings) => {
        const world = new World().makeAvailable();
        for (const happen of happenings) happen(world);
        world.look();
        expect(world.look()).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test("a node in use is never power-touched", () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 120 }), (happenings) => {
        const world = new World().inUse();
        for (const happen of happenings) {
          const inUse =
            world.state === "in-use" && (world.reservation === null || !isOver(world.reservation));
          const sent = world.sent.length;
          happen(world);
          if (inUse && world.state === "in-use") expect(world.sent.length).toBe(sent);
        }
      }),
      { numRuns: 200 },
    );
  });
});
