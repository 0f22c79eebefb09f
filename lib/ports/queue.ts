/** Messages to ourselves. A wake carries nothing but a name and, for a timer, the instant that it stands for. */

import type { Ref } from "../contracts/stored.ts";
import type { Instant } from "../core/time.ts";

export interface Wake {
  readonly entity: Ref;
  /** A timer: dropped when the entity is no longer due then. Null: look now. */
  readonly due: Instant | null;
  /** Who asks: it becomes the actor of what the look leads to. */
  readonly by: "timer" | "engine" | "watchdog";
}

/** As it is sent. It travels beside the message and is not read again. */
export interface GroupedWake extends Wake {
  /**
   * Whose turn it is at a queue that is fair: the lab of the node, or the reservation that asks. A lab in trouble, or a
   * reservation of hundreds of nodes, does not make the others wait (Amazon SQS Developer Guide, “Fair queues”).
   */
  readonly group: string;
}

export interface DeadLetter {
  readonly body: string;
  /** What is wrong, where, and what to do. */
  readonly reason: string;
  /** Of the message that it was. A message that was delivered twice may leave two letters: they have this in common. */
  readonly messageId: string;
}

export interface Queue {
  /** Wakes are sent as soon as they are due, at the latest 900 s ahead; later ones are left to the watchdogs. */
  wake(wakes: readonly GroupedWake[], now: Instant): Promise<void>;
}

export interface DeadLetters {
  reject(letter: DeadLetter): Promise<void>;
}
