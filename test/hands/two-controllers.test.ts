/**
 * Two controllers in one lab, real agents, a BMC that keeps a record of who asked for what. The owner of the power domain
 * is killed, frozen and cut off in the middle of a power cycle: the other takes over, and their hands never overlap.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { acceptJob } from "../../lib/app/accept-job.ts";
import type { App } from "../../lib/app/app.ts";
import { importLab } from "../../lib/app/import-lab.ts";
import { ingestReports } from "../../lib/app/ingest-reports.ts";
import { outbox } from "../../lib/app/outbox.ts";
import { registerImage } from "../../lib/app/register-image.ts";
import { sweepNodes } from "../../lib/app/sweep.ts";
import { heedWake } from "../../lib/app/wake.ts";
import { jobMessage } from "../../lib/contracts/job.ts";
import { leaseId } from "../../lib/contracts/keys.ts";
import { labFile } from "../../lib/contracts/lab-file.ts";
import { reports } from "../../lib/contracts/report.ts";
import type { Command } from "../../lib/core/command.ts";
import { defaultPolicy, type Policy } from "../../lib/core/correction/policy.ts";
import { branded, type ControllerId, isImageId } from "../../lib/core/ids.ts";
import type { NodeState } from "../../lib/core/node/node.ts";
import { commandLimits, done, onAnswer } from "../../lib/core/provisioning/step.ts";
import { instant, seconds } from "../../lib/core/time.ts";
import { memoryQueue } from "../../lib/local/memory/queue.ts";
import { memoryStore } from "../../lib/local/memory/store.ts";
import { type AgentPlace, agentPlace } from "../support/agent-place.ts";
import { eventually, temporaryFolder } from "../support/stack.ts";
import { bmcPassword, type LogEntry, type Rack, rack, requireTools } from "./farm.ts";

requireTools();
const folder = temporaryFolder();
const [first, second] = ["mi-aaaaaaaaaaaaaaaaa", "mi-bbbbbbbbbbbbbbbbb"] as const;
const scenes = ["killed", "frozen", "cut-off"] as const;
let machines: Rack;

beforeAll(async () => {
  machines = await rack(
    folder.path,
    scenes.map((id) => ({ id })),
  );
});
afterAll(async () => {
  await machines.stop();
  folder.remove();
});

/** A cycle at this BMC takes some two seconds. */
const bmcDelayMs = 150;
const policy: Policy = {
  ...defaultPolicy,
  infrastructureRetryMs: 200,
  infrastructureFaults: 50,
  command: { notAfterMs: seconds(2), runMs: seconds(5), sendAgainMs: 500, sendAgainAtMostMs: 1000 },
  hands: { leaseMs: 500, clockMarginMs: 1000 },
};

/** The control plane with its stores in memory, in real time; what SSM would do is done here, late deliveries included. */
class ControlPlane {
  readonly store = memoryStore();
  readonly queue = memoryQueue();
  readonly app: App;
  readonly cut = new Set<string>();
  /** By command: its `mustEnd` as it was sent, and to whom. */
  readonly sent: { readonly controller: string; readonly command: Command }[] = [];
  private readonly mail = new Map<string, Command[]>();
  private readonly taken = new Map<string, number>();

  private readonly places: ReadonlyMap<string, AgentPlace>;

  constructor(places: ReadonlyMap<string, AgentPlace>) {
    this.places = places;
    const clock = { now: () => instant(Date.now()) };
    const log = { info: () => {}, warn: () => {}, error: console.error };
    const hands = {
      send: async (controller: ControllerId, commands: readonly Command[]) => {
        this.sent.push(...commands.map((command) => ({ controller, command })));
        this.mail.set(controller, [...(this.mail.get(controller) ?? []), ...commands]);
        return [{ sent: true, deliveryId: "1" } as const];
      },
      present: async (controllers: readonly ControllerId[]) => new Set(controllers),
      answers: async () => [],
    };
    const sending = { hands, queue: this.queue, clock, log };
    this.app = {
      ...sending,
      store: this.store,
      ids: { next: (prefix) => `${prefix}-1` },
      policy,
      modules: {
        buildSystems: [
          {
            name: "power-cycle",
            load: () => [
              {
                stage: "load",
                name: "cycle",
                awaits: "the agent's word that it was cycled",
                actions: [{ verb: "power.cycle" }],
                limits: commandLimits(policy),
                settle: onAnswer(),
              },
            ],
          },
        ],
        osModules: [
          {
            name: "none",
            postLoad: () => [],
            address: () => ({
              stage: "address",
              name: "none",
              awaits: "nothing",
              actions: [],
              limits: commandLimits(policy),
              settle: () => done,
            }),
          },
        ],
      },
      outbox: outbox(sending),
    };
  }

  /** One look at everything: what was told, what is due, what is to be delivered. */
  async turn(): Promise<void> {
    for (const [controller, place] of this.places) {
      const from = this.taken.get(controller) ?? 0;
      const bodies = place.bodies.slice(from);
      this.taken.set(controller, from + bodies.length);
      for (const body of bodies)
        await ingestReports(this.app, reports.parse(JSON.parse(body)), `AROALAB:${controller}`);
      const mail = this.mail.get(controller) ?? [];
      if (mail.length > 0 && !this.cut.has(controller)) {
        const given = await place.take(...mail.slice(0, 50)).then(
          () => true,
          () => false,
        );
        if (given) this.mail.set(controller, mail.slice(50));
      }
    }
    await sweepNodes(this.app);
    for (const wake of this.queue.take(instant(Date.now()))) await heedWake(this.app, wake);
    await this.app.outbox.flush();
  }

  async node(id: string): Promise<NodeState> {
    const node = await this.store.read("node", id);
    if (node === null) throw new Error(`no node ${id}`);
    return node;
  }

  /** Fails with what the nodes' timelines say. */
  async until(what: string, holds: () => Promise<boolean>, patienceMs = 40_000): Promise<void> {
    const turnAndLook = async (): Promise<boolean> => {
      await this.turn();
      return holds();
    };
    await eventually(turnAndLook, what, patienceMs).catch(async (error: unknown) => {
      const { items } = await this.store.list("node", 10, null);
      const told = items.map(({ id }) => this.store.timeline({ kind: "node", id }, 0, 1000));
      const lines = (await Promise.all(told)).flat().map(({ at, why }) => `${at % 1_000_000} ${why}`);
      throw new Error(`${String(error)}\n${lines.slice(-30).join("\n")}`);
    });
  }
}

describe.each(scenes)("the owner of a power domain is %s in the middle of a power cycle", (scene) => {
  const places = new Map<string, AgentPlace>();
  let plane: ControlPlane;

  beforeEach(async () => {
    for (const controller of [first, second]) {
      const place = await agentPlace({ controller, program: ["dist/agent/rackwright-agent.mjs"] });
      place.secret("bmc/blue", { username: "admin", password: bmcPassword });
      await place.start();
      places.set(controller, place);
    }
    plane = new ControlPlane(places);
    const file = labFile.parse({
      schema: "rackwright.lab/1",
      lab: "blue",
      controllers: [first, second],
      nodes: [
        {
          id: scene,
          macs: ["52:54:00:00:02:01"],
          bmc: { driver: "redfish", address: machines.url(scene), credential: "bmc/blue" },
        },
      ],
    });
    const actor = { kind: "operator", name: "test" } as const;
    await importLab(plane.app, file, actor);
    const image = {
      id: "demo",
      buildSystem: "power-cycle",
      osModule: "none",
      sha256: "ab".repeat(32),
      sizeBytes: 1,
    };
    await registerImage(plane.app, { ...image, id: branded(isImageId, "demo") });
    return async () => {
      for (const place of places.values()) await place.remove();
      places.clear();
    };
  });

  /** The only job of this test's build system. */
  async function cycle(id: string): Promise<void> {
    const job = jobMessage.parse({
      schema: "rackwright.job/1",
      kind: "reload",
      id,
      node: scene,
      image: "demo",
    });
    const accepted = await acceptJob(plane.app, job, { kind: "message", name: "test" });
    if (!accepted.ok) throw new Error(accepted.fault.message);
  }
  const isDone = (id: string) => async (): Promise<boolean> => {
    const { lastJob } = await plane.node(scene);
    return lastJob?.id === id && lastJob.outcome === "done";
  };
  async function commandsAtBmc(): Promise<LogEntry[]> {
    return (await machines.log(scene)).filter(({ kind }) => kind === "power-command");
  }
  const by = (controller: string) => (entry: LogEntry) =>
    entry["client"] === `rackwright-agent/${controller}`;

  test("the other takes over when the owner's command must have ended, and their hands never overlap", {
    timeout: 120_000,
  }, async () => {
    await plane.until(
      "its inspection",
      async () => (await plane.node(scene)).provision.state === "available",
    );
    await cycle(`warm-${scene}`);
    await plane.until("power", isDone(`warm-${scene}`));
    const before = (await commandsAtBmc()).length;
    await machines.faults({ add: [{ kind: "slow-bmc", node: scene, delayMs: bmcDelayMs }] });
    await cycle(`cycle-${scene}`);
    await plane.until("the first request", async () => (await commandsAtBmc()).length > before);
    const owner = (await plane.store.read("lease", leaseId("blue", machines.url(scene))))?.owner;
    expect(owner).toBe(first);
    const place = places.get(first);
    if (place === undefined) throw new Error("no owner");
    const owned = plane.sent.findLast(({ command }) =>
      command.actions.some(({ verb }) => verb === "power.cycle"),
    );
    if (owned === undefined) throw new Error("no cycle");

    plane.cut.add(first);
    if (scene === "killed") await place.end("SIGKILL");
    if (scene === "frozen") process.kill(place.pid(), "SIGSTOP");
    if (scene === "cut-off") place.serving.reachable = false;

    await plane.until("the take-over", isDone(`cycle-${scene}`));
    // The first comes back, with everything that was meant for it meanwhile.
    plane.cut.clear();
    place.serving.reachable = true;
    if (scene === "killed") await place.start();
    if (scene === "frozen") process.kill(place.pid(), "SIGCONT");
    const late = Date.now();
    await plane.until("its word", async () => place.results(owned.command.id).length > 0);
    await plane.until("a while", async () => Date.now() > late + 3000);

    const log = (await commandsAtBmc()).slice(before);
    const firstOfSecond = log.findIndex(by(second));
    expect(firstOfSecond, "the second has acted").toBeGreaterThan(0);
    expect(log.slice(0, firstOfSecond).every(by(first))).toBe(true);
    expect(log.slice(firstOfSecond).every(by(second)), "the first never touches it again").toBe(true);
    expect(log[firstOfSecond]?.at).toBeGreaterThanOrEqual(owned.command.mustEnd);
    expect(place.results(owned.command.id)[0]?.status).toBe(scene === "cut-off" ? "completed" : "unknown");
    const timeline = await plane.store.timeline({ kind: "node", id: scene }, 0, 1000);
    expect(timeline.map(({ why }) => why).join("\n")).toContain(`handed from ${first} to ${second}`);
  });
});
