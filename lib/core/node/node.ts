/**
 * A node is one machine of a lab. Its cold part (`NodeSpec`) says what it is and how it is reached; its hot part
 * (`NodeState`) says where it is in its life, on what evidence, and until when it may stay there. Only `decide`
 * (lib/core/node/decide.ts) makes a new state, and only `advance` (lib/app) stores one (R34, R35).
 */
import type {
  Action,
  BuildReport,
  ImageContent,
  OsFacts,
  Phase,
  PowerSettings,
  PowerState,
  TestReport,
} from "../command.ts";
import type { Sighting } from "../console/console.ts";
import type { Fault } from "../fault.ts";
import type {
  BootId,
  CommandId,
  ControllerId,
  ImageId,
  InstallationId,
  IssueId,
  JobId,
  JournalId,
  LabId,
  NodeId,
  ReservationId,
  RevisionId,
} from "../ids.ts";
import type { Instant, Ms } from "../time.ts";
import type { Bios } from "./firmware.ts";
import type { Capacity } from "./hardware.ts";
import type { Loan } from "./loan.ts";
import type { LightProgram, Program } from "./programs.ts";
import type { SwitchPort, Wiring } from "./wiring.ts";

/** Who or what caused a transition: the first word of its timeline entry. */
export interface Actor {
  readonly kind: "user" | "operator" | "message" | "watchdog" | "timer" | "agent" | "node" | "engine";
  readonly name: string;
}

export interface NodeSpec extends Wiring {
  readonly id: NodeId;
  readonly lab: LabId;
  /** Nodes of one class are interchangeable; a reservation asks for a class. */
  readonly class: string;
  /** Opaque to everyone but the person who asks for them (R86). */
  readonly tags: readonly string[];
  /** Empty: nobody knows them before its machine is found. */
  readonly macs: readonly string[];
  readonly power: PowerSettings;
  readonly version: number;
}

/** Independent of everything that the machine does (R68): an offline node is tracked, never allocated, never touched. */
export interface Administrative {
  readonly state: "online" | "offline";
  readonly reason: string | null;
  readonly actor: Actor;
  readonly since: Instant;
  /** Of an offline node: since when no hand is on it. Null while what was under way is being stopped (design §5). */
  readonly handsOffAt: Instant | null;
}

/** What the last evidence says the machine is doing (R67), and since when (R69). */
export interface Operation {
  readonly phase: Phase;
  readonly since: Instant;
  /** When the agent saw the evidence, on the agent's clock: older evidence changes nothing. */
  readonly evidenceAt: Instant;
  /** The network boot that this phase belongs to; null when the machine booted its disk. */
  readonly boot: BootId | null;
  readonly installation: InstallationId | null;
  readonly osBoot: string | null;
}

/** A user may have been on the machine. Set by the commit that grants access; only a verified write or a proof clears it. */
export interface Taint {
  readonly reservation: ReservationId;
  /** What a reload has to put back. */
  readonly target: Target;
  readonly user: string;
  readonly since: Instant;
  /** The boot of the OS in which access was granted; a proof that nobody logged in counts only for the same boot. */
  readonly osBoot: string | null;
  readonly loggedInAt: Instant | null;
}

/** What is on the disk, as far as it is proved. */
export interface Disk {
  readonly image: ImageId | null;
  readonly revision: RevisionId | null;
  readonly installation: InstallationId | null;
  readonly taint: Taint | null;
}

/** What proved the node clean last: kept with it, and shown to whoever gets it next. A load that begins voids it. */
export interface Certificate {
  /** `written`: every byte of the image was written and read back. `sanitized`: it was proved that nobody had been in. */
  readonly how: "written" | "sanitized";
  readonly image: ImageId;
  readonly revision: RevisionId;
  readonly at: Instant;
  readonly job: JobId;
  /** Whose hands did it; null: not known. */
  readonly controller: ControllerId | null;
  /** What was read back. */
  readonly proved: readonly string[];
}

/** Where a step belongs: who owns it, and which ladder corrects it. */
export const stages = [
  "inspect",
  "check",
  "load",
  "build-post-load",
  "post-load",
  "address",
  "reserve",
  "sanitize",
  "unload",
  "pre-capture",
  "capture",
  "post-capture",
] as const;
export type Stage = (typeof stages)[number];

/** What the job wants on the disk. */
export interface Target {
  readonly image: ImageId;
  readonly revision: RevisionId;
}

/** What a capture is to become, and whose node it is taken of. */
export interface CaptureOrder {
  /** A new image, or another revision of one that there is. */
  readonly image: ImageId;
  readonly comment: string;
  /** Null: the node is nobody's. It holds for this one alone: what somebody else left there later is not captured by it. */
  readonly reservation: ReservationId | null;
}

/** A job that was asked for and waits for the node to be at rest. */
export interface JobRequest {
  readonly id: JobId;
  readonly program: "reload" | "capture" | LightProgram;
  /** Of a capture: what is on the node. */
  readonly target: Target | null;
  readonly capture?: CaptureOrder;
  readonly order?: Order;
  readonly requestedBy: Actor;
  readonly requestedAt: Instant;
}

/** What a job is told beside its program. */
export type Order =
  /** `ended`: an operator wants it over before its time. */
  | { readonly kind: "rescue"; readonly forMs: Ms; readonly ended: boolean }
  /** `test`: a program of the lab's on its controllers; null: what our ramdisk can test. */
  | { readonly kind: "burn-in"; readonly test: string | null; readonly minutes: number }
  /** The bytes of a revision that is collected are removed from the lab's image store. */
  | { readonly kind: "collect"; readonly revision: RevisionId; readonly sha256: string }
  /** Told who the others of its cluster are, as its reservation had them in that version. */
  | { readonly kind: "introduce"; readonly membersAt: number };

/** A command that was committed for the agent and has no verdict yet. */
export interface Outstanding {
  readonly id: CommandId;
  readonly purpose: "step" | "look" | "reset" | "power-cycle" | "fence";
  readonly epoch: number;
  readonly actions: readonly Action[];
  /** Who was given it; null while it waits for somebody to be given to. Committed before it is sent. */
  readonly to: { readonly controller: ControllerId; readonly journal: JournalId } | null;
  readonly issuedAt: Instant;
  readonly notAfter: Instant;
  readonly mustEnd: Instant;
  /** How often it was sent; sending again is harmless, the agent answers from its journal. */
  readonly sends: number;
  readonly sendAgainAt: Instant;
}

/** How the step's own command ended. */
export interface Answer {
  readonly status: "completed" | "failed";
  readonly fault: Fault | null;
  readonly at: Instant;
}

/** What has been proved since the job's current attempt began. Steps settle on this alone, whatever order it came in. */
export interface Evidence {
  readonly answer: Answer | null;
  readonly verified: InstallationId | null;
  readonly os: OsFacts | null;
  /** What a build system that answers for itself said last, in this step. */
  readonly build: BuildReport | null;
  /** What was read of the disk, after both sides had the same checksum of it; null content: a build system keeps it. */
  readonly captured?: {
    readonly installation: InstallationId;
    readonly content: ImageContent | null;
    readonly settings?: Readonly<Record<string, string>>;
  };
  /** What a test of the machine said last. */
  readonly test?: TestReport;
  /** The node told of a fault by itself: a bad checksum, a boot that was repeated. */
  readonly fault: Fault | null;
  /** What its console said last that means that it will not go on (lib/core/correction/sighting.ts). */
  readonly heard?: Heard;
}

export type Heard = Omit<Sighting, "node">;

export interface Clocks {
  /** Reset by any sign of life. */
  readonly noProgressBy: Instant;
  readonly noProgressMs: Ms;
  /** Never reset. */
  readonly overallBy: Instant;
}

/** What the agent saw when it was asked to look at a late node. */
export interface Observation {
  readonly power: PowerState;
  readonly at: Instant;
  readonly console: readonly string[];
}

export interface Correction {
  /** Index of the next rung of the ladder. */
  readonly rung: number;
  /** Made after the deadline passed; without one nothing above `look-again` is done (design §6). */
  readonly observation: Observation | null;
  /** Waiting until then: for the lab's budget, or for a BMC that does not answer. */
  readonly budgetAt: Instant | null;
  /** It was found late and has given no sign of life since. */
  readonly late: boolean;
}

export interface JobRun {
  readonly id: JobId;
  readonly program: Program;
  readonly requestedBy: Actor;
  readonly target: Target | null;
  readonly capture?: CaptureOrder;
  /** It has failed of this, and only what was changed on the node is still put back. */
  readonly failing?: Fault;
  readonly order?: Order;
  readonly startedAt: Instant;
  /** The install attempt, from 1. The engine alone counts it (R4). */
  readonly attempt: number;
  /** The network boot that was armed last in this attempt; beacons of any other are history. */
  readonly boot: BootId | null;
  readonly stage: Stage;
  readonly step: string;
  readonly stepSince: Instant;
  /** By stage: how long its steps took in all, without the current one. */
  readonly spent: Readonly<Partial<Record<Stage, Ms>>>;
  /** The evidence that the step awaits, in words. */
  readonly awaits: string;
  readonly clocks: Clocks;
  readonly command: Outstanding | null;
  readonly evidence: Evidence;
  /** The lab controller that answered for the job's last command. */
  readonly hands: ControllerId | null;
  readonly correction: Correction;
  /** Faults that are not the node's have a count of their own. */
  readonly infrastructureFaults: number;
  /** Since when its BMC has not answered. */
  readonly blindSince: Instant | null;
  /** The step is begun again then. */
  readonly retryAt: Instant | null;
  /** The right image was proved to be on the node, so that the load is skipped (R26). */
  readonly proved: boolean;
}

export type Provision =
  | { readonly state: "unidentified" }
  | { readonly state: "enrolled"; readonly job: JobRun | null }
  | { readonly state: "available" }
  | { readonly state: "reserved"; readonly reservation: ReservationId; readonly job: JobRun | null }
  | {
      readonly state: "loading" | "configuring";
      readonly reservation: ReservationId | null;
      readonly job: JobRun;
    }
  | {
      readonly state: "in-use";
      readonly reservation: ReservationId;
      readonly grantedAt: Instant;
      /** It knows the others of its cluster as they were then (`membersAt` of its reservation); null: nobody was told. */
      readonly introducedAt: number | null;
      /** What a person has asked for: correction does nothing to a node in use. */
      readonly job: JobRun | null;
    }
  | {
      readonly state: "capturing";
      /** Null: a node that nobody had. */
      readonly reservation: ReservationId | null;
      /** Since when its user has it; he goes on afterwards. */
      readonly grantedAt: Instant;
      readonly job: JobRun;
    }
  | { readonly state: "reclaiming"; readonly reservation: ReservationId; readonly job: JobRun }
  | { readonly state: "maintenance"; readonly reason: string }
  | { readonly state: "retired"; readonly reason: string }
  | { readonly state: "quarantined"; readonly fault: Fault };

export type ProvisionState = Provision["state"];

/** How the node's last job ended: the reservation that lost the node reads its reason here. */
export interface LastJob {
  readonly id: JobId;
  readonly program: Program;
  readonly reservation: ReservationId | null;
  readonly outcome: "done" | "failed" | "abandoned";
  readonly fault: Fault | null;
  readonly at: Instant;
}

/** What an operator has planned for a node: nobody new gets it, and it is kept out as soon as whoever has it is done. */
export interface Upkeep {
  readonly to: "maintenance" | "retired";
  readonly reason: string;
  /** When its maintenance is over, whether it has begun or not; null: until somebody gives it back. */
  readonly until: Instant | null;
  /** `return`: it comes back by way of a check. `remind`: it stays, and its hardware log says that its time is over. */
  readonly atEnd: "return" | "remind";
  readonly actor: Actor;
  readonly since: Instant;
}

export interface NodeState {
  readonly id: NodeId;
  readonly lab: LabId;
  readonly class: string;
  readonly tags: readonly string[];
  /** In which rack it stands, as its people say; null: they have not said. */
  readonly rack: string | null;
  readonly switchPort: SwitchPort | null;
  readonly biosProfile: string | null;
  /** What was read of its firmware last, against its profile; null: nothing was. */
  readonly bios: Bios | null;
  /** What it has to offer; null: nobody knows. */
  readonly capacity: Capacity | null;
  readonly version: number;
  readonly provision: Provision;
  readonly since: Instant;
  /** The provision state before this one (VCL's laststate, R36). */
  readonly last: ProvisionState | null;
  readonly administrative: Administrative;
  readonly operation: Operation;
  readonly power: { readonly observed: PowerState; readonly at: Instant };
  readonly disk: Disk;
  readonly certificate: Certificate | null;
  /** Who may log in to its BMC, as it was when nobody had used the node; null: never read. */
  readonly bmcAccounts: readonly string[] | null;
  /** Where a user reaches the running OS, and when it was read: never shown when older than the last load (R30). */
  readonly address: { readonly value: string; readonly at: Instant } | null;
  /** Grows with every command; the agent refuses a command with a lower one. */
  readonly epoch: number;
  /** Only these people get it; null: anybody. */
  readonly loan: Loan | null;
  /** Null: nothing is planned; it is handed out. */
  readonly upkeep: Upkeep | null;
  readonly waiting: readonly JobRequest[];
  /** Open issues of its hardware log that block it: while there is one, nobody gets the node. */
  readonly openIssues: readonly IssueId[];
  readonly lastJob: LastJob | null;
  readonly lastUsedAt: Instant;
  /** Corrective reboots since the node was claimed for its reservation. */
  readonly correctiveReboots: number;
  /** When the node must be looked at again at the latest; null only at rest. */
  readonly due: Instant | null;
}

export const reservationOf = (node: NodeState): ReservationId | null =>
  "reservation" in node.provision ? node.provision.reservation : null;

export const jobOf = (node: NodeState): JobRun | null =>
  "job" in node.provision ? node.provision.job : null;
