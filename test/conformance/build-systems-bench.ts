/**
 * A lab that does honestly what it is asked, for one build system at a time: it answers commands with what an agent would
 * have seen, lets the machine boot what was allowed to it, and never lets an operating system get as far as to run.
 */
import type { ActionResult, BuildReport } from "../../lib/core/command.ts";
import { type Fault, nodeFault } from "../../lib/core/fault.ts";
import type { ImageRevision } from "../../lib/core/image.ts";
import type { NodeEvent } from "../../lib/core/node/event.ts";
import { type JobRun, jobOf } from "../../lib/core/node/node.ts";
import { installationOf } from "../../lib/core/provisioning/programs.ts";
import type { BuildSystem, OsModule, StepContext } from "../../lib/core/provisioning/step.ts";
import { waiting } from "../../lib/core/provisioning/step.ts";
import { image, imageSha256, World } from "../core/world.ts";

/** A build system, and an image that it can load. */
export interface Candidate {
  readonly buildSystem: BuildSystem;
  readonly image?: Partial<Pick<ImageRevision, "content" | "settings">>;
}

/** Whatever a build system does, it is not this one's word that it waits for. */
const silent: OsModule = {
  name: "silent",
  postLoad: () => [
    {
      stage: "post-load",
      name: "hear-nothing",
      awaits: "an operating system that never comes",
      actions: [],
      limits: { noProgressMs: () => 1_000_000, overallMs: 1_000_000 },
      settle: () => waiting,
    },
  ],
};

const manyRounds = 60;
/** A build system that answers for itself is at work for so many questions before it is done. */
const questions = 2;

export class Bench {
  readonly world: World;
  /** What load was told, in order, without repetition. */
  readonly attempts: number[] = [];
  readonly contexts: StepContext[] = [];
  readonly told: NodeEvent[] = [];
  private readonly asked = new Map<string, number>();
  /** Evidence that never comes: the machine is mute, and a wrapped build system is never done. */
  withheld = false;

  constructor({ buildSystem, image: given = {} }: Candidate) {
    const needsContent = buildSystem.needs?.content !== "none";
    const heard: BuildSystem = {
      ...buildSystem,
      load: (attempt, context) => {
        if (this.attempts.at(-1) !== attempt) this.attempts.push(attempt);
        this.contexts.push(context);
        return buildSystem.load(attempt, frozen(context)).map((step) => ({
          ...step,
          settle: (seen) => step.settle(frozen(seen)),
        }));
      },
    };
    this.world = new World({
      modules: { buildSystems: [heard], osModules: [silent] },
      image: {
        ...image,
        content: needsContent ? image.content : null,
        buildSystem: buildSystem.name,
        osModule: silent.name,
        ...given,
      },
    });
    this.world.makeAvailable();
  }

  /** A reservation begins, and the first load with it. */
  claim(): this {
    this.world.claimFor().look();
    return this;
  }

  get job(): JobRun | null {
    return jobOf(this.world.node);
  }

  get isLoading(): boolean {
    return this.job?.stage === "load";
  }

  tell(event: NodeEvent): boolean {
    this.told.push(event);
    return this.world.tell(event);
  }

  /** Lets the next thing happen that honestly can; false: nothing more happens by itself. */
  next(): boolean {
    const { job, world } = this;
    if (job === null) return false;
    world.pass(10);
    if (job.command !== null) return this.answer();
    if (job.retryAt !== null) return world.waitUntilDue();
    return !this.withheld && this.boots(job);
  }

  /** As far as it goes while `holds`. */
  play(holds: () => boolean = () => this.isLoading): this {
    for (let round = 0; round < manyRounds && holds(); round += 1) if (!this.next()) return this;
    return this;
  }

  answer(): boolean {
    const command = this.job?.command;
    if (command == null) return false;
    return this.world.answer("completed", { results: command.actions.map((each) => this.seen(each)) });
  }

  fail(fault: Fault = nodeFault("broken", "it is broken")): boolean {
    return this.world.answer("failed", { fault });
  }

  /** What the agent tells about an action that it carried out. */
  private seen(action: Parameters<typeof resultOf>[0]): ActionResult {
    if (!("installation" in action) || !/^(build|vm)[.]/.test(action.verb)) return resultOf(action);
    const count = (this.asked.get(action.installation) ?? 0) + 1;
    this.asked.set(action.installation, count);
    const atOnce = action.verb.startsWith("vm.");
    const busy = this.withheld || (this.isLoading && !atOnce && count <= questions);
    const build: BuildReport = {
      installation: action.installation,
      result: busy ? "waiting" : "done",
      sign: this.withheld ? null : `question ${count}`,
      fault: null,
    };
    return { verb: action.verb, outcome: "done", observed: { build } };
  }

  /** The network boot that was allowed, its write, and the first that is heard of the disk's own kernel. */
  private boots(job: JobRun): boolean {
    const { world } = this;
    if (job.boot === null) return false;
    const installation = installationOf(job);
    const { phase, boot } = world.node.operation;
    const about = { node: world.node.id, installation, at: world.now };
    const actor = { kind: "node", name: world.node.id } as const;
    const say = (beacon: Omit<Extract<NodeEvent, { kind: "beacon" }>["beacon"], keyof typeof about>) =>
      this.tell({ kind: "beacon", actor, beacon: { ...about, ...beacon } });
    if (job.evidence.verified === installation)
      return boot === null && phase === "kernel" ? false : say({ boot: null, phase: "kernel" });
    if (boot !== job.boot) return say({ boot: job.boot, phase: "firmware" });
    if (phase === "firmware") return say({ boot: job.boot, phase: "build" });
    const installs = world.sent.some(({ actions }) =>
      actions.some((each) => each.verb === "netboot.install" && each.boot === job.boot),
    );
    return say({ boot: job.boot, phase: "build", ...(installs ? ({ installed: true } as const) : proof) });
  }
}

const proof = { verified: { sha256: imageSha256 } };

function resultOf(action: NonNullable<JobRun["command"]>["actions"][number]): ActionResult {
  const { verb } = action;
  if (verb === "power.off") return { verb, outcome: "done", observed: { power: "off" } };
  if (verb.startsWith("power.")) return { verb, outcome: "done", observed: { power: "on" } };
  return { verb, outcome: "done" };
}

/** A module that writes to what it is given throws. */
function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const each of Object.values(value)) frozen(each);
  }
  return value;
}
