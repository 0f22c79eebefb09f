/** What `decide` promises in every state and for every event, however it got there. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CommandResult, phases } from "../../lib/core/command.ts";
import { troubles } from "../../lib/core/console/console.ts";
import { nodeFault } from "../../lib/core/fault.ts";
import { branded, isInstallationId, isIssueId, isJobId, isNodeId } from "../../lib/core/ids.ts";
import type { NodeEvent } from "../../lib/core/node/event.ts";
import { jobOf, type NodeState, type Order, reservationOf } from "../../lib/core/node/node.ts";
import type { LightProgram, Program } from "../../lib/core/node/programs.ts";
import { atRest } from "../../lib/core/node/states.ts";
import { installationOf } from "../../lib/core/provisioning/programs.ts";
import { isFree } from "../../lib/core/scheduling/allocate.ts";
import { instant, after as later, minutes } from "../../lib/core/time.ts";
import type { HardwareIssue } from "../../lib/core/timeline.ts";
import { agent, aReservation, image, World } from "./world.ts";

/** No deadline lies further ahead: the longest are those of an operating system that takes its time. */
const furthestMs = 2 * 3_600_000;
const operator = { kind: "operator", name: "ada" } as const;

const someFault = fc.record({
  class: fc.constantFrom("node", "infrastructure", "configuration"),
  code: fc.constantFrom("bmc-unreachable", "command-failed", "bad-checksum"),
  message: fc.constant("it failed"),
});

/** What may happen next; what it means depends on the node that it happens to. */
const happening = fc.oneof(
  { weight: 4, arbitrary: fc.record({ what: fc.constant("wait-until-due") }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant("agent-succeeds") }) },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant("agent-answers"),
      status: fc.constantFrom("completed", "failed", "expired", "refused", "aborted", "unknown"),
      fault: someFault,
    }),
  },
  fc.record({ what: fc.constant("old-answer") }),
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant("beacon"),
      phase: fc.constantFrom(...phases),
      fromNetwork: fc.boolean(),
      current: fc.boolean(),
      lateMs: fc.constantFrom(0, 0, 0, 60_000),
      says: fc.constantFrom("nothing", "verified", "fault", "login"),
    }),
  },
  fc.record({ what: fc.constant("time"), ms: fc.integer({ min: 1, max: 4_000_000 }) }),
  { weight: 2, arbitrary: fc.record({ what: fc.constant("job"), number: fc.nat({ max: 9 }) }) },
  fc.record({ what: fc.constantFrom("offline", "online", "give-back", "end-rescue") }),
  fc.record({
    what: fc.constant("upkeep"),
    to: fc.constantFrom("maintenance", "maintenance", "retired"),
    atEnd: fc.constantFrom("return", "remind"),
  }),
  fc.record({
    what: fc.constant("issue"),
    number: fc.nat({ max: 2 }),
    open: fc.boolean(),
    blocking: fc.boolean(),
  }),
  fc.record({ what: fc.constant("console"), means: fc.constantFrom(...troubles), current: fc.boolean() }),
  fc.record({ what: fc.constant("lab"), is: fc.constantFrom("well", "well", "silent", "abandoned") }),
  fc.record({ what: fc.constant("power-domain"), isShared: fc.boolean() }),
  { weight: 2, arbitrary: fc.record({ what: fc.constant("claim") }) },
  fc.record({ what: fc.constant("reservation-ends") }),
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

const lightly = (number: number): LightProgram =>
  (["inspect", "bios", "burn-in", "rescue"] as const)[(number >> 1) % 4] ?? "inspect";

const orders: Partial<Record<Program, Order>> = {
  "burn-in": { kind: "burn-in", test: null, minutes: 30 },
  rescue: { kind: "rescue", forMs: minutes(30), ended: false },
};

/** Every other one is at a switch that its lab drives, and has firmware to be set. */
function aWorld(wired: boolean): World {
  const world = new World();
  if (!wired) return world;
  world.lab = {
    switches: { tor: { driver: "vlan", address: "", provisioning: {}, reserved: {} } },
    biosProfiles: { virtual: { driver: null, attributes: { Sriov: "Enabled" } } },
  };
  world.node = { ...world.node, switchPort: { switch: "tor", port: "eth1" }, biosProfile: "virtual" };
  return world;
}

/** Null: it means nothing to this node. */
function eventOf(world: World, happens: Happening): NodeEvent | null {
  const { node, now } = world;
  const job = jobOf(node);
  switch (happens.what) {
    case "old-answer": {
      const old = world.sent.find(({ id }) => id !== job?.command?.id);
      if (old === undefined) return null;
      const { id: command, epoch } = old;
      const result: CommandResult = {
        command,
        node: node.id,
        epoch,
        status: "completed",
        startedAt: now,
        endedAt: now,
        results: [],
        reason: null,
      };
      return { kind: "command", result, actor: agent };
    }
    case "beacon": {
      const { phase, fromNetwork, current, lateMs, says } = happens;
      const own = job?.boot == null ? node.disk.installation : installationOf(job);
      if (own === null) return null;
      const beacon = {
        node: node.id,
        boot: fromNetwork ? (job?.boot ?? null) : null,
        installation: current ? own : branded(isInstallationId, `${own}.old`),
        phase,
        at: instant(now - lateMs),
        ...(phase === "run" ? { osBoot: "boot-1", address: "10.0.0.1" } : {}),
        ...(says === "verified" ? { verified: { sha256: "ab".repeat(32) } } : {}),
        ...(says === "fault" ? { fault: nodeFault("bad-checksum", "bad") } : {}),
        ...(says === "login" ? { login: { user: "student" } } : {}),
      };
      return { kind: "beacon", beacon, actor: { kind: "node", name: node.id } };
    }
    case "console": {
      const { means, current } = happens;
      const own = job?.boot == null ? node.disk.installation : installationOf(job);
      if (own === null) return null;
      const sighting = {
        node: node.id,
        boot: job?.boot ?? null,
        installation: current ? own : branded(isInstallationId, `${own}.old`),
        means,
        pattern: "panic",
        line: "Kernel panic - not syncing",
        at: now,
      };
      return { kind: "console", sighting, actor: agent };
    }
    case "job": {
      const target = happens.number % 2 === 0 ? { image: image.image, revision: image.revision } : null;
      const program = target === null ? lightly(happens.number) : "reload";
      const order = orders[program];
      // A job's id is used once (the record of the job is written with it).
      const id = branded(isJobId, `job-${happens.number}-${node.version}`);
      return {
        kind: "job",
        request: {
          id,
          program,
          target,
          ...(order === undefined ? {} : { order }),
          requestedBy: operator,
          requestedAt: now,
        },
        actor: operator,
      };
    }
    case "offline":
    case "online":
    case "give-back":
    case "end-rescue":
      return { kind: happens.what, reason: "because", actor: operator };
    case "upkeep": {
      const { to, atEnd } = happens;
      const until = to === "retired" ? null : later(now, minutes(60));
      return { kind: "upkeep", upkeep: { to, reason: "new fans", until, atEnd }, actor: operator };
    }
    case "issue": {
      const { number, open, blocking } = happens;
      const issue: HardwareIssue = {
        id: branded(isIssueId, `iss-${number}`),
        node: node.id,
        lab: node.lab,
        version: 1,
        state: open ? "open" : "closed",
        blocking,
        fault: nodeFault("loose-cable", "a loose cable"),
        evidence: [],
        openedAt: now,
        openedBy: operator,
        closedAt: open ? null : now,
        closedBecause: open ? null : "plugged in",
      };
      return { kind: "issue", issue, actor: operator };
    }
    default:
      return null;
  }
}

function happen(world: World, happens: Happening): void {
  const event = eventOf(world, happens);
  if (event !== null) {
    world.tell(event);
    // Writing in the log a second time is a second entry; everything else is known.
    if (event.kind !== "issue") expectNothingMore(world, event);
    return;
  }
  switch (happens.what) {
    case "wait-until-due":
      world.waitUntilDue();
      return expectNothingMore(world, { kind: "look", actor: operator });
    case "agent-succeeds":
      if (jobOf(world.node)?.command != null) world.answer();
      return;
    case "agent-answers": {
      const { status, fault } = happens;
      if (jobOf(world.node)?.command == null) return;
      if (status === "failed") world.answer(status, { fault });
      else world.answer(status, status === "completed" ? {} : { results: [] });
      return;
    }
    case "time":
      world.pass(happens.ms);
      return;
    case "lab":
      world.labIsSilent = happens.is !== "well";
      world.labIsAbandoned = happens.is === "abandoned";
      return;
    case "power-domain":
      world.powerDomain = happens.isShared ? "pdu-1" : null;
      world.budget = {
        ...world.budget,
        blind: [{ node: branded(isNodeId, "node-02"), domain: "pdu-1", at: world.now }],
      };
      return;
    case "claim":
      if (isFree(world.node)) world.claimFor(aReservation(world.now));
      return;
    case "reservation-ends":
      if (world.reservation !== null && reservationOf(world.node) !== null)
        world.reservation = { ...world.reservation, state: "reclaim", outcome: "complete" };
      return;
    default:
      return;
  }
}

function expectNothingMore(world: World, event: NodeEvent): void {
  const { node } = world;
  const again = world.tell(event);
  expect(again, again ? `again: ${world.entries.at(-1)?.why}` : "").toBe(false);
  expect(world.node).toBe(node);
}

function expectDeadline({ now }: World, { provision, due, administrative, waiting }: NodeState): void {
  if (administrative.state === "offline") return;
  const rests = atRest[provision.state] && (provision.state !== "available" || waiting.length === 0);
  if (!rests) expect(due, `${provision.state} without a deadline`).not.toBeNull();
  if (due !== null) expect(due - now, `${provision.state}, due too late`).toBeLessThanOrEqual(furthestMs);
}

describe("decide, in any state and for any event", () => {
  test("answers; takes legal ways only; sets a deadline within its bound; and told the same again, does nothing", () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60, size: "max" }), fc.boolean(), (story, wired) => {
        const world = aWorld(wired);
        for (const each of story) {
          happen(world, each);
          expectDeadline(world, world.node);
        }
        for (const [index, { sequence }] of world.entries.entries()) {
          if (index > 0) expect(sequence).toBeGreaterThan(world.entries[index - 1]?.sequence ?? 0);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test("with faults over and the agent answering, it comes to rest from wherever it is", () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 40, size: "max" }), fc.boolean(), (story, wired) => {
        const world = aWorld(wired);
        for (const each of story) happen(world, each);
        world.labIsSilent = false;
        world.tell({ kind: "online", reason: "all is well", actor: operator });
        if (world.reservation !== null && reservationOf(world.node) !== null)
          world.reservation = { ...world.reservation, state: "reclaim", outcome: "complete" };
        for (let round = 0; round < 400 && !isResting(world.node); round += 1) {
          if (jobOf(world.node)?.command != null) world.answer();
          else world.waitUntilDue();
        }
        expect(isResting(world.node), `${world.state}: ${world.entries.at(-1)?.why}`).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

const isResting = ({ provision: { state }, waiting }: NodeState): boolean =>
  state === "quarantined" ||
  state === "maintenance" ||
  state === "retired" ||
  (state === "available" && waiting.length === 0);
