/**
 * The contract between the engine and its modules (R1–R10, R14–R16). A program is an ordered list of steps. A build
 * system contributes the steps that put bits on a disk and start the machine, an OS module those that come after.
 * A step may send actions to the node's agent when it begins, and settles on evidence alone: on what has been proved,
 * in whatever order it came. Modules never write a node's record (R34) and are told the install attempt (R2, R3).
 */
import type { Action, ImageContent } from "../command.ts";
import type { Policy } from "../correction/policy.ts";
import { type Fault, nodeFault } from "../fault.ts";
import type { BootId, ImageId, InstallationId, NodeId } from "../ids.ts";
import type { Disk, Evidence, Operation, Stage, Target } from "../node/node.ts";
import type { Member } from "../reservation/reservation.ts";
import type { Instant, Ms } from "../time.ts";
import type { ImageNeeds } from "./image-needs.ts";

/**
 * VCL's three values and one more: done (1), retry (0: the image load is tried again), fatal (undefined: it is not), and
 * waiting. The fault says whose fault it is; the engine acts on that.
 */
export type Outcome =
  | { readonly outcome: "done" }
  | { readonly outcome: "retry"; readonly fault: Fault }
  | { readonly outcome: "fatal"; readonly fault: Fault }
  /** With `askAgainMs`: nobody will tell, so the step's actions are sent once more after that time. Its clocks go on. */
  | { readonly outcome: "waiting"; readonly askAgainMs?: Ms };

export const done: Outcome = { outcome: "done" };
export const waiting: Outcome = { outcome: "waiting" };
export const askAgain = (askAgainMs: Ms): Outcome => ({ outcome: "waiting", askAgainMs });
export const retry = (fault: Fault): Outcome => ({ outcome: "retry", fault });
export const fatal = (fault: Fault): Outcome => ({ outcome: "fatal", fault });

/** What a module may know when it names its steps. */
export interface StepContext {
  readonly node: NodeId;
  readonly attempt: number;
  readonly installation: InstallationId;
  /** The network boot that a load of this attempt would arm now. */
  readonly boot: BootId;
  readonly target: Target;
  readonly content: ImageContent | null;
  readonly settings: Readonly<Record<string, string>>;
  /** Whose time-outs hold; null: those of the module's family. */
  readonly osVersion: string | null;
  readonly policy: Policy;
  /** Of a capture: what it becomes. */
  readonly capture?: { readonly image: ImageId; readonly comment: string };
  /** What the node is proved to hold now, if anything. */
  readonly installed: InstallationId | null;
  /** Of a cluster that is ready: all its nodes. */
  readonly members: readonly Member[];
  /** Who is to get access, if the node is being prepared for or taken back from somebody. */
  readonly user: { readonly name: string; readonly publicKey: string | null } | null;
}

/** What a step settles on. */
export interface Seen {
  /** The one that the node is to run in the end; of a capture, the one that it runs already. */
  readonly installation: InstallationId;
  readonly operation: Operation;
  readonly evidence: Evidence;
  /** The console's last lines, as they were when somebody looked at a late node. */
  readonly console: readonly string[];
  readonly disk: Disk;
  readonly address: { readonly value: string; readonly at: Instant } | null;
}

/** Two clocks: no progress (reset by any sign of life; may depend on the phase the node is in), and an overall cap. */
export interface Limits {
  readonly noProgressMs: (operation: Operation) => Ms;
  readonly overallMs: Ms;
}

export interface Step {
  readonly stage: Stage;
  readonly name: string;
  /** The evidence that it waits for, in words that an operator understands. */
  readonly awaits: string;
  /** Sent as one command when the step begins; none for a step that only waits. */
  readonly actions: readonly Action[];
  readonly limits: Limits;
  /** Gives somebody access: the commit that begins it taints the node (invariant 5). */
  readonly grants?: true;
  /** Nothing is begun where this holds: the step is passed over. */
  readonly unless?: (seen: Seen) => boolean;
  readonly settle: (seen: Seen) => Outcome;
}

/** A step beside a stage: the engine gives it the stage that corrects it, so that no other hook is needed (R19). */
export interface AnchoredStep {
  readonly side: "before" | "after";
  readonly of: "load" | "post-load" | "reserve";
  readonly step: Omit<Step, "stage">;
}

/** What a build system's capture is given of the OS module that owns the node's system. */
export interface CaptureHooks {
  /** Before any byte of the disk is read (R22). */
  readonly before: readonly Step[];
  /** Once the node's own system runs again. */
  readonly after: readonly Step[];
}

/**
 * Puts bits on a disk and starts the node. Only `load` is mandatory (R21). It never waits for an operating system (R10).
 * docs/build-systems.md is its contract in words; test/conformance holds every one to it.
 */
export interface BuildSystem {
  readonly name: string;
  /** What a revision must bring. Without it anything is let in, and nothing is looked at. */
  readonly needs?: ImageNeeds;
  /** It switches the machine by itself: a power cycle of ours in the middle of its load would only be in its way. */
  readonly switchesItself?: true;
  /** Done means: the bits are proved to be on the disk and the machine was powered on from it (R14). */
  load(attempt: number, context: StepContext): readonly Step[];
  /** Runs once the node is up and before the OS module's own steps (R17): the place for host-key scans. */
  postLoad?(attempt: number, context: StepContext): readonly Step[];
  /** Work on either side of a stage that is not the build system's own. */
  around?(attempt: number, context: StepContext): readonly AnchoredStep[];
  /** Proves that the target runs already, where the OS module cannot: done, or retry for “load it”. */
  nodeStatus?(context: StepContext): Step;
  /**
   * How a node is given up at reclaim (R44). Done means: what a user left is out of reach, and the node holds nothing.
   * No steps: this image is sanitized or loaded anew like any other.
   */
  unload?(context: StepContext): readonly Step[];
  /**
   * Makes an image of what the node holds: `hooks.before` first (stage `pre-capture`), then the reading (stage `capture`),
   * then the node's own system again and `hooks.after` (stage `post-capture`). Done means: the bytes are in the image store,
   * and both sides had the same checksum of them. When it fails the steps of `post-capture` alone bring the node back.
   * Without it nothing that it loads can be captured.
   */
  capture?(context: StepContext, hooks: CaptureHooks): readonly Step[];
}

/** Owns everything after the bits are down. Only `postLoad` is mandatory. Its time-outs are its own, by attempt (R9, R11). */
export interface OsModule {
  readonly name: string;
  /** Done means: configured, ready for a reservation (R6). */
  postLoad(attempt: number, context: StepContext): readonly Step[];
  /** Proves which revision is running, so that a load can be skipped. Without it every reservation loads. */
  prove?(context: StepContext): Step;
  /** The command that ends its `postLoad` reads the address, too: a load has no step of its own for that. */
  readonly readsAddressInPostLoad?: true;
  /** How the address is discovered (R29). Without it the running OS's own beacon is believed. */
  address?(context: StepContext): Step;
  /** A module that gives access hears who comes: its running system tells of logins in its beacons. */
  grantAccess?(context: StepContext): readonly Step[];
  /** Tells the running system where the other nodes of its reservation are (`members`). Without it they are in the API alone. */
  introduce?(context: StepContext): readonly Step[];
  /** Ends a user's sessions at once, before the reload that fetches its image first. Only tried: the load cuts the power. */
  revokeAccess?(context: StepContext): readonly Action[];
  /** Takes access back and proves that nobody used it (R39, R43). Without it every reclaim is a reload. */
  sanitize?(context: StepContext): readonly Step[];
  /** Takes out of the running system what must not be in an image: identities, keys, accounts, logs. Stage `pre-capture`. */
  preCapture?(context: StepContext): readonly Step[];
  /** Waits for the system, and puts back what preCapture took, so that its user goes on working. Stage `post-capture`. */
  postCapture?(context: StepContext): readonly Step[];
}

/** For a step that sent actions: waits for the agent's verdict, passes a failure on, then asks `then`. */
export const onAnswer =
  (then: (seen: Seen) => Outcome = () => done) =>
  (seen: Seen): Outcome => {
    const { answer } = seen.evidence;
    if (answer === null) return waiting;
    return answer.fault === null ? then(seen) : retry(answer.fault);
  };

/** For a step that asked a build system which answers for itself: what it says settles the step, and nothing else does. */
export const onBuildReport = (askAgainMs: Ms): Step["settle"] =>
  onAnswer(({ evidence: { build } }) => {
    if (build === null) return retry(nodeFault("build-unanswered", "the build system gave no answer"));
    const fault = build.fault ?? nodeFault("build-failed", "the build system failed and gave no reason");
    switch (build.result) {
      case "done":
        return done;
      case "waiting":
        return askAgain(askAgainMs);
      case "retry":
        return retry(fault);
      case "fatal":
        return fatal(fault);
    }
  });

/** For a step that waits for the agent's verdict only: the command's own limits bound it. */
export const commandLimits = (policy: Policy): Limits => {
  const span = policy.command.notAfterMs + policy.command.runMs;
  return { noProgressMs: () => span, overallMs: span };
};

/** The node is running from the disk that this installation wrote. */
export const runsFromDisk = (seen: Seen): boolean =>
  seen.operation.installation === seen.installation && seen.operation.boot === null;
