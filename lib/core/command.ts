/**
 * A command is one piece of work for a lab's hands. It carries everything that the agent needs, an epoch that grows
 * with every command for the node, and two instants: it does not start after `notAfter`, and whatever it runs is killed
 * at `mustEnd`. Its actions run in order and the first that fails ends it (R51); an agent that has seen its id answers
 * from the journal and does nothing.
 */
import type { ConsoleSettings } from "./console/console.ts";
import type { Fault } from "./fault.ts";
import type {
  BootId,
  CommandId,
  ImageId,
  InstallationId,
  JournalId,
  LabId,
  NodeId,
  RevisionId,
} from "./ids.ts";
import type { BmcFacts } from "./node/hardware.ts";
import type { Instant, Ms } from "./time.ts";
import type { BiosAttributes, NetworkWish } from "./wishes.ts";

export type PowerState = "on" | "off" | "unknown";
export type BootDevice = "network" | "disk";

/** The bytes that a build system puts on a disk; the agent fetches them by checksum from its image store. */
export interface ImageContent {
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** How the agent talks to a running OS; SSH where an action names none. */
export type GuestChannel = "ssh" | "winrm";

export type Action =
  | { readonly verb: "power.on" }
  | { readonly verb: "power.off" }
  | { readonly verb: "power.cycle" }
  | { readonly verb: "power.reset" }
  | { readonly verb: "power.status" }
  /** Reads who may log in to the BMC: a user of the machine can give himself an account there that outlives every disk. */
  | { readonly verb: "bmc.accounts" }
  | { readonly verb: "boot.set"; readonly device: BootDevice; readonly persistence: "once" | "continuous" }
  /** Arms one network boot of the node, bound to one installation; the agent's answer to any other boot is: your disk. */
  | {
      readonly verb: "netboot.set";
      readonly installation: InstallationId;
      readonly boot: BootId;
      readonly revision: RevisionId;
      readonly image: ImageContent;
      /** Once it is written and proved, the last partition is made to reach to the end of the disk. */
      readonly grow?: "last-partition";
      /** Zeros first, from the first byte to the last: a disk is larger than an image, and somebody had it before. */
      readonly wipe?: "whole-disk";
    }
  /** The same for a distribution's own installer, with the lab's tree and a template that the boot service fills in. */
  | {
      readonly verb: "netboot.install";
      readonly installation: InstallationId;
      readonly boot: BootId;
      readonly revision: RevisionId;
      readonly distro: string;
      readonly template: string;
      readonly variables: Readonly<Record<string, string>>;
    }
  /** The same for our ramdisk without anything to write: it gives an operator a shell, or tests the machine for a while. */
  | {
      readonly verb: "netboot.visit";
      readonly installation: InstallationId;
      readonly boot: BootId;
      readonly visit: Visit;
    }
  | { readonly verb: "netboot.clear" }
  /** Hands what is wished of a switch port to the lab's own driver (docs/network.md). */
  | {
      readonly verb: "network.apply";
      readonly switch: string;
      readonly driver: string;
      readonly address: string;
      readonly port: string;
      readonly purpose: "provisioning" | "reserved";
      readonly wish: NetworkWish;
    }
  /** Reads these attributes of the firmware; through the power driver, or an executable of the lab's. */
  | { readonly verb: "bios.read"; readonly driver: string | null; readonly names: readonly string[] }
  /** Asks for them; they hold after the next power-on. */
  | { readonly verb: "bios.apply"; readonly driver: string | null; readonly attributes: BiosAttributes }
  /** Asks a test program of the lab's on the controller how far its run is; the first call begins it. */
  | {
      readonly verb: "test.call";
      readonly test: string;
      readonly run: InstallationId;
      readonly minutes: number;
    }
  | { readonly verb: "image.prefetch"; readonly image: ImageContent }
  /** Removes an image that nobody can have any more from the lab's image store, and from this controller. */
  | { readonly verb: "image.remove"; readonly sha256: string }
  /**
   * Arms one network boot in which the node's disk is read into the lab's image store. The node's own system keeps its voice:
   * it boots again afterwards.
   */
  | {
      readonly verb: "image.capture";
      readonly installation: InstallationId;
      readonly boot: BootId;
      /** What the system on the disk came from. */
      readonly installed: InstallationId;
      readonly revision: RevisionId;
    }
  /** Asks the running OS who it is: revision marker, boot, sessions since access was granted. */
  | { readonly verb: "os.probe"; readonly channel?: GuestChannel }
  | { readonly verb: "os.address"; readonly channel?: GuestChannel }
  | { readonly verb: "os.sessions"; readonly channel?: GuestChannel }
  /**
   * Waits until the running OS can be talked to, and pins who answers to its installation: what it told of itself when it
   * started, or else what is seen now. Every later connection is refused if somebody else answers.
   */
  | { readonly verb: "os.reach"; readonly channel?: GuestChannel; readonly withinMs: Ms }
  /** Runs a named task of the OS module on the node; parameters reach it over standard input, never as arguments. */
  | {
      readonly verb: "os.run";
      readonly channel?: GuestChannel;
      /** Worth trying: the actions after it are carried out whatever comes of it. */
      readonly mayFail?: true;
      readonly task:
        | "grant-access"
        | "introduce"
        | "revoke-access"
        | "sanitize"
        | "pre-capture"
        | "post-capture";
      readonly parameters: Readonly<Record<string, string>>;
    }
  /** Asks an executable on the lab controller that wraps a build system of its own (docs/build-systems.md). */
  | {
      readonly verb: "build.call";
      readonly system: string;
      readonly call: BuildCall;
      readonly installation: InstallationId;
      readonly attempt: number;
      readonly image: ImageId;
      readonly revision: RevisionId;
      /** The image's settings, as its people wrote them. */
      readonly settings: Readonly<Record<string, string>>;
      /** Of a capture: what it becomes. */
      readonly capture?: { readonly image: ImageId; readonly comment: string };
    }
  /** Makes the node's virtual machine anew, off, on a disk of its own that only holds what differs from the image. */
  | {
      readonly verb: "vm.create";
      readonly installation: InstallationId;
      /** Told to the guest, which has nothing else that says what it is; left out by an older version. */
      readonly revision?: RevisionId;
      readonly image: ImageContent;
      readonly memoryMib: number;
      readonly cpus: number;
      readonly diskGib: number;
    }
  /** Switches it off and deletes that disk; the machine stays defined, so that its power can be read. */
  | { readonly verb: "vm.remove"; readonly installation: InstallationId }
  /** Copies the disk of the machine, which is off, into the lab's image store; asked again, it says how far it is. */
  | { readonly verb: "vm.capture"; readonly installation: InstallationId }
  | { readonly verb: "console.tail"; readonly lines: number }
  /** Makes the machine findable by eye. */
  | { readonly verb: "identify"; readonly seconds: number }
  /** Ends whatever is queued or running for the node with a lower epoch (design §5, “Stopping”). */
  | { readonly verb: "fence" };

/** What our ramdisk does on a machine that it leaves as it is. */
export type Visit = { readonly kind: "rescue" } | { readonly kind: "test"; readonly seconds: number };

/** What a wrapped build system is asked to do. */
export const buildCalls = ["load", "status", "unload", "capture"] as const;
export type BuildCall = (typeof buildCalls)[number];

export type Verb = Action["verb"];

/** How the agent reaches a node's power: a driver's name, an address, and the name of a secret that never travels. */
export interface PowerSettings {
  readonly driver: string;
  readonly address: string;
  /** What else the driver wants to know: docs/lab-controller.md. */
  readonly options: Readonly<Record<string, string>>;
  /** What shares one BMC or PDU shares a power domain: one command at a time in it. */
  readonly domain: string;
  readonly credential: string;
  /** Least time between two power commands of the node (Beaker's quiescent period). */
  readonly quiescentMs: number;
}

export interface CommandTarget {
  readonly macs: readonly string[];
  readonly power: PowerSettings;
  /** The agent that has a command for the node listens to this from then on. */
  readonly console?: ConsoleSettings;
}

export interface Command {
  readonly id: CommandId;
  readonly node: NodeId;
  readonly lab: LabId;
  /** The journal that it is for: another one, of a controller that was set up anew, refuses it. */
  readonly journal: JournalId;
  readonly epoch: number;
  readonly notAfter: Instant;
  readonly mustEnd: Instant;
  readonly actions: readonly Action[];
  readonly target: CommandTarget;
}

/**
 * What a build system that answers for itself says of one installation. It is believed for that installation alone, and
 * only in answer to the command that asked.
 */
export interface BuildReport {
  readonly installation: InstallationId;
  /** VCL's three values, and: it goes on, ask again. */
  readonly result: "done" | "retry" | "fatal" | "waiting";
  /** How far it is, in the build system's own words: whenever it changes, that is a sign of life. */
  readonly sign: string | null;
  /** Why, for retry and fatal. */
  readonly fault: Fault | null;
  /** Of a capture that is done: its bytes in the image store, or the settings by which the build system finds it again. */
  readonly captured?: {
    readonly content: ImageContent | null;
    readonly settings?: Readonly<Record<string, string>>;
  };
}

/** What an action saw. Every field is an observation made by the agent, never an intention. */
export interface Observed {
  readonly power?: PowerState;
  /** What the running OS says of itself. */
  readonly os?: OsFacts;
  readonly address?: string;
  /** The last lines that its console printed since it was switched on. */
  readonly console?: readonly string[];
  /** When each of them came, in milliseconds since 1970: no two at once, so that it names the line. */
  readonly consoleAt?: readonly Instant[];
  /** Names that may log in to the BMC now, sorted. Missing where the driver cannot tell. */
  readonly bmcAccounts?: readonly string[];
  /** What the BMC tells of the machine, whether that is on or not. Missing where the driver cannot tell. */
  readonly machine?: BmcFacts;
  readonly build?: BuildReport;
  /** By name: as the firmware says them now; null: it knows no attribute of that name. */
  readonly bios?: Readonly<Record<string, string | number | boolean | null>>;
  readonly test?: TestReport;
}

/** What a test of the machine found. */
export interface TestReport {
  readonly run: InstallationId;
  readonly result: "passed" | "failed" | "waiting";
  /** How far it is: whenever it changes, that is a sign of life. */
  readonly sign: string | null;
  readonly findings: readonly string[];
}

export interface OsFacts {
  /** Read from the marker in the running system, not from what was meant to be written. */
  readonly revision: RevisionId | null;
  /** Changes with every boot of the OS. */
  readonly osBoot: string;
  /** Logins of reservation users seen in this boot of the OS. */
  readonly logins: number;
  /** Accounts of reservation users that may log in now. */
  readonly accounts: number;
  /** Sessions of reservation users that are open now. */
  readonly sessions: number;
}

export interface ActionResult {
  readonly verb: Verb;
  readonly outcome: "done" | "failed" | "skipped" | "unknown";
  readonly observed?: Observed;
  readonly fault?: Fault;
  /** What the tools printed, both streams, the end of it if there was much; secrets are masked (R62). */
  readonly said?: string;
}

/**
 * How a command ended. `refused` and `expired`: nothing was touched. `unknown`: it was begun and its end was not seen;
 * `results` then hold what the agent observed afterwards.
 */
export type CommandStatus = "completed" | "failed" | "aborted" | "expired" | "refused" | "unknown";

export interface CommandResult {
  readonly command: CommandId;
  readonly node: NodeId;
  readonly epoch: number;
  readonly status: CommandStatus;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant;
  readonly results: readonly ActionResult[];
  /** Why, for every status but `completed`. */
  readonly reason: string | null;
}

/** Operational phase as Chiba City's node manager meant it, plus where a machine is before any of its software runs. */
export const phases = ["off", "firmware", "build", "kernel", "init", "run", "unknown"] as const;
export type Phase = (typeof phases)[number];

/** What a node says of itself on its way up; authenticated by the agent with the boot's one-time token. */
export interface Beacon {
  readonly node: NodeId;
  /** The network boot that was armed, or null for a boot from disk. */
  readonly boot: BootId | null;
  /** The installation that the running software came from. */
  readonly installation: InstallationId;
  readonly phase: Phase;
  readonly at: Instant;
  readonly progress?: { readonly doneBytes: number; readonly totalBytes: number };
  /** The checksum of what was read back from the disk, after all image bytes were served under this boot's token. */
  readonly verified?: { readonly sha256: string };
  /** What was read of the disk is in the lab's image store, and its checksum is the one that the node read. */
  readonly captured?: ImageContent;
  /** The installer's last word: its work is done, and the machine is about to boot the disk. */
  readonly installed?: true;
  /** Where the running OS can be reached, as it sees it. */
  readonly address?: string;
  readonly osBoot?: string;
  /** A reservation's user has logged in. */
  readonly login?: { readonly user: string };
  readonly fault?: Fault;
  /** How our ramdisk's test of the machine ended. */
  readonly tested?: { readonly result: "passed" | "failed"; readonly findings: readonly string[] };
}
