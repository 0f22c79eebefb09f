/** What every use-case is given. Made once per process by whoever composes it (functions/runtime, tests). */
import type { Policy } from "../core/correction/policy.ts";
import type { Modules } from "../core/provisioning/registry.ts";
import type { Clock, Ids, Log } from "../ports/clock.ts";
import type { Hands } from "../ports/hands.ts";
import type { Queue } from "../ports/queue.ts";
import type { Store } from "../ports/store.ts";
import type { Outbox } from "./outbox.ts";

export interface App {
  readonly store: Store;
  readonly queue: Queue;
  readonly hands: Hands;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly policy: Policy;
  readonly modules: Modules;
  readonly outbox: Outbox;
}

/** A version conflict is read and decided again this often; after that the message's redelivery tries later. */
export const decideAgainAtMost = 5;

/** The entity was changed by others every time: nothing is lost, whoever sent the message sends it again. */
export class Contended extends Error {
  override readonly name = "Contended";
}
