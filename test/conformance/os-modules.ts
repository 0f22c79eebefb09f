/**
 * What every OS module promises to the engine, whoever wrote it: `osModuleSuite(module)` is all that a stranger's needs.
 * The node and its agent are those of test/core/world.ts; nothing here knows what a module is made of.
 */
import { describe, expect, test } from "vitest";
import { action } from "../../lib/contracts/command.ts";
import type { Action } from "../../lib/core/command.ts";
import { defaultPolicy } from "../../lib/core/correction/policy.ts";
import { nodeFault } from "../../lib/core/fault.ts";
import { branded, isBootId, isInstallationId, isRevisionId } from "../../lib/core/ids.ts";
import { netbootImage } from "../../lib/core/provisioning/build-systems/netboot-image.ts";
import { noEvidence } from "../../lib/core/provisioning/job.ts";
import type { OsModule, Seen, Step, StepContext } from "../../lib/core/provisioning/step.ts";
import { isFree } from "../../lib/core/scheduling/allocate.ts";
import { instant } from "../../lib/core/time.ts";
import { aReservation, image, spec, World } from "../core/world.ts";

const installation = branded(isInstallationId, "res-1.node-01.v1.1");

const context = (attempt: number, change: Partial<StepContext> = {}): StepContext => ({
  node: spec.id,
  attempt,
  installation,
  boot: branded(isBootId, `${installation}.b1`),
  target: { image: image.image, revision: image.revision },
  content: image.content,
  osVersion: null,
  settings: {},
  installed: null,
  members: [],
  policy: defaultPolicy,
  user: { name: "student", publicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAA" },
  ...change,
});

/** A node of which nothing has been heard since the step began. */
const nothingSeen: Seen = {
  installation,
  operation: {
    phase: "firmware",
    since: instant(1),
    evidenceAt: instant(1),
    boot: null,
    installation: null,
    osBoot: null,
  },
  evidence: noEvidence,
  disk: { image: image.image, revision: image.revision, installation, taint: null },
  address: null,
  console: [],
};

const failed = (code: string): Seen => ({
  ...nothingSeen,
  evidence: {
    ...noEvidence,
    answer: { status: "failed", fault: nodeFault(code, "it did not work"), at: instant(2) },
  },
});

const stepsOf = (module: OsModule, attempt: number): readonly Step[] => [
  ...module.postLoad(attempt, context(attempt)),
  ...(module.prove === undefined ? [] : [module.prove(context(attempt))]),
  ...(module.address === undefined ? [] : [module.address(context(attempt))]),
  ...(module.grantAccess?.(context(attempt)) ?? []),
  ...(module.sanitize?.(context(attempt)) ?? []),
  ...(module.preCapture?.(context(attempt)) ?? []),
  ...(module.postCapture?.(context(attempt)) ?? []),
];

/** All that is data in a step: what two looks at it must agree on. */
const dataOf = (steps: readonly Step[]) =>
  steps.map(({ settle: _, unless: __, limits, ...rest }) => ({
    ...rest,
    overallMs: limits.overallMs,
    noProgressMs: (["firmware", "kernel", "init", "run"] as const).map((phase) =>
      limits.noProgressMs({ ...nothingSeen.operation, phase }),
    ),
  }));

const touchesTheMachine = ({ verb }: Action): boolean => !verb.startsWith("os.");

/** A node with an image of this module, on its way to its user. */
function claimed(module: OsModule): World {
  const world = new World({
    modules: { buildSystems: [netbootImage], osModules: [module] },
    image: { ...image, osModule: module.name },
  });
  world.makeAvailable().claimFor().look();
  return world;
}

function settleAll(world: World): World {
  for (let round = 0; round < 20 && world.state === "configuring" && world.job.command !== null; round += 1)
    world.pass(5).answer();
  return world;
}

/** Handed over to its user, from an empty disk. */
export const inUse = (module: OsModule): World => settleAll(claimed(module).write().bootDisk());

export function osModuleSuite(module: OsModule): void {
  describe(`OS module ${module.name}`, () => {
    test("has a name that an image can ask for", () => {
      expect(module.name).toMatch(/^[a-z][a-z0-9-]{0,62}$/);
    });

    test.each([1, 2, 3])(
      "R3: postLoad of attempt %i names its steps, all of them after the load",
      (attempt) => {
        const steps = module.postLoad(attempt, context(attempt));
        expect(steps.length).toBeGreaterThan(0);
        expect(new Set(steps.map(({ stage }) => stage))).toEqual(new Set(["post-load"]));
        expect(new Set(steps.map(({ name }) => name)).size).toBe(steps.length);
      },
    );

    test("names the same steps whenever it is asked the same: nothing in it remembers anything", () => {
      for (const attempt of [1, 2, 3])
        expect(dataOf(stepsOf(module, attempt))).toEqual(dataOf(stepsOf(module, attempt)));
    });

    test("every step says what it awaits, and has both clocks (invariant 3)", () => {
      for (const attempt of [1, 2, 3]) {
        for (const { name, awaits, overallMs, noProgressMs } of dataOf(stepsOf(module, attempt))) {
          expect(awaits.length, name).toBeGreaterThan(0);
          for (const ms of [overallMs, ...noProgressMs]) {
            expect(ms, name).toBeGreaterThan(0);
            expect(ms, name).toBeLessThanOrEqual(24 * 3_600_000);
          }
        }
      }
    });

    test("R10: it asks of the running system alone: power, boot and disk are the build system's", () => {
      const actions = [
        ...stepsOf(module, 1).flatMap((step) => step.actions),
        ...(module.revokeAccess?.(context(1)) ?? []),
      ];
      expect(actions.filter(touchesTheMachine)).toEqual([]);
      for (const each of actions) expect(action.parse(JSON.parse(JSON.stringify(each)))).toEqual(each);
    });

    test("no step is settled by having been begun: without evidence it waits", () => {
      for (const step of stepsOf(module, 1))
        expect(step.settle(nothingSeen), step.name).toEqual({ outcome: "waiting" });
    });

    test("R6: what the agent could not do is passed on with its fault, and is never done", () => {
      for (const step of stepsOf(module, 1).filter(({ actions }) => actions.length > 0)) {
        const settled = step.settle(failed("broken"));
        expect(["retry", "fatal"], step.name).toContain(settled.outcome);
        expect("fault" in settled && settled.fault.code, step.name).toBeTruthy();
      }
    });

    test("R1, R6: brings a loaded node to its user", () => {
      const world = inUse(module);
      expect(world.state).toBe("in-use");
      expect(world.node.disk.taint).toMatchObject({ user: "student" });
    });

    test("R7: what fails after the load has the node loaded again, with the next attempt", () => {
      const world = claimed(module).write().bootDisk();
      if (world.state === "in-use") {
        // It waits for beacons alone: what it waits for does not come.
        const silent = claimed(module).write().pass(10);
        silent.beacon("kernel");
        for (let round = 0; round < 40 && silent.job.attempt === 1; round += 1)
          if (silent.job.command === null) silent.waitUntilDue();
          else silent.answer();
        expect(silent.job).toMatchObject({ attempt: 2, stage: "load" });
        return;
      }
      world.answer("failed", { fault: nodeFault("broken", "it did not work") });
      expect(world.job).toMatchObject({ attempt: 2, stage: "load" });
    });

    test("invariant 5: a step that lets a user in says so, so that the node is tainted before he is", () => {
      for (const step of stepsOf(module, 1)) {
        const letsIn = step.actions.some((each) => each.verb === "os.run" && each.task === "grant-access");
        expect(step.grants === true, step.name).toBe(letsIn);
      }
    });

    test("a reservation that lets nobody in runs nothing on the node for anybody", () => {
      const steps = module.grantAccess?.(context(1, { user: null })) ?? [];
      expect(steps.flatMap(({ actions }) => actions)).toEqual([]);
    });

    test("R38: a user who was in has the node loaded anew; his sessions are ended first, where that can be done", () => {
      const world = inUse(module);
      world.pass(1000).beacon("run", { login: { user: "student" } });
      const before = world.sent.length;
      world.endReservation();
      expect(world.node.provision).toMatchObject({ state: "loading", job: { program: "reload" } });
      const [first] = world.sent[before]?.actions ?? [];
      if (module.revokeAccess !== undefined)
        expect(first).toMatchObject({ verb: "os.run", task: "revoke-access", mayFail: true });
    });

    test("R22: what it does for a capture stands before the disk is read, or after its system runs again", () => {
      const stagesOf = (steps: readonly Step[] = []) => new Set(steps.map(({ stage }) => stage));
      const [before, after] = [module.preCapture?.(context(1)), module.postCapture?.(context(1))];
      if (before !== undefined) expect(stagesOf(before)).toEqual(new Set(["pre-capture"]));
      if (after !== undefined) expect(stagesOf(after)).toEqual(new Set(["post-capture"]));
      // Whoever takes a user out puts him back.
      expect(after === undefined).toBe(before === undefined);
    });

    const { sanitize, prove } = module;
    if (sanitize === undefined) {
      test("R39: it cannot prove a node clean, so every reclaim is a reload", () => {
        const world = inUse(module);
        world.endReservation();
        expect(world.node.provision).toMatchObject({ state: "loading", job: { program: "reload" } });
      });
    } else {
      describe("reclaim", () => {
        test("R39, R43: a node that nobody was in is free again, with a certificate that says why", () => {
          const world = inUse(module);
          world.endReservation();
          while (world.state === "reclaiming") world.answer();
          expect(world.state).toBe("available");
          expect(world.node.certificate).toMatchObject({ how: "sanitized", revision: image.revision });
        });

        test.each([
          ["somebody logged in unseen", (world: World) => Object.assign(world, { logins: 1 })],
          ["an account is left", (world: World) => Object.assign(world, { accounts: 1 })],
          ["a session is open", (world: World) => Object.assign(world, { sessions: 1 })],
          ["it was booted anew", (world: World) => Object.assign(world, { osBoot: "boot-2" })],
          [
            "another revision runs",
            (world: World) => Object.assign(world, { runs: branded(isRevisionId, "demo:cdcdcdcdcdcd") }),
          ],
        ])("R40: %s: it is not free before a proved reload", (_why, happens) => {
          const world = inUse(module);
          world.endReservation();
          happens(world);
          while (world.state === "reclaiming") world.answer();
          expect(world.node.provision).toMatchObject({ state: "loading", job: { program: "reload" } });
          expect(isFree(world.node)).toBe(false);
        });

        test("R40: a system that says nothing is not free before a proved reload", () => {
          const world = inUse(module);
          world.endReservation();
          while (world.state === "reclaiming") world.answer("completed", { results: [] });
          expect(world.node.provision).toMatchObject({ state: "loading", job: { program: "reload" } });
        });
      });
    }

    if (prove !== undefined) {
      test("R26: a node is taken as it is only when the running system says that it is the right revision", () => {
        const world = inUse(module);
        world.endReservation();
        while (world.state === "reclaiming") world.answer();
        world.claimFor(aReservation(world.now));
        Object.assign(world, { runs: branded(isRevisionId, "demo:cdcdcdcdcdcd") }).look();
        world.answer();
        expect(world.job).toMatchObject({ stage: "load", attempt: 1 });
      });
    }
  });
}
