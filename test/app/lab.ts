/**
 * A whole lab in memory: the shipped use-cases over the ports in memory, hands that do what a command says, nodes that tell
 * how they boot, and a clock that moves only when a test moves it. Messages can be lost.
 */
import { acceptJob } from "../../lib/app/accept-job.ts";
import type { App } from "../../lib/app/app.ts";
import { importLab } from "../../lib/app/import-lab.ts";
import { ingestReports } from "../../lib/app/ingest-reports.ts";
import { outbox } from "../../lib/app/outbox.ts";
import { registerImage } from "../../lib/app/register-image.ts";
import { sweepNodes, sweepReservations } from "../../lib/app/sweep.ts";
import { heedWake } from "../../lib/app/wake.ts";
import { jobMessage } from "../../lib/contracts/job.ts";
import { labFile } from "../../lib/contracts/lab-file.ts";
import type { Report } from "../../lib/contracts/report.ts";
import { report as reportShape, reports as reportsShape } from "../../lib/contracts/report.ts";
import type { Action, ActionResult, Command } from "../../lib/core/command.ts";
import { defaultPolicy } from "../../lib/core/correction/policy.ts";
import type { Fault } from "../../lib/core/fault.ts";
import {
  branded,
  type ControllerId,
  isControllerId,
  isImageId,
  isLabId,
  type RevisionId,
} from "../../lib/core/ids.ts";
import type { BmcFacts } from "../../lib/core/node/hardware.ts";
import type { NodeState } from "../../lib/core/node/node.ts";
import { shipped } from "../../lib/core/provisioning/registry.ts";
import type { Reservation } from "../../lib/core/reservation/reservation.ts";
import { after, type Instant, instant } from "../../lib/core/time.ts";
import { memoryHands } from "../../lib/local/memory/hands.ts";
import { memoryQueue } from "../../lib/local/memory/queue.ts";
import { memoryStore } from "../../lib/local/memory/store.ts";

export const controller: ControllerId = branded(isControllerId, "mi-0123456789abcdef0");
const sha256 = "ab".repeat(32);
const tickMs = 60_000;

/** A function was killed between two calls to its ports. */
export class Died extends Error {
  override readonly name = "Died";
}

const startsBoot: readonly string[] = ["power.on", "power.cycle", "power.reset"];

interface Machine {
  power: "on" | "off";
  installation: string | null;
  revision: RevisionId | null;
  /** Of users who were let in. */
  accounts: number;
  boots: number;
  /** Counts what ends all that the machine was doing: a hang, a reset. */
  life: number;
}

export class MemoryLab {
  now: Instant = instant(1_700_000_000_000);
  readonly store = memoryStore();
  readonly hands = memoryHands([controller]);
  readonly queue = memoryQueue();
  readonly machines = new Map<string, Machine>();
  /** Every wake and timer is lost: the watchdogs alone keep things going. */
  loseWakes = false;
  /** Some wakes are lost, as often as this says. */
  loseWake: () => boolean = () => false;
  /** What the agent tells is told once more, a while later. */
  repeatReport: () => boolean = () => false;
  /** What the agent tells is lost as often as this says. */
  loseReport: (report: Report) => boolean = () => false;
  readonly errors: string[] = [];
  /** A function dies at this very call to a port, and with it everything that it was about to do. */
  dies: () => boolean = () => false;
  /** What a BMC tells of its machine, beside whether it is on. */
  bmcTells: (node: string) => BmcFacts | null = () => null;
  /** What the agent cannot do, and why. */
  fails: (verb: Action["verb"], node: string) => Fault | null = () => null;
  /** The lab's network is dead: nothing is delivered, nothing is told. */
  cutOff = false;
  private readonly inbox: { readonly at: Instant; readonly report: Report; readonly still: () => boolean }[] =
    [];
  private readonly journal = new Map<string, Report>();
  private delivered = 0;
  private ticksUntil: Instant = after(this.now, tickMs);
  readonly app: App;

  constructor() {
    const { store, hands, queue } = this;
    const clock = { now: () => this.now };
    const log = {
      info: () => {},
      warn: () => {},
      error: (message: string) => this.errors.push(message),
    };
    const mortal = <T extends object>(port: T): T =>
      new Proxy(port, {
        get: (target, name, receiver) => {
          const member: unknown = Reflect.get(target, name, receiver);
          if (typeof member !== "function") return member;
          return async (...given: unknown[]): Promise<unknown> => {
            if (this.dies()) throw new Died();
            const answer: unknown = await Reflect.apply(member, target, given);
            // Done, and nobody is left who knows.
            if (this.dies()) throw new Died();
            return answer;
          };
        },
      });
    const sending = { hands: mortal(hands), queue: mortal(queue), clock, log };
    this.app = {
      ...sending,
      store: mortal(store),
      ids: { next: (prefix) => `${prefix}-1` },
      policy: defaultPolicy,
      modules: shipped,
      outbox: outbox(sending),
    };
  }

  /** The first `outlets` of its nodes hang on one PDU. */
  async open(nodes: number, outlets = 0): Promise<this> {
    const names = Array.from({ length: nodes }, (_, index) => `node-${String(index + 1).padStart(2, "0")}`);
    for (const name of names)
      this.machines.set(name, {
        power: "off",
        installation: null,
        revision: null,
        accounts: 0,
        boots: 0,
        life: 0,
      });
    const file = labFile.parse({
      schema: "rackwright.lab/1",
      lab: "blue",
      controllers: [controller],
      nodes: names.map((id, index) => ({
        id,
        macs: [
          `52:54:00:00:${String(Math.floor(index / 100)).padStart(2, "0")}:${String(index % 100).padStart(2, "0")}`,
        ],
        bmc: {
          driver: "redfish",
          address: `https://${id}`,
          credential: "bmc/blue",
          ...(index < outlets ? { domain: "pdu-1" } : {}),
        },
      })),
    });
    const actor = { kind: "operator", name: "test" } as const;
    await importLab(this.app, file, actor);
    await registerImage(this.app, {
      id: this.image,
      buildSystem: "netboot-image",
      osModule: "linux",
      sha256,
      sizeBytes: 1000,
    });
    await this.app.outbox.flush();
    await this.hear({ kind: "alive", lab: branded(isLabId, "blue"), at: this.now });
    await this.until(async () =>
      (await this.nodes()).every(({ provision }) => provision.state === "available"),
    );
    return this;
  }

  readonly image = branded(isImageId, "demo");

  async job(message: Readonly<Record<string, unknown>>): Promise<void> {
    const job = jobMessage.parse({ schema: "rackwright.job/1", ...message });
    const accept = async (): Promise<void> => {
      const accepted = await acceptJob(this.app, job, { kind: "message", name: "test" });
      if (!accepted.ok) throw new Error(accepted.fault.message);
    };
    // What is not ended is delivered again, as the queue does.
    while (!(await this.living(accept)));
    await this.living(() => this.app.outbox.flush());
  }

  readonly reserve = (id: string, count: number, minutes = 60): Promise<void> =>
    this.job({
      kind: "reserve",
      id,
      owner: "ada",
      image: "demo",
      count,
      minutes,
      publicKey: `ssh-ed25519 ${"A".repeat(40)}`,
    });

  async nodes(): Promise<NodeState[]> {
    return [...(await this.store.list("node", 1000, null)).items];
  }

  async reservation(id: string): Promise<Reservation> {
    const found = await this.store.read("reservation", id);
    if (found === null) throw new Error(`no reservation ${id}`);
    return found;
  }

  readonly isIn = (id: string, state: string) => async (): Promise<boolean> =>
    (await this.reservation(id)).state === state;

  /** Moves the clock in small steps until it holds; returns how long it took, in milliseconds. */
  async until(holds: () => Promise<boolean>, patienceMs = 24 * 3_600_000): Promise<number> {
    const from = this.now;
    while (!(await holds())) {
      if (this.now - from > patienceMs) throw new Error("it did not happen");
      await this.step(1000);
    }
    return this.now - from;
  }

  private async step(ms: number): Promise<void> {
    this.now = after(this.now, ms);
    if (this.now >= this.ticksUntil) {
      this.ticksUntil = after(this.now, tickMs);
      const lost = this.loseWakes;
      this.loseWakes = false;
      await this.living(() => sweepNodes(this.app));
      await this.living(() => sweepReservations(this.app));
      await this.takeWakes();
      this.loseWakes = lost;
    }
    await this.takeWakes();
    const due = this.cutOff ? [] : this.reach();
    for (const { report } of due) {
      if (this.loseReport(report)) continue;
      if (this.repeatReport()) this.tell(45_000, report);
      // What is not ended is delivered again, as the queue does.
      if (!(await this.living(() => this.hear(report)))) this.tell(30_000, report);
    }
    await this.living(() => this.app.outbox.flush());
  }

  /** What was delivered is carried out, unless it is too late; what was told by now arrives. */
  private reach(): readonly { readonly report: Report }[] {
    for (const { commands } of this.hands.deliveries.slice(this.delivered))
      for (const each of commands) this.carryOut(each);
    this.delivered = this.hands.deliveries.length;
    const due = this.inbox.filter(({ at, still }) => at <= this.now && still());
    this.inbox.splice(0, this.inbox.length, ...this.inbox.filter(({ at }) => at > this.now));
    return due;
  }

  /** Whatever the machine was doing, it does no more, until somebody resets it. */
  hang(node: string): void {
    const machine = this.machines.get(node);
    if (machine !== undefined) machine.life += 1;
  }

  /** Its user is in, and the node tells. */
  logIn({ id: node, disk: { installation, taint } }: NodeState): void {
    const login = { user: taint?.user };
    const beacon = { node, boot: null, installation, phase: "run", at: this.now, login };
    this.tell(0, reportShape.parse({ kind: "beacon", beacon }));
  }

  private async hear(report: Report): Promise<void> {
    const message = {
      schema: "rackwright.reports/1",
      controller,
      journal: "0123456789abcdef",
      reports: [report],
    };
    await ingestReports(this.app, reportsShape.parse(message), `AROALAB:${controller}`);
  }

  /** Whether the function lived to the end of it. */
  private async living(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (error instanceof Died) return false;
      throw error;
    }
  }

  private async takeWakes(): Promise<void> {
    for (const wake of this.queue.take(this.now))
      if (!this.loseWakes && !this.loseWake()) await this.living(() => heedWake(this.app, wake));
    await this.living(() => this.app.outbox.flush());
  }

  /** What the agent and the machine do; a command that is known is only told again. */
  private carryOut(command: Command): void {
    const known = this.journal.get(command.id);
    if (known !== undefined) return this.tell(1000, known);
    const machine = this.machines.get(command.node);
    if (machine === undefined) return;
    if (this.now > command.notAfter) return this.expire(command);
    const results = command.actions.map((action): ActionResult => {
      const fault = this.fails(action.verb, command.node);
      if (fault !== null) return { verb: action.verb, outcome: "failed", fault };
      switch (action.verb) {
        case "power.off":
          machine.power = "off";
          return { verb: action.verb, outcome: "done", observed: { power: "off" } };
        case "power.on":
        case "power.cycle":
        case "power.reset":
          machine.power = "on";
          machine.life += 1;
          return { verb: action.verb, outcome: "done", observed: { power: "on" } };
        case "power.status": {
          const told = this.bmcTells(command.node);
          const observed = { power: machine.power, ...(told === null ? {} : { machine: told }) };
          return { verb: action.verb, outcome: "done", observed };
        }
        case "os.address":
          return {
            verb: action.verb,
            outcome: "done",
            observed: { address: `10.0.0.${command.node.slice(-2)}` },
          };
        case "os.run":
        case "os.probe": {
          const { revision } = machine;
          if (action.verb === "os.run") machine.accounts = action.task === "grant-access" ? 1 : 0;
          return {
            verb: action.verb,
            outcome: "done",
            observed: {
              os: {
                revision,
                osBoot: `${command.node}.${machine.boots}`,
                logins: 0,
                accounts: machine.accounts,
                sessions: 0,
              },
            },
          };
        }
        case "netboot.set":
          machine.installation = action.installation;
          machine.revision = action.revision;
          machine.accounts = 0;
          return { verb: action.verb, outcome: "done" };
        default:
          return { verb: action.verb, outcome: "done" };
      }
    });
    const { id, node, epoch } = command;
    const endedAt = after(this.now, 1000);
    const report: Report = {
      kind: "command",
      result: {
        command: id,
        node,
        epoch,
        status: results.some(({ outcome }) => outcome === "failed") ? "failed" : "completed",
        startedAt: this.now,
        endedAt,
        results,
        reason: results.find(({ fault }) => fault !== undefined)?.fault?.message ?? null,
      },
    };
    this.journal.set(id, report);
    this.tell(1000, report);
    const armed = command.actions.find((action) => action.verb === "netboot.set");
    const starts = command.actions.some(({ verb }) => startsBoot.includes(verb));
    if (!starts || machine.installation === null) return;
    machine.boots += 1;
    const { installation, life } = machine;
    const beacon = (inMs: number, phase: "build" | "kernel" | "init" | "run", more: object = {}) => {
      const at = after(this.now, inMs);
      const boot = phase === "build" ? (armed?.boot ?? null) : null;
      const said = reportShape.parse({
        kind: "beacon",
        beacon: { node, boot, installation, phase, at, ...more },
      });
      this.tell(inMs, said, () => machine.life === life);
    };
    const reads = command.actions.find((action) => action.verb === "image.capture");
    if (reads !== undefined) {
      const told = (inMs: number, more: object = {}) => {
        const about = { node, boot: reads.boot, installation: reads.installation, phase: "build" };
        const said = { kind: "beacon", beacon: { ...about, at: after(this.now, inMs), ...more } };
        this.tell(inMs, reportShape.parse(said), () => machine.life === life);
      };
      told(20_000);
      told(60_000, { captured: { sha256: "cd".repeat(32), sizeBytes: 2000 } });
    }
    const disk = armed === undefined && reads === undefined ? 0 : 60_000;
    if (armed !== undefined) {
      beacon(20_000, "build");
      beacon(60_000, "build", { verified: { sha256 } });
    }
    beacon(disk + 30_000, "kernel");
    beacon(disk + 40_000, "init");
    beacon(disk + 50_000, "run", { osBoot: `${node}.${machine.boots}`, address: `10.0.0.${node.slice(-2)}` });
  }

  private expire({ id, node, epoch }: Command): void {
    const result = {
      command: id,
      node,
      epoch,
      status: "expired",
      startedAt: null,
      endedAt: this.now,
      results: [],
      reason: "too late",
    } as const;
    const report: Report = { kind: "command", result };
    this.journal.set(id, report);
    this.tell(1000, report);
  }

  private tell(inMs: number, report: Report, still: () => boolean = () => true): void {
    this.inbox.push({ at: after(this.now, inMs), report, still });
  }
}
