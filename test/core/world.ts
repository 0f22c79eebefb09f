/**
 * One node and what its decisions depend on, driven by hand: the tests say what the agent and the node tell, and read what
 * was decided. Time moves only when a test moves it.
 */
import type { Beacon, CommandResult, OsFacts, Phase } from "../../lib/core/command.ts";
import { type Budget, fullBudget } from "../../lib/core/correction/budget.ts";
import { defaultPolicy, type Policy } from "../../lib/core/correction/policy.ts";
import { type Fault, nodeFault } from "../../lib/core/fault.ts";
import type { RevisionId } from "../../lib/core/ids.ts";
import * as ids from "../../lib/core/ids.ts";
import type { ImageRevision } from "../../lib/core/image.ts";
import type { Lab } from "../../lib/core/lab.ts";
import { decide } from "../../lib/core/node/decide.ts";
import type { Captured, Progress } from "../../lib/core/node/draft.ts";
import { enrolledNode } from "../../lib/core/node/enrol.ts";
import type { NodeEvent } from "../../lib/core/node/event.ts";
import {
  type Actor,
  jobOf,
  type NodeSpec,
  type NodeState,
  type Outstanding,
} from "../../lib/core/node/node.ts";
import { installationOf } from "../../lib/core/provisioning/programs.ts";
import { type Modules, shipped } from "../../lib/core/provisioning/registry.ts";
import type { Reservation } from "../../lib/core/reservation/reservation.ts";
import { claim } from "../../lib/core/scheduling/allocate.ts";
import { after, type Instant, instant } from "../../lib/core/time.ts";
import type { HardwareIssue, TimelineEntry } from "../../lib/core/timeline.ts";

export const timer: Actor = { kind: "timer", name: "deadline" };
export const agent: Actor = { kind: "agent", name: "mi-0123456789abcdef0" };
export const imageSha256 = "ab".repeat(32);

export const image: ImageRevision = {
  image: ids.branded(ids.isImageId, "demo"),
  revision: ids.branded(ids.isRevisionId, "demo:abababababab"),
  buildSystem: "netboot-image",
  osModule: "linux",
  content: { sha256: imageSha256, sizeBytes: 1000 },
  settings: {},
  overrides: null,
  registeredAt: instant(1),
};

export const spec: NodeSpec = {
  id: ids.branded(ids.isNodeId, "node-01"),
  lab: ids.branded(ids.isLabId, "blue"),
  class: "standard",
  tags: [],
  macs: ["52:54:00:00:00:01"],
  power: {
    driver: "redfish",
    address: "https://bmc",
    domain: "bmc",
    credential: "bmc/blue",
    options: {},
    quiescentMs: 0,
  },
  version: 1,
};

export const aReservation = (now: Instant, change: Partial<Reservation> = {}): Reservation => ({
  id: ids.branded(ids.isReservationId, "res-1"),
  version: 1,
  owner: "ada",
  project: null,
  image: image.image,
  revision: image.revision,
  class: "standard",
  tags: [],
  lab: null,
  prefer: [],
  count: 1,
  start: now,
  end: after(now, 3_600_000),
  asap: true,
  leadMs: 0,
  placed: [],
  passed: false,
  email: null,
  hearsLogins: true,
  roles: [],
  roleOf: {},
  user: "student",
  publicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAA",
  state: "loading",
  last: "new",
  since: now,
  createdAt: now,
  nodes: [spec.id],
  members: [],
  membersAt: null,
  readyBy: after(now, 10_000_000),
  readyAt: null,
  warnedOf: null,
  endedAt: null,
  outcome: null,
  cause: null,
  correctiveReboots: 0,
  due: now,
  ...change,
});

/** What lib/app/dispatch.ts does: somebody has the command. */
function given(node: NodeState, command: Outstanding): NodeState {
  const job = jobOf(node);
  if (job === null || !("job" in node.provision)) throw new Error("a command without a job");
  const to = {
    controller: ids.branded(ids.isControllerId, agent.name),
    journal: ids.branded(ids.isJournalId, "0123456789abcdef"),
  };
  return { ...node, provision: { ...node.provision, job: { ...job, command: { ...command, to } } } };
}

export interface Setting {
  readonly policy?: Policy;
  readonly modules?: Modules;
  readonly image?: ImageRevision | null;
}

export class World {
  now: Instant = instant(1_000_000);
  node: NodeState;
  reservation: Reservation | null = null;
  progress: Progress | null = null;
  readonly entries: TimelineEntry[] = [];
  readonly sent: Outstanding[] = [];
  readonly issues: HardwareIssue[] = [];
  readonly captures: Captured[] = [];
  budget: Budget;
  readonly policy: Policy;
  readonly modules: Modules;
  /** Its lab lets correction act. */
  corrects = true;
  labIsSilent = false;
  labIsAbandoned = false;
  powerDomain: string | null = null;
  image: ImageRevision | null;
  lab: Pick<Lab, "switches" | "biosProfiles"> = { switches: {}, biosProfiles: {} };

  constructor({ policy = defaultPolicy, modules = shipped, image: given = image }: Setting = {}) {
    this.policy = policy;
    this.modules = modules;
    this.image = given;
    this.node = enrolledNode(spec, { kind: "operator", name: "test" }, this.now);
    this.budget = fullBudget(spec.lab, policy.budget, this.now, 64);
  }

  /** Tells the node something; returns whether anything came of it. */
  tell(event: NodeEvent): boolean {
    const { policy, modules, reservation, budget, progress, now } = this;
    const decision = decide(this.node, event, {
      image: this.image,
      lab: this.lab,
      imageFor: image.revision,
      corrects: this.corrects,
      labIsSilent: this.labIsSilent,
      labIsAbandoned: this.labIsAbandoned,
      powerDomain: this.powerDomain,
      reservation,
      policy,
      modules,
      budget,
      progress,
      now,
    });
    if (decision.kind === "nothing") return false;
    this.node = decision.send === null ? decision.node : given(decision.node, decision.send);
    this.entries.push(decision.entry);
    if (decision.send !== null) this.sent.push(decision.send);
    if (decision.budget !== null) this.budget = decision.budget;
    if (decision.captured !== null) this.captures.push(decision.captured);
    if (decision.issue !== null) this.issues.push(decision.issue);
    return true;
  }

  look(): boolean {
    return this.tell({ kind: "look", actor: timer });
  }

  pass(ms: number): this {
    this.now = after(this.now, ms);
    return this;
  }

  /** Lets the time pass until the node is due, and looks. */
  waitUntilDue(): boolean {
    if (this.node.due !== null && this.node.due > this.now) this.now = this.node.due;
    return this.look();
  }

  get job() {
    const job = jobOf(this.node);
    if (job === null) throw new Error(`node is ${this.node.provision.state} and has no job`);
    return job;
  }

  get state(): string {
    return this.node.provision.state;
  }

  /** The agent's verdict on the outstanding command. */
  answer(
    status: CommandResult["status"] = "completed",
    change: Partial<CommandResult> & { fault?: Fault } = {},
  ): boolean {
    const { command } = this.job;
    if (command === null) throw new Error("no command is outstanding");
    const { fault, ...rest } = change;
    const result: CommandResult = {
      command: command.id,
      node: this.node.id,
      epoch: command.epoch,
      status,
      startedAt: this.now,
      endedAt: this.now,
      results: command.actions.map(({ verb }) => ({
        verb,
        outcome: status === "completed" ? "done" : "failed",
        ...(fault === undefined ? {} : { fault }),
        ...(status === "completed" ? this.observe(verb) : {}),
      })),
      reason: status === "completed" ? null : (fault?.message ?? status),
      ...rest,
    };
    return this.tell({ kind: "command", result, actor: agent });
  }

  logins = 0;
  /** What the running system says of reservation users' accounts; null: as it was told to by the commands so far. */
  accounts: number | null = null;
  sessions = 0;
  runs: RevisionId | null = null;
  osBoot = "boot-1";
  bmcAccounts: readonly string[] = ["rackwright"];
  address = "10.0.0.1";

  private get os(): OsFacts {
    const { osBoot, logins, sessions } = this;
    const task = this.sent.flatMap(({ actions }) => actions).findLast(({ verb }) => verb === "os.run");
    const granted = task?.verb === "os.run" && task.task === "grant-access" ? 1 : 0;
    const revision = this.runs ?? this.image?.revision ?? null;
    return { revision, osBoot, logins, accounts: this.accounts ?? granted, sessions };
  }

  private observe(verb: string) {
    switch (verb) {
      case "power.off":
        return { observed: { power: "off" as const } };
      case "power.on":
      case "power.cycle":
      case "power.reset":
      case "power.status":
        return { observed: { power: "on" as const } };
      case "os.probe":
        return {
          observed: {
            os: this.os,
          },
        };
      case "bmc.accounts":
        return { observed: { bmcAccounts: this.bmcAccounts } };
      case "os.address":
        return { observed: { address: this.address } };
      default:
        return {};
    }
  }

  beacon(phase: Phase, change: Partial<Beacon> = {}): boolean {
    const job = jobOf(this.node);
    const installation = job?.boot == null ? this.node.disk.installation : installationOf(job);
    if (installation === null) throw new Error("nothing is installed");
    const beacon: Beacon = {
      node: this.node.id,
      boot: null,
      installation,
      phase,
      at: this.now,
      ...(phase === "run" ? { osBoot: this.osBoot, address: this.address } : {}),
      ...change,
    };
    return this.tell({ kind: "beacon", beacon, actor: { kind: "node", name: this.node.id } });
  }

  // -- the way of a node, in one word each ------------------------------------------------------------------------

  makeAvailable(): this {
    this.look();
    this.answer();
    return this;
  }

  claimFor(reservation: Reservation = aReservation(this.now)): this {
    this.reservation = reservation;
    this.node = claim(this.node, reservation.id, this.now);
    return this;
  }

  /** From the network boot's begin to the verified write. */
  write(): this {
    this.answer();
    const { boot } = this.job;
    this.pass(10).beacon("firmware", { boot });
    this.pass(10).beacon("build", { boot });
    this.pass(10).beacon("build", { boot, verified: { sha256: imageSha256 } });
    return this;
  }

  bootDisk(): this {
    for (const phase of ["kernel", "init", "run"] as const) this.pass(10).beacon(phase);
    return this;
  }

  /** A claimed node becomes one in use. */
  makeReady(): this {
    this.look();
    this.write().bootDisk();
    while (this.state === "configuring") this.pass(5).answer();
    return this;
  }

  inUse(): this {
    return this.makeAvailable().claimFor().makeReady();
  }

  /** The BMC does not answer, whatever is asked, until nobody asks any more. */
  withDeadBmc(message = "no answer from https://bmc"): this {
    for (let round = 0; round < 100 && "job" in this.node.provision; round += 1) {
      if (this.job.command === null) this.waitUntilDue();
      if ("job" in this.node.provision && this.job.command !== null)
        this.answer("failed", { fault: nodeFault("bmc-unreachable", message) });
    }
    return this;
  }

  endReservation(): this {
    if (this.reservation === null) throw new Error("no reservation");
    this.reservation = { ...this.reservation, state: "reclaim", outcome: "complete" };
    this.look();
    return this;
  }

  get verbsSent(): string[] {
    return this.sent.flatMap(({ actions }) => actions.map(({ verb }) => verb));
  }
}
