/**
 * What every build system promises (docs/build-systems.md), shipped, example or a stranger's. A module of one's own is tried
 * by naming its file: `RACKWRIGHT_MODULES=path/to/it.ts npm run test:conformance`. It exports `buildSystem`, and `image`
 * (settings, content) where an image wants more than a checksum.
 */
import { describe, expect, test } from "vitest";
import * as minimal from "../../examples/build-systems/minimal.ts";
import { action } from "../../lib/contracts/command.ts";
import { configurationFault } from "../../lib/core/fault.ts";
import { branded, isInstallationId } from "../../lib/core/ids.ts";
import { misfit } from "../../lib/core/provisioning/image-needs.ts";
import { noEvidence } from "../../lib/core/provisioning/job.ts";
import { shipped } from "../../lib/core/provisioning/registry.ts";
import { done, type Seen, type Step } from "../../lib/core/provisioning/step.ts";
import { World } from "../core/world.ts";
import { Bench, type Candidate } from "./build-systems-bench.ts";
import { strangers } from "./strangers.ts";

/** Images that the shipped build systems can load, where a checksum is not enough. */
const images: Readonly<Record<string, Candidate["image"]>> = {
  "netboot-installer": { settings: { distro: "rocky-9", template: "rocky.ks", timezone: "Europe/Berlin" } },
  libvirt: { settings: { memoryMib: "2048", cpus: "2", diskGib: "20" } },
  external: { settings: { system: "xcat", osimage: "rocky-9.4", unload: "yes" } },
};

const named = await strangers();
const candidates: readonly Candidate[] = named?.buildSystems ?? [
  ...shipped.buildSystems.map((buildSystem) => {
    const image = images[buildSystem.name];
    return image === undefined ? { buildSystem } : { buildSystem, image };
  }),
  minimal,
];

/** The module with nothing but what is mandatory. */
const bare = ({ buildSystem: { name, needs, load }, ...rest }: Candidate): Candidate => ({
  ...rest,
  buildSystem: { name, load, ...(needs === undefined ? {} : { needs }) },
});

const order: readonly string[] = ["pre-capture", "capture", "post-capture"];

/** What a step knows when nothing was heard since it began. */
const frozenNothing = (): Seen => ({
  installation: branded(isInstallationId, "none.1"),
  operation: new World().node.operation,
  evidence: noEvidence,
  console: [],
  disk: { image: null, revision: null, installation: null, taint: null },
  address: null,
});

const sorted = (steps: readonly Step[]) =>
  steps.map(({ stage, name, awaits, actions }) => ({ stage, name, awaits, actions }));

// Vitest wants a test in every file: a stranger's OS module is another suite's.
test.runIf(candidates.length === 0)("no build system is named", () => {
  expect(named?.osModules).not.toEqual([]);
});

describe.each(candidates.map((candidate) => [candidate.buildSystem.name, candidate] as const))(
  "build system %s",
  (_name, candidate) => {
    const { buildSystem } = candidate;
    const loading = () => new Bench(candidate).claim();
    const loaded = () => loading().play();
    const firstContext = () => {
      const [context] = loading().contexts;
      if (context === undefined) throw new Error("load was never called");
      return context;
    };

    test("R21: load alone is enough: a node is loaded and handed to its OS module", () => {
      const bench = new Bench(bare(candidate)).claim().play();
      expect(bench.job).toMatchObject({ stage: "post-load", attempt: 1 });
      expect(bench.world.state).toBe("configuring");
    });

    test("R10, R12: it never waits for an operating system, and asks nothing of one", () => {
      const bench = loaded();
      expect(bench.job?.stage).not.toBe("load");
      expect(bench.world.entries.every(({ phase }) => phase !== "run")).toBe(true);
      expect(bench.world.verbsSent.filter((verb) => verb.startsWith("os."))).toEqual([]);
    });

    test("R14: after its load the node is proved to hold the target, from this very installation", () => {
      const { world, contexts } = loaded();
      const { revision, installation, taint } = world.node.disk;
      expect({ revision, taint }).toEqual({ revision: world.image?.revision, taint: null });
      expect(installation).toBe(contexts.at(-1)?.installation);
    });

    test("R14: its load is not done before that proof, however long it is asked", () => {
      const bench = loading();
      bench.withheld = true;
      for (let round = 0; round < 6 && bench.next(); round += 1) expect(bench.isLoading).toBe(true);
      expect(bench.isLoading).toBe(true);
      expect(bench.world.node.disk.revision).toBeNull();
    });

    test("R2, R7: it is told the install attempt; try again repeats the load, with the next attempt and a new installation", () => {
      const bench = loading();
      const first = bench.contexts.at(-1)?.installation;
      bench.fail();
      expect(bench.job).toMatchObject({ stage: "load", attempt: 2 });
      bench.play();
      expect(bench.attempts.slice(0, 2)).toEqual([1, 2]);
      for (const { attempt, installation } of bench.contexts)
        expect(installation === first).toBe(attempt === 1);
      expect(bench.job).toMatchObject({ stage: "post-load", attempt: 2 });
    });

    test("R5, R8: a fault that no other attempt can cure ends the load at once, and the node is not blamed", () => {
      const bench = loading();
      const before = bench.world.sent.length;
      bench.fail(configurationFault("no-image", "there is no such image"));
      expect(bench.job).toBeNull();
      expect(bench.world.state).toBe("available");
      expect(bench.world.sent).toHaveLength(before);
    });

    test("an attempt that always fails ends: the node is kept out, and nothing more is done to it", () => {
      const bench = loading();
      for (let round = 0; round < 10 && bench.job?.command != null; round += 1) bench.fail();
      expect(bench.world.state).toBe("quarantined");
      expect(bench.attempts).toEqual([1, 2, 3]);
    });

    test("R34: it writes nothing: the same question has the same answer, and what it is given stays as it is", () => {
      const context = firstContext();
      const before = structuredClone(context.target);
      expect(sorted(buildSystem.load(1, context))).toEqual(sorted(buildSystem.load(1, context)));
      expect(context.target).toEqual(before);
    });

    test("every step says what it awaits, has two clocks, a name of its own, the stage of its method, and actions that are some", () => {
      const context = firstContext();
      const methods: readonly (readonly [string, readonly Step[]])[] = [
        ["load", buildSystem.load(1, context)],
        ["build-post-load", buildSystem.postLoad?.(1, context) ?? []],
        ["unload", buildSystem.unload?.(context) ?? []],
        ["check", buildSystem.nodeStatus === undefined ? [] : [buildSystem.nodeStatus(context)]],
      ];
      for (const [stage, steps] of methods) {
        expect(new Set(steps.map(({ name }) => name)).size).toBe(steps.length);
        for (const step of steps) {
          expect(step.stage).toBe(stage);
          expect(step.awaits).not.toBe("");
          expect(step.actions.length).toBeLessThanOrEqual(8);
          for (const each of step.actions) expect(action.safeParse(each).error).toBeUndefined();
          const { noProgressMs, overallMs } = step.limits;
          expect(noProgressMs(new Bench(candidate).world.node.operation)).toBeGreaterThan(0);
          expect(overallMs).toBeGreaterThan(0);
        }
      }
    });

    test("what it wants to know of an image is said as data, and a revision that lacks it is never loaded", () => {
      const fit = new Bench(candidate).world.image;
      if (fit === null) throw new Error("the bench has an image");
      expect(misfit(buildSystem, fit)).toBeNull();
      if (buildSystem.needs === undefined) return;
      const settings = { ...fit.settings, "Not-A-Setting": "x" };
      const lacking = { content: null, settings: {} };
      if (misfit(buildSystem, { ...fit, settings }) === null) expect(buildSystem.needs.others).toBe("opaque");
      if (misfit(buildSystem, lacking) === null) return;
      const bench = new Bench({ ...candidate, image: lacking }).claim();
      expect(bench.world.node.lastJob?.fault).toMatchObject({ class: "configuration", code: "image-unfit" });
    });

    test("one network boot is allowed, to a machine that is off, for this installation alone", () => {
      const bench = loading();
      bench.fail();
      bench.play();
      const armed = bench.world.sent.flatMap(({ actions }) => {
        const verbs = actions.map(({ verb }) => verb);
        return actions.flatMap((each, at) =>
          "boot" in each ? [{ each, before: verbs.slice(0, at), after: verbs.slice(at) }] : [],
        );
      });
      const boots = armed.map(({ each }) => each.boot);
      expect(new Set(boots).size).toBe(boots.length);
      const allowed = bench.contexts.map(({ installation }) => installation);
      for (const { each, before, after } of armed) {
        expect(allowed).toContain(each.installation);
        expect(before).toContain("power.off");
        expect(after).toContain("power.on");
      }
      const always = bench.world.sent
        .flatMap(({ actions }) => actions)
        .filter(
          (each) => each.verb === "boot.set" && each.device === "network" && each.persistence !== "once",
        );
      expect(always).toEqual([]);
    });

    test("a report that is stray, doubled or out of order changes nothing", () => {
      const bench = loading();
      const heard: Parameters<typeof bench.world.tell>[0][] = [];
      const { world } = bench;
      const tell = world.tell.bind(world);
      world.tell = (event) => {
        if (event.kind !== "look") heard.push(event);
        return tell(event);
      };
      for (let round = 0; round < 30 && bench.isLoading && bench.next(); round += 1) {
        const { node } = world;
        for (const event of [...heard].reverse()) tell(event);
        expect(world.node).toEqual(node);
      }
      expect(bench.job?.stage).toBe("post-load");
    });

    test("whoever looks twice changes nothing; a step whose end nobody saw is begun anew for the same installation", () => {
      const bench = loading();
      const [before] = bench.world.sent.slice(-1);
      expect(bench.world.look()).toBe(false);
      bench.world.answer("unknown", { results: [] });
      bench.world.waitUntilDue();
      const [again] = bench.world.sent.slice(-1);
      expect(again?.actions.map(({ verb }) => verb)).toEqual(before?.actions.map(({ verb }) => verb));
      expect(bench.job?.attempt).toBe(1);
      expect(bench.play().job).toMatchObject({ stage: "post-load", attempt: 1 });
    });

    test.runIf(buildSystem.nodeStatus)("R26: a node that it proves to be right is not loaded", () => {
      const context = firstContext();
      const step = buildSystem.nodeStatus?.(context);
      expect(step?.actions.some(({ verb }) => verb.startsWith("power.") || verb === "netboot.set")).toBe(
        false,
      );
    });

    describe.runIf(buildSystem.capture)("capture", () => {
      const hook = (stage: "pre-capture" | "post-capture"): Step => ({
        stage,
        name: `hook-${stage}`,
        awaits: "the OS module",
        actions: [],
        limits: { noProgressMs: () => 1, overallMs: 1 },
        settle: () => done,
      });
      const steps = () =>
        buildSystem.capture?.(firstContext(), {
          before: [hook("pre-capture")],
          after: [hook("post-capture")],
        }) ?? [];

      test("R22: it calls the OS module before any byte of the disk is read, and again after its own system runs", () => {
        const stages = steps().map(({ stage }) => stage);
        expect(stages).toEqual(stages.toSorted((a, b) => order.indexOf(a) - order.indexOf(b)));
        expect(steps()[0]?.name).toBe("hook-pre-capture");
        expect(steps().at(-1)?.name).toBe("hook-post-capture");
        expect(stages).toContain("capture");
        expect(new Set(steps().map(({ name }) => name)).size).toBe(stages.length);
      });

      test("R14: it is not done before the whole disk is kept, and asks nothing of an operating system", () => {
        const seen = { ...frozenNothing(), installation: firstContext().installation };
        for (const step of steps().filter(({ stage }) => stage === "capture")) {
          expect(step.settle(seen).outcome).not.toBe("done");
          for (const each of step.actions) {
            expect(each.verb.startsWith("os.")).toBe(false);
            expect(action.safeParse(each).error).toBeUndefined();
          }
        }
        expect(sorted(steps())).toEqual(sorted(steps()));
      });
    });

    test.runIf(buildSystem.unload)(
      "R44: what it unloads holds nothing any more and can be reserved; what it fails to unload is loaded anew",
      () => {
        const context = firstContext();
        if (buildSystem.unload?.(context).length === 0) return;
        const inUse = (): Bench => {
          const bench = loaded();
          const { world } = bench;
          const taint = {
            reservation: world.reservation?.id ?? null,
            target: context.target,
            user: "student",
            since: world.now,
            osBoot: null,
            loggedInAt: world.now,
          };
          if (taint.reservation === null) throw new Error("no reservation");
          const reservation = taint.reservation;
          const { disk } = world.node;
          world.node = {
            ...world.node,
            provision: { state: "in-use", reservation, grantedAt: world.now, introducedAt: null, job: null },
            disk: { ...disk, taint: { ...taint, reservation } },
          };
          world.endReservation();
          return bench;
        };
        const gone = inUse();
        expect(gone.job).toMatchObject({ program: "reclaim", stage: "unload" });
        gone.play(() => gone.job !== null);
        expect(gone.world.state).toBe("available");
        expect(gone.world.node.disk).toEqual({
          image: null,
          revision: null,
          installation: null,
          taint: null,
        });
        const stuck = inUse();
        stuck.fail();
        expect(stuck.job).toMatchObject({ program: "reload", stage: "load" });
      },
    );
  },
);
