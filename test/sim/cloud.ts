/**
 * What lies between the functions and the labs: queues, SSM, the scheduler. At least once, in no order, sometimes never.
 */
import { acceptJob } from "../../lib/app/accept-job.ts";
import { advanceNode } from "../../lib/app/advance-node.ts";
import type { App } from "../../lib/app/app.ts";
import { batchStore } from "../../lib/app/batch-store.ts";
import { ingestReports, nodesIn } from "../../lib/app/ingest-reports.ts";
import { readAhead } from "../../lib/app/read-ahead.ts";
import { sweepNodes, sweepReservations } from "../../lib/app/sweep.ts";
import { heedWake } from "../../lib/app/wake.ts";
import { watchCommands, watchLabs, watchPower } from "../../lib/app/watch.ts";
import { packed } from "../../lib/aws/deliveries.ts";
import type { JobMessage } from "../../lib/contracts/job.ts";
import type { Reports } from "../../lib/contracts/report.ts";
import type { Command, CommandResult } from "../../lib/core/command.ts";
import type { ControllerId } from "../../lib/core/ids.ts";
import type { NodeEvent } from "../../lib/core/node/event.ts";
import { jobOf } from "../../lib/core/node/node.ts";
import type { Hands, Sent } from "../../lib/ports/hands.ts";
import type { Queue, Wake } from "../../lib/ports/queue.ts";
import type { Controller } from "./controller.ts";
import { Functions } from "./functions.ts";
import type { Random } from "./random.ts";
import type { SimStore } from "./store.ts";
import type { World } from "./world.ts";

const longestDelayMs = 900_000;
const tickMs = 60_000;
/** Those that help, but that nothing may depend on, come less often than they are deployed to. */
const slowTicks = 5;
/** SSM gives up a delivery to a controller that it does not reach for so long. */
const deliveryMs = 600_000;

/** As the consumers of queues are given it (functions/runtime/batch.ts). */
const inBatch = (app: App): App => ({ ...app, store: batchStore(app.store) });

export class Cloud {
  readonly functions: Functions;
  /** What was refused, and why. */
  readonly letters: string[] = [];
  readonly controllers = new Map<string, Controller>();
  private ticks = 0;
  private readonly world: World;
  private readonly store: SimStore;
  private readonly luck: Random;
  private readonly quick: () => number;

  constructor(world: World, store: SimStore) {
    this.world = world;
    this.store = store;
    this.luck = world.luck("cloud");
    this.quick = () => this.luck.between(5, 300);
    const queue: Queue = { wake: async (wakes) => this.wake(wakes) };
    const hands: Hands = {
      send: async (controller, commands) => this.send(controller, commands),
      present: async (controllers) => new Set(controllers.filter((id) => this.isPresent(id))),
      answers: async (controller) => this.controllers.get(controller)?.answers ?? [],
    };
    this.functions = new Functions(world, store, queue, hands);
  }

  private wake(wakes: readonly Wake[]): void {
    const { world } = this;
    const { faults, schedule } = world;
    for (const wake of wakes) {
      const { kind, id } = wake.entity;
      const delay = wake.due === null ? 0 : Math.max(0, Math.ceil((wake.due - world.now) / 1000) * 1000);
      if (delay > longestDelayMs || faults.strike("wake-lost", id) !== null) continue;
      const late = faults.strike("wake-late", id)?.between(1_000, 300_000) ?? 0;
      const look = () => this.functions.invoke(`look at ${kind} ${id}`, (app) => this.heed(app, wake), true);
      schedule.after(delay + late + this.quick(), look);
      const again = faults.strike("wake-doubled", id);
      if (again !== null) schedule.after(delay + again.between(0, 120_000), look);
    }
  }

  private async heed(app: App, wake: Wake): Promise<void> {
    await this.mistake(app, wake);
    const { entity, due } = wake;
    const batch = inBatch(app);
    if (entity.kind === "node") await readAhead(batch, [{ node: entity.id, timer: due }]);
    await heedWake(batch, wake);
  }

  /** Deliberate defects of whoever waits for an answer. */
  private async mistake(app: App, { entity }: Wake): Promise<void> {
    const { defect, now } = this.world;
    if (defect.takesSilenceAsSeen !== true && defect.takesTimeOutAsFailed !== true) return;
    const node = entity.kind === "node" ? this.store.get("node", entity.id) : null;
    const command = node === null ? null : jobOf(node)?.command;
    if (node === null || command == null || now < command.sendAgainAt) return;
    const blind = command.purpose === "look" && defect.takesSilenceAsSeen === true;
    const hasty = command.purpose === "step" && defect.takesTimeOutAsFailed === true;
    if (!blind && !hasty) return;
    const result: CommandResult = {
      command: command.id,
      node: node.id,
      epoch: command.epoch,
      status: blind ? "completed" : "failed",
      startedAt: null,
      endedAt: now,
      results: blind ? [{ verb: "power.status", outcome: "done", observed: { power: "on" } }] : [],
      reason: blind ? null : "Delivery Timed Out",
    };
    await advanceNode(app, node.id, { kind: "command", result, actor: { kind: "agent", name: "time-out" } });
  }

  private send(controller: ControllerId, commands: readonly Command[]): readonly Sent[] {
    return packed(commands).map((part): Sent => {
      if (!part.fits) return { sent: false, reason: part.reason };
      if (this.world.faults.strike("send-refused", controller) !== null) {
        return { sent: false, reason: "ThrottlingException" };
      }
      this.deliver(controller, part.json);
      return { sent: true, deliveryId: "1" };
    });
  }

  /** As SSM lists them: it believes what it saw a few minutes ago. */
  private isPresent(id: ControllerId): boolean {
    const controller = this.controllers.get(id);
    if (controller === undefined) return false;
    const { away, isUp } = controller;
    return this.world.faults.strike("presence-wrong", id) === null ? isUp && !away : away;
  }

  private deliver(id: ControllerId, body: string): void {
    const { faults, schedule, now } = this.world;
    const controller = this.controllers.get(id);
    if (controller === undefined || faults.strike("delivery-lost", id) !== null) return;
    const until = now + deliveryMs;
    const arrive = (): void => controller.deliver(body, until);
    const late = faults.strike("delivery-late", id);
    const lateMs =
      late === null ? 0 : late.chance(0.7) ? late.between(2_000, 118_000) : late.between(60_000, deliveryMs);
    schedule.after(lateMs + this.luck.between(200, 2_000), arrive);
    const again = faults.strike("delivery-doubled", id);
    if (again !== null) schedule.after(again.between(200, 200_000), arrive);
  }

  /** A message on the reports queue; false: it was taken, and the sender was not told so. */
  readonly post = (message: Reports): boolean => {
    const { faults, schedule } = this.world;
    const { controller } = message;
    const ingest = () =>
      this.functions.invoke(
        `reports of ${controller}`,
        async (app) => {
          const batch = inBatch(app);
          await readAhead(
            batch,
            nodesIn(message).map((node) => ({ node, timer: null })),
          );
          const { refused } = await ingestReports(batch, message, `AROALAB:${controller}`);
          for (const each of refused) this.refuse(each);
        },
        true,
      );
    if (faults.strike("report-lost", controller) === null) {
      const late = faults.strike("report-late", controller)?.between(1_000, 600_000) ?? 0;
      schedule.after(late + this.quick(), ingest);
    }
    const again = faults.strike("report-doubled", controller);
    if (again === null) return true;
    schedule.after(again.between(100, 300_000), ingest);
    return again.chance(0.5);
  };

  private refuse(reason: string): void {
    this.letters.push(reason);
    this.world.holds(8, false, () => `a report was refused: ${reason}`);
  }

  job(message: JobMessage): void {
    const name = `job ${message.id}`;
    const accept = async (app: App): Promise<void> => {
      const accepted = await acceptJob(app, message, { kind: "message", name: "people" });
      if (accepted.ok) return;
      this.letters.push(`${message.id}: ${accepted.fault.message}`);
      this.world.holds(4, accepted.fault.message !== "", () => `${name} was refused without a reason`);
    };
    this.functions.invoke(name, accept, true);
    const again = this.world.faults.strike("wake-doubled", name);
    if (again === null) return;
    this.world.schedule.after(again.between(10, 60_000), () => this.functions.invoke(name, accept, true));
  }

  operate(node: string, kind: "offline" | "online" | "give-back"): void {
    const actor = { kind: "operator", name: "operator" } as const;
    const event: NodeEvent = { kind, reason: "because", actor };
    this.functions.invoke(`${kind} ${node}`, (app) => advanceNode(app, node, event), true);
  }

  /** The watchdogs, every minute; sometimes twice at once, sometimes not at all. */
  tick(): void {
    const { faults, schedule } = this.world;
    schedule.after(tickMs, () => this.tick());
    this.ticks += 1;
    if (faults.strike("watchdog-skipped", "scheduler") !== null) return;
    const times = faults.strike("watchdog-doubled", "scheduler") === null ? 1 : 2;
    for (let time = 0; time < times; time += 1) {
      this.functions.invoke("watchdog stuck-nodes", sweepNodes, false);
      this.functions.invoke("watchdog reservations", sweepReservations, false);
      if (this.ticks % slowTicks !== 0) continue;
      this.functions.invoke("watchdog labs", watchLabs, false);
      this.functions.invoke("watchdog commands", watchCommands, false);
      this.functions.invoke("watchdog power-drift", watchPower, false);
    }
  }
}
