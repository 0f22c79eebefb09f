/**
 * Effects of committed decisions, gathered over a batch so that commands for one lab controller travel together. Losing
 * them is harmless: a command that was not sent is sent again at its deadline, a wake that was not sent is made up for by
 * the watchdogs (design §2).
 */
import type { Command } from "../core/command.ts";
import type { ControllerId } from "../core/ids.ts";
import type { Clock, Log } from "../ports/clock.ts";
import type { Hands } from "../ports/hands.ts";
import type { GroupedWake, Queue } from "../ports/queue.ts";

export interface Outbox {
  send(controller: ControllerId, command: Command): void;
  wake(wake: GroupedWake): void;
  /** What is to be looked at now, if it is no more than this: whoever takes it looks at it himself, and it is not sent. */
  take(most: number): readonly GroupedWake[];
  /** Sends what was gathered. Failures are logged and left to the deadlines. */
  flush(): Promise<void>;
}

export function outbox({
  hands,
  queue,
  clock,
  log,
}: {
  hands: Hands;
  queue: Queue;
  clock: Clock;
  log: Log;
}): Outbox {
  const commands = new Map<ControllerId, Command[]>();
  const wakes = new Map<string, GroupedWake>();
  return {
    send: (controller, command) => {
      const others = commands.get(controller) ?? [];
      others.push(command);
      commands.set(controller, others);
    },
    wake: (wake) => {
      // Of an entity's timers only the last one stands: the others would be dropped when they come.
      wakes.set(`${wake.entity.kind} ${wake.entity.id} ${wake.due === null ? "now" : "timer"}`, wake);
    },
    take: (most) => {
      const now = [...wakes].filter(([, { due }]) => due === null);
      if (now.length > most) return [];
      for (const [name] of now) wakes.delete(name);
      return now.map(([, wake]) => wake);
    },
    flush: async () => {
      if (commands.size === 0 && wakes.size === 0) return;
      const sending = [...commands].map(async ([controller, batch]) => {
        const sent = await hands.send(controller, batch);
        for (const each of sent) {
          if (each.sent) {
            log.info("commands sent", {
              controller,
              delivery: each.deliveryId,
              commands: batch.map(({ id }) => id),
            });
          } else {
            log.warn("commands not sent; their deadline sends them again", {
              controller,
              reason: each.reason,
            });
          }
        }
      });
      const waking = wakes.size === 0 ? [] : [queue.wake([...wakes.values()], clock.now())];
      commands.clear();
      wakes.clear();
      for (const result of await Promise.allSettled([...sending, ...waking])) {
        if (result.status === "rejected")
          log.error("effects not sent; left to the deadlines", { reason: String(result.reason) });
      }
    },
  };
}
