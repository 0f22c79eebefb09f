/** How long, how often, then what: everything about time-outs and correction that a lab may want to set, as data. */
import type { Stage } from "../node/node.ts";
import { defaultReadiness, type ReadinessPolicy } from "../prediction/policy.ts";
import type { Quota } from "../project.ts";
import { type Ms, minutes, seconds } from "../time.ts";
import type { BudgetPolicy } from "./budget.ts";
import { defaultOsProfiles, type OsProfileChanges, type OsProfiles, withChanges } from "./os-profiles.ts";

export type Rung = "look-again" | "reset" | "power-cycle" | "load-again" | "quarantine";

export interface Policy {
  /** Installs of one job before the node is given up. */
  readonly installAttempts: number;
  /** Times that a fault which is not the node's is waited out before the job fails without blaming the node. */
  readonly infrastructureFaults: number;
  readonly infrastructureRetryMs: Ms;
  readonly command: {
    /** A command that has not begun by then is refused by the agent. */
    readonly notAfterMs: Ms;
    /** From `notAfter` to `mustEnd`, when the agent kills what still runs. */
    readonly runMs: Ms;
    /** Without a word from the agent the same command is sent again: first after this time, then doubling. */
    readonly sendAgainMs: Ms;
    readonly sendAgainAtMostMs: Ms;
  };
  readonly hands: {
    readonly leaseMs: Ms;
    readonly clockMarginMs: Ms;
  };
  readonly build: {
    /** From power on to the first sign of the network boot. */
    readonly firmwareMs: Ms;
    /** No byte written and no other sign of life. */
    readonly noProgressMs: Ms;
    readonly overallMs: Ms;
    /** From verified bits to the first sign of the disk's own kernel. */
    readonly diskBootMs: Ms;
  };
  /** By operating system and version: how long a phase may last, by install attempt (R9, R11). */
  readonly os: OsProfiles;
  /** How long running the OS stage may take in all, however lively. */
  readonly osOverallMs: Ms;
  readonly ladder: Readonly<Record<Stage, readonly Rung[]>>;
  readonly budget: BudgetPolicy;
  /** A node whose BMC does not answer: nothing is known of it, so nothing is done to it. */
  readonly blind: {
    /** Asked again after this. */
    readonly retryMs: Ms;
    /** Given up after this, unless its lab or its power domain is suspect. */
    readonly giveUpMs: Ms;
    /** Given up after this, whoever is suspect. */
    readonly atMostMs: Ms;
  };
  /** An answer that took longer than this: the lab was silent, and its nodes' clocks stood still. */
  readonly silentMs: Ms;
  /** A lab that nobody could reach for so long is abandoned: what its nodes were to do is given up, with that as its cause. */
  readonly abandonMs: Ms;
  readonly reservation: {
    /** A reservation whose nodes are not ready by then fails, with its reason. */
    readonly readyWithinMs: Ms;
    /** A reservation that is not at rest is looked at this often even if every message is lost. */
    readonly lookAgainMs: Ms;
    /** An address read longer ago than this is read again at hand-over (R31, R33). */
    readonly addressFreshMs: Ms;
    /** Nodes of a reservation with a fixed start are made ready so long before it, until it is learned how long that takes. */
    readonly leadMs: Ms;
    /** After a reservation its nodes are taken back; nobody else has them meanwhile. */
    readonly turnaroundMs: Ms;
    /** Nobody is given nodes further ahead. */
    readonly horizonMs: Ms;
    /** The user is warned so long before the end; in the middle of a reservation that is not twice as long. */
    readonly warnBeforeMs: Ms;
    /** A reservation that nobody has logged in to so long after its hand-over is ended; null: never. */
    readonly connectWithinMs: Ms | null;
    /** Whoever wants nodes as soon as possible is promised none further ahead than this. */
    readonly longestWaitMs: Ms;
    /** What a user may have at once, ahead and at the longest in no project's name. */
    readonly personal: Quota;
  };
  readonly readiness: ReadinessPolicy;
}

/** What a lab or an image may set for itself; whatever it leaves out is as it is everywhere. */
export interface PolicyOverrides {
  readonly installAttempts?: number;
  readonly build?: Policy["build"];
  readonly os?: OsProfileChanges;
  readonly osOverallMs?: Ms;
  readonly ladder?: Partial<Policy["ladder"]>;
  readonly budget?: BudgetPolicy;
  readonly blind?: Policy["blind"];
}

/** The later one wins: the image knows its operating system better than the lab does. */
export function overridden(policy: Policy, ...given: readonly (PolicyOverrides | null)[]): Policy {
  let made = policy;
  for (const each of given) {
    const { os, ladder } = made;
    if (each !== null)
      made = { ...made, ...each, os: withChanges(os, each.os ?? {}), ladder: { ...ladder, ...each.ladder } };
  }
  return made;
}

const bootLadder: readonly Rung[] = ["look-again", "reset", "power-cycle", "load-again", "quarantine"];
/** A reset in the middle of a write would boot a half-written disk: the load's own steps (off, netboot, on) are the repair. */
const loadLadder: readonly Rung[] = ["look-again", "power-cycle", "load-again", "quarantine"];
const lookLadder: readonly Rung[] = ["look-again", "load-again", "quarantine"];

/**
 * Defaults for real machines. Servers take two to eight minutes through firmware with all option ROMs on; “ten minutes in
 * kernel: it hung” is Chiba City's own rule (R70); a disk that takes no byte for three minutes takes none.
 */
export const defaultPolicy: Policy = {
  installAttempts: 3,
  infrastructureFaults: 10,
  infrastructureRetryMs: seconds(30),
  command: {
    notAfterMs: minutes(2),
    runMs: minutes(5),
    sendAgainMs: seconds(20),
    sendAgainAtMostMs: minutes(5),
  },
  hands: { leaseMs: minutes(1), clockMarginMs: seconds(10) },
  build: {
    firmwareMs: minutes(10),
    noProgressMs: minutes(5),
    overallMs: minutes(60),
    diskBootMs: minutes(10),
  },
  os: defaultOsProfiles,
  osOverallMs: minutes(60),
  ladder: {
    inspect: ["look-again", "quarantine"],
    check: ["look-again", "load-again"],
    load: loadLadder,
    "build-post-load": bootLadder,
    "post-load": bootLadder,
    address: lookLadder,
    reserve: lookLadder,
    sanitize: ["look-again", "load-again"],
    unload: ["look-again", "load-again"],
    // Its user's system runs: it is left alone.
    "pre-capture": ["look-again", "quarantine"],
    // The disk is being read. Only when no byte comes any more is it begun anew: off, network boot allowed anew, on.
    capture: ["look-again", "load-again", "quarantine"],
    "post-capture": ["look-again", "reset", "power-cycle", "quarantine"],
  },
  budget: {
    capacity: 20,
    refillMs: seconds(30),
    windowMs: minutes(5),
    suspectShare: 0.25,
    suspectAtLeast: 5,
    intervalMs: minutes(10),
  },
  blind: { retryMs: seconds(30), giveUpMs: minutes(5), atMostMs: minutes(24 * 60) },
  silentMs: minutes(3),
  abandonMs: minutes(7 * 24 * 60),
  reservation: {
    readyWithinMs: minutes(180),
    lookAgainMs: minutes(10),
    addressFreshMs: minutes(5),
    leadMs: minutes(30),
    turnaroundMs: minutes(20),
    horizonMs: minutes(60 * 24 * 60),
    warnBeforeMs: minutes(15),
    connectWithinMs: minutes(120),
    longestWaitMs: minutes(60 * 24 * 14),
    personal: { nodesAtOnce: 20, hoursAhead: 24 * 60, longestMinutes: 60 * 24 * 7 },
  },
  readiness: defaultReadiness,
};

/** The entry for an attempt; the last holds for all later ones. */
export const forAttempt = (limits: readonly Ms[], attempt: number): Ms =>
  limits[Math.min(attempt, limits.length) - 1] ?? limits.at(-1) ?? 0;
