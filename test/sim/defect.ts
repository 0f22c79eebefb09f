/** Where a deliberate defect can be planted: nothing of the shipped code is changed, only what is around it. */
export interface Defect {
  readonly name: string;
  /** What is written is not compared with what was read. */
  readonly dropsVersionCheck?: true;
  /** Commands go out before the commit that makes them due. */
  readonly sendsBeforeCommit?: true;
  /** The token of a correction is taken by itself, after the transition. */
  readonly paysAfterCommit?: true;
  /** Agents take commands that are older than what they have seen. */
  readonly ignoresEpoch?: true;
  readonly skipsSync?: true;
  /** No word about a step's command is taken for its failure. */
  readonly takesTimeOutAsFailed?: true;
  /** No word about a look is taken for what it would have seen. */
  readonly takesSilenceAsSeen?: true;
  readonly forgetsTaint?: true;
  /** Nobody looks for what is due: a wake will come. */
  readonly trustsWakes?: true;
}

export const noDefect: Defect = { name: "none" };

/** By the invariants of design §7 that they break. */
export const defects: readonly Defect[] = [
  { name: "version check dropped", dropsVersionCheck: true },
  { name: "effects before commit", sendsBeforeCommit: true },
  { name: "budget token taken after commit", paysAfterCommit: true },
  { name: "epoch ignored", ignoresEpoch: true },
  { name: "fsync skipped", skipsSync: true },
  { name: "time-out taken as failed", takesTimeOutAsFailed: true },
  { name: "unanswered look taken as late", takesSilenceAsSeen: true },
  { name: "taint forgotten", forgetsTaint: true },
  { name: "wake trusted instead of due", trustsWakes: true },
];
