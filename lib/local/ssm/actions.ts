/** What both faces of the SSM server share: how an operation is refused, and what can be made to go wrong. */

export type Action = (input: unknown, gone: () => boolean) => unknown;
export type Actions = Readonly<Record<string, Action>>;

/** An error of the service's own kind: the client sees the type. */
export class SsmError extends Error {
  readonly type: string;
  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

/** Each is asked every time that it could happen. */
export interface SsmFaults {
  /** A message is delivered once more although it was acknowledged, and even answered. */
  duplicate: () => boolean;
  /** A reply never arrives, though the agent believes that it did. */
  loseReply: () => boolean;
  /** A reply is kept until `releaseReplies`: an agent that could not send one tries again minutes later. */
  holdReply: () => boolean;
  /**
   * The User Guide calls Delivery Timed Out a terminal state and leaves open what becomes of an answer that comes after all.
   * It counts, unless this says no.
   */
  ignoreLate: () => boolean;
  throttle: (operation: string) => boolean;
}

export const noFaults = (): SsmFaults => ({
  duplicate: () => false,
  loseReply: () => false,
  holdReply: () => false,
  ignoreLate: () => false,
  throttle: () => false,
});
