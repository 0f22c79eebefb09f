/** Queues in memory: wakes that come when they are due, and dead letters. For tests and simulation; time is passed in. */
import type { Instant } from "../../core/time.ts";
import type { DeadLetter, DeadLetters, Queue, Wake } from "../../ports/queue.ts";

/** SQS delays a message by at most this; what is due later is left to the watchdogs. */
const longestDelayMs = 900_000;

export interface MemoryQueue extends Queue {
  /** What has come by then, and is taken. */
  take(now: Instant): Wake[];
}

export function memoryQueue(): MemoryQueue {
  let waiting: { readonly wake: Wake; readonly at: number }[] = [];
  return {
    wake: async (wakes, now) => {
      for (const { group: _, ...wake } of wakes) {
        const delay = wake.due === null ? 0 : Math.max(0, Math.ceil((wake.due - now) / 1000) * 1000);
        if (delay <= longestDelayMs) waiting.push({ wake: structuredClone(wake), at: now + delay });
      }
    },
    take: (now) => {
      const ready = waiting.filter(({ at }) => at <= now).map(({ wake }) => wake);
      waiting = waiting.filter(({ at }) => at > now);
      return ready;
    },
  };
}

export function memoryDeadLetters(): DeadLetters & { readonly letters: DeadLetter[] } {
  const letters: DeadLetter[] = [];
  return {
    letters,
    reject: async (letter) => {
      letters.push({ ...letter });
    },
  };
}
