/**
 * A lab controller: its disk, its clocks, its way to the cloud, and the agent that runs on it, made of the shipped journal,
 * intake, executor, breaker, clock and boot service. It dies and comes back as processes and machines do.
 */
import { type Boots, createBoots } from "../../lib/agent/boots.ts";
import { createBreaker } from "../../lib/agent/breaker.ts";
import { cloudClock } from "../../lib/agent/clock.ts";
import { look } from "../../lib/agent/consoles/look.ts";
import { createExecutor, type Executor } from "../../lib/agent/executor.ts";
import { type Journal, openJournal } from "../../lib/agent/journal.ts";
import { take } from "../../lib/agent/take.ts";
import type { BeaconBody } from "../../lib/contracts/boot.ts";
import type { Receipt } from "../../lib/contracts/command.ts";
import type { Reports } from "../../lib/contracts/report.ts";
import type { CommandResult, ImageContent } from "../../lib/core/command.ts";
import { nodeFault } from "../../lib/core/fault.ts";
import { branded, type ControllerId, isJournalId, type LabId } from "../../lib/core/ids.ts";
import { type Life, MemoryDisk } from "./disk.ts";
import { createAct, sleeper, type Tool } from "./hands.ts";
import type { BootServer, Machine } from "./machine.ts";
import type { Random } from "./random.ts";
import { createReporter } from "./reporter.ts";
import { mortalTimers } from "./schedule.ts";
import type { Truth } from "./truth.ts";
import type { World } from "./world.ts";

const mostAnswers = 20;

interface Agent {
  readonly life: Life;
  readonly journal: Journal;
  readonly boots: Boots;
  readonly executor: Executor;
  readonly report: (result: CommandResult) => void;
}

export interface Site {
  readonly world: World;
  readonly truth: Truth;
  readonly machine: (node: string) => Machine;
  readonly post: (message: Reports) => boolean;
  readonly peers: readonly string[];
}

export class Controller implements BootServer {
  readonly id: ControllerId;
  readonly lab: LabId;
  /** No way to the cloud; the lab itself goes on. */
  away = false;
  private readonly undelivered: { readonly body: string; readonly until: number }[] = [];
  offsetMs = 0;
  /** Grows when somebody has put the secrets right. */
  secrets = 1;
  /** What SSM kept of what it said to deliveries, the newest first. */
  answers: readonly Receipt[] = [];
  private agent: Agent | null = null;
  private life: Life = { alive: false };
  private disk: MemoryDisk;
  private tools = new Set<Tool>();
  private journals = 0;
  private readonly site: Site;
  private readonly bootedAt: number;
  private readonly luck: Random;

  constructor(id: ControllerId, lab: LabId, site: Site) {
    this.id = id;
    this.lab = lab;
    this.site = site;
    this.disk = new MemoryDisk(site.world.defect.skipsSync === true);
    this.bootedAt = site.world.now;
    this.luck = site.world.luck(`controller ${id}`);
    this.offsetMs = site.world.luck(`clock ${id}`).between(-2_000, 2_000);
  }

  get isUp(): boolean {
    return this.agent !== null;
  }

  /** Asked wherever the agent may die. */
  private readonly crash = (): void => {
    const { world } = this.site;
    const how = world.faults.strike("agent-dies", this.id);
    if (how === null || !this.life.alive) return;
    const { faults, schedule } = world;
    this.life.alive = false;
    this.agent = null;
    const power = faults.strike("power-fails", this.id);
    const survive = power === null && faults.strike("tool-survives", this.id) !== null;
    if (power !== null) this.disk.losePower(power.next());
    if (faults.strike("journal-replaced", this.id) !== null) {
      this.disk = new MemoryDisk(world.defect.skipsSync === true);
      world.tell(() => `   the disk of ${this.id} is replaced`);
    }
    world.tell(() => `   the agent on ${this.id} dies${power === null ? "" : ": the power fails"}`);
    for (const tool of this.tools) {
      const { command, at, fire } = tool;
      const ends = () => this.site.truth.ends(command);
      if (!survive) {
        ends();
        continue;
      }
      // Each tool runs under a time-out of its own, so that it ends even if nobody is there to end it.
      schedule.after(at - world.now, () => {
        if (!this.left.delete(tool)) return;
        if (world.now <= command.mustEnd) fire();
        ends();
      });
      this.left.add(tool);
    }
    this.tools = new Set();
    this.site.truth.abandoned(this.id, new Set([...this.left].map(({ command }) => command.id)));
    const minutes = how.chance(0.2) ? how.between(5, 90) : 0;
    schedule.after(minutes * 60_000 + how.between(2_000, 30_000), () => this.start());
  };
  private left = new Set<Tool>();

  start(): void {
    // Like endLeftovers: what an earlier agent has left running is ended before anything is observed or begun.
    for (const { command } of this.left) this.site.truth.ends(command);
    this.left = new Set();
    const life: Life = { alive: true };
    this.life = life;
    this.open(life).catch((error: unknown) => {
      this.site.world.holds(0, false, () => `the agent on ${this.id} cannot start: ${String(error)}`);
    });
  }

  private async open(life: Life): Promise<void> {
    const { world, truth, machine, post, peers } = this.site;
    const now = (): number => world.now + this.offsetMs;
    const monotonic = (): number => world.now - this.bootedAt;
    const timers = mortalTimers(world.schedule, () => life.alive);
    const journal = await openJournal({
      dir: "",
      disk: this.disk.seenBy(life, this.crash),
      now,
      newId: () => {
        this.journals += 1;
        return branded(isJournalId, `${this.id.slice(-8)}${String(this.journals).padStart(8, "0")}`);
      },
      warn: () => {},
      failed: () => {},
      compactBeyondBytes: 8 * 1024,
    });
    const clock = cloudClock(now, monotonic, timers);
    const breaker = createBreaker({ journal, now, random: world.luck(`breaker ${this.id}`).next });
    const { id: controller, lab } = this;
    const reporter = createReporter({
      world,
      life,
      journal,
      clock,
      controller,
      lab,
      wall: now,
      online: () => !this.away,
      post,
    });
    const report = (result: CommandResult): void => {
      if (!life.alive) return;
      truth.tells(result);
      reporter.command(result);
    };
    let tokens = 0;
    const boots = createBoots({
      journal,
      publicUrl: `http://${this.id}`,
      peers,
      managementKey: "key",
      now,
      report: reporter.beacon,
      newToken: () => {
        tokens += 1;
        return `${this.id}.${world.now}.${tokens}.token`;
      },
    });
    const place = {
      world,
      truth,
      life,
      controller,
      machine,
      boots: () => boots,
      state: () => journal.state,
      crash: this.crash,
      tools: this.tools,
    };
    const executor = createExecutor({
      journal,
      ...createAct(place),
      report,
      clock,
      breaker,
      secretVersion: () => String(this.secrets),
      now,
      monotonic,
      sleep: sleeper(place),
      timers,
      atOnce: 32,
      log: () => {},
    });
    this.agent = { life, journal, boots, executor, report };
    executor.recover();
    this.fetch();
  }

  leaves(): void {
    this.away = true;
  }

  isBack(): void {
    this.away = false;
    this.fetch();
  }

  /** SSM's agent asks for what could not be delivered meanwhile. */
  private fetch(): void {
    const { schedule } = this.site.world;
    for (const { body, until } of this.undelivered.splice(0))
      schedule.after(this.luck.between(100, 15_000), () => this.deliver(body, until));
  }

  /** A delivery of SSM, which gives it up after `until`. */
  deliver(body: string, until: number): void {
    const { agent } = this;
    if (this.site.world.now >= until) return;
    if (agent === null || this.away) {
      this.undelivered.push({ body, until });
      return;
    }
    const { world } = this.site;
    const { journal, executor, report } = agent;
    const { lab } = this;
    if (world.defect.ignoresEpoch === true) journal.state.epochs.clear();
    const now = () => world.now + this.offsetMs;
    take(body, {
      ...{ journal, executor, report, lab, now, log: () => {} },
      look: (command) => look({ learn: () => {}, tail: () => [] }, command, now()),
    }).then(
      (receipt) => {
        if (this.away || world.faults.strike("answer-lost", this.id) !== null) return;
        this.answers = [receipt, ...this.answers].slice(0, mostAnswers);
      },
      (error: unknown) => world.holds(0, false, () => `${this.id} cannot take a delivery: ${String(error)}`),
    );
  }

  script = async (mac: string, passedOn: boolean): Promise<string | null> =>
    this.agent === null ? null : this.agent.boots.script(mac, passedOn);

  plan = (token: string) => {
    const bearer = this.agent?.boots.bearer(token) ?? null;
    return bearer?.kind === "boot" && this.agent !== null ? this.agent.boots.plan(bearer.boot) : null;
  };

  captured = async (token: string, content: ImageContent | null): Promise<boolean> => {
    const { agent } = this;
    if (agent === null) return false;
    const bearer = agent.boots.bearer(token);
    // A void token: its machine is told so, and does no more.
    if (bearer?.kind !== "boot") return content === null;
    if (content !== null) await agent.boots.captured(bearer.boot, content);
    else
      await agent.boots.notCaptured(bearer.boot, nodeFault("capture-checksum-mismatch", "a bit has flipped"));
    return true;
  };

  serve = async (token: string, from: number, to: number): Promise<void> => {
    const bearer = this.agent?.boots.bearer(token) ?? null;
    if (bearer?.kind === "boot") await this.agent?.boots.serving(bearer.boot, from, to);
  };

  beacon = async (token: string, body: BeaconBody): Promise<boolean> => {
    const { agent } = this;
    if (agent === null) return false;
    const bearer = agent.boots.bearer(token);
    if (bearer !== null) await agent.boots.beacon(bearer, body);
    return true;
  };
}
