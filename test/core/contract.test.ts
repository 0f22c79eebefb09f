/** What VCL-291 and Chiba City's design ask of the contract between engine, build systems and OS modules. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, expectTypeOf, test } from "vitest";
import { openApi } from "../../lib/contracts/openapi.ts";
import { contracts } from "../../lib/contracts/routes.ts";
import { defaultPolicy } from "../../lib/core/correction/policy.ts";
import { nodeFault } from "../../lib/core/fault.ts";
import { jobOf } from "../../lib/core/node/node.ts";
import { shipped } from "../../lib/core/provisioning/registry.ts";
import {
  type BuildSystem,
  commandLimits,
  type OsModule,
  type Outcome,
  onAnswer,
  type Step,
  type StepContext,
} from "../../lib/core/provisioning/step.ts";
import { image, World } from "./world.ts";

const step = (stage: Step["stage"], name: string): Step => ({
  stage,
  name,
  awaits: name,
  actions: [{ verb: "power.status" }],
  limits: commandLimits(defaultPolicy),
  settle: onAnswer(),
});

const os: OsModule = {
  name: "os",
  postLoad: () => [step("post-load", "os.postLoad")],
  address: () => step("address", "address"),
};

/** The steps of a provision with this build system, in the order in which the engine began them. */
function sequenceOf(more: Partial<BuildSystem>, osModule = os) {
  const buildSystem: BuildSystem = { name: "bs", load: () => [step("load", "load")], ...more };
  const world = new World({
    modules: { buildSystems: [buildSystem], osModules: [osModule] },
    image: { ...image, buildSystem: "bs", osModule: "os" },
  });
  world.makeAvailable().claimFor().look();
  const begun: string[] = [];
  for (let round = 0; round < 20 && jobOf(world.node)?.command != null; round += 1) {
    begun.push(world.job.step);
    world.answer();
  }
  return { begun, world };
}

describe("who calls whom", () => {
  test("R17: a build system's own postLoad runs after its load and before the OS module's; without one nothing is missed", () => {
    const hook = () => [step("build-post-load", "hook")];
    expect(sequenceOf({ postLoad: hook }).begun.slice(0, 3)).toEqual(["load", "hook", "os.postLoad"]);
    const without = sequenceOf({});
    expect(without.begun.slice(0, 2)).toEqual(["load", "os.postLoad"]);
    expect(without.world.state).toBe("in-use");
  });

  test("R17: a hook that fails is a load that failed: the image is loaded again, and the OS module was not asked", () => {
    const { world, begun } = (() => {
      const made = new World({
        modules: {
          buildSystems: [
            {
              name: "bs",
              load: () => [step("load", "load")],
              postLoad: () => [step("build-post-load", "hook")],
            },
          ],
          osModules: [os],
        },
        image: { ...image, buildSystem: "bs", osModule: "os" },
      });
      made.makeAvailable().claimFor().look();
      made.answer();
      const seen = [made.job.step];
      made.answer("failed", { fault: nodeFault("no-keys", "its host keys cannot be read") });
      return { world: made, begun: [...seen, made.job.step] };
    })();
    expect(begun).toEqual(["hook", "load"]);
    expect(world.job.attempt).toBe(2);
  });

  test("R20: the engine asks the OS module, whatever a build system does beside it: the same events in the same order", () => {
    const beside = { name: "beside", awaits: "beside", actions: step("load", "").actions } as const;
    const asked: number[] = [];
    const counting: OsModule = {
      ...os,
      postLoad: (attempt, context) => {
        asked.push(attempt);
        return os.postLoad(attempt, context);
      },
    };
    const plain = sequenceOf({}, counting);
    const both = sequenceOf(
      {
        around: () =>
          (["before", "after"] as const).map((side) => ({
            side,
            of: "post-load",
            step: { ...beside, name: side, limits: commandLimits(defaultPolicy), settle: onAnswer() },
          })),
      },
      counting,
    );
    const handedOver = ({ world }: typeof plain) => world.entries.map(({ from, to }) => `${from} > ${to}`);
    expect([...new Set(handedOver(both))]).toEqual([...new Set(handedOver(plain))]);
    expect(both.begun).toEqual(["load", "before", "os.postLoad", "after", "address", "check-address"]);
    expect(new Set(asked)).toEqual(new Set([1]));
    // No build system has a way to call an OS module: none is among what it is given.
    expectTypeOf<StepContext>().not.toHaveProperty("osModule");
  });

  test("R24: no module has VCL's old signatures: each takes the attempt and names steps, and the move is written down", () => {
    expectTypeOf<BuildSystem["load"]>().parameters.toEqualTypeOf<[number, StepContext]>();
    expectTypeOf<OsModule["postLoad"]>().parameters.toEqualTypeOf<[number, StepContext]>();
    expectTypeOf<BuildSystem["load"]>().returns.toEqualTypeOf<readonly Step[]>();
    expectTypeOf<Step["settle"]>().returns.toEqualTypeOf<Outcome>();
    expectTypeOf<Outcome["outcome"]>().toEqualTypeOf<"done" | "retry" | "fatal" | "waiting">();
    const methods = new Set([
      ...["load", "postLoad", "around", "nodeStatus", "capture", "unload", "name", "needs", "switchesItself"],
      ...[
        "prove",
        "readsAddressInPostLoad",
        "address",
        "grantAccess",
        "introduce",
        "revokeAccess",
        "sanitize",
      ],
      ...["preCapture", "postCapture"],
    ]);
    for (const module of [...shipped.buildSystems, ...shipped.osModules])
      expect(
        Object.keys(module).filter((key) => !methods.has(key)),
        module.name,
      ).toEqual([]);
    const page = readFileSync("docs/build-systems.md", "utf8");
    for (const each of ["load()", "post_load()", "capture()", "node_status()", "power_reset()"])
      expect(page).toContain(`\`${each}\``);
  });
});

describe("who watches whom", () => {
  test("R84: while it is built the build system's clock holds; from the hand-off on its operating system's does", () => {
    const world = new World().makeAvailable().claimFor();
    world.look();
    world.answer();
    const { boot } = world.job;
    world.pass(10).beacon("build", { boot });
    expect(world.job.clocks.noProgressMs).toBe(defaultPolicy.build.noProgressMs);
    world.pass(10).beacon("build", { boot, verified: { sha256: image.content?.sha256 ?? "" } });
    expect(world.job.clocks.noProgressMs).toBe(defaultPolicy.build.diskBootMs);
    world.pass(10).beacon("kernel");
    expect(world.job.stage).toBe("post-load");
    expect(world.job.clocks.noProgressMs).toBe(defaultPolicy.os["linux"]?.kernel[0]);
    world.waitUntilDue();
    expect(world.entries.at(-1)?.correction).toBe("look-again");
  });

  test("R84: a node that nobody builds and nobody has is not watched for progress: it carries no deadline", () => {
    expect(new World().makeAvailable().node.due).toBeNull();
  });
});

describe("what a build system needs, and what is its own", () => {
  test("R71: all that a node is built from is said as data: image, settings, firmware, network, time-outs", () => {
    const shapes = JSON.stringify(openApi());
    for (const each of [
      "buildSystem",
      "osModule",
      "osVersion",
      "settings",
      "minimum",
      "correction",
      "macs",
      "bios",
      "network",
    ])
      expect(shapes, each).toContain(`"${each}"`);
    for (const { name, needs } of shipped.buildSystems) expect(needs, name).toBeDefined();
  });

  test("R88: packages are the build system's own affair: neither the API nor the core knows of any", () => {
    expect(Object.keys(contracts).filter((route) => /package|repositor/i.test(route))).toEqual([]);
    const folder = "lib/core/provisioning";
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith(".ts"),
    );
    expect(files.length).toBeGreaterThan(10);
    for (const file of files)
      expect(readFileSync(join(folder, file), "utf8"), file).not.toMatch(
        /\b(rpm|apt|yum|dnf|dpkg|packages?)\b/i,
      );
  });
});
