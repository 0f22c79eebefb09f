/** The hands: lab controllers that reach out to us. Sending is at least once and says nothing about what was done. */
import type { Receipt } from "../contracts/command.ts";
import type { Command } from "../core/command.ts";
import type { ControllerId } from "../core/ids.ts";

export type Sent =
  | { readonly sent: true; readonly deliveryId: string }
  /** Surely not delivered: throttled, or the controller is not registered. */
  | { readonly sent: false; readonly reason: string };

export interface Hands {
  /** At most 50 commands of one lab controller in one delivery; more are split. */
  send(controller: ControllerId, commands: readonly Command[]): Promise<readonly Sent[]>;

  /** Those of them that have been heard of lately. Slow to notice, so nothing that must be certain hangs on it. */
  present(controllers: readonly ControllerId[]): Promise<ReadonlySet<ControllerId>>;

  /** What a controller has answered to its latest deliveries: the way round a reports queue that is lost. */
  answers(controller: ControllerId): Promise<readonly Receipt[]>;
}
