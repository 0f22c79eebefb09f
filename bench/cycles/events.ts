/** Follows the event bus as a portal would, which costs the API nothing: reads what is appended to the stack's file of events. */
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import * as z from "zod";

const told = z.looseObject({
  detail: z.looseObject({ type: z.string(), reservation: z.string().nullable() }),
});

const lookEveryMs = 10;

export interface EventFollower {
  /** Resolves when it was told of the reservation; an event of an earlier moment counts. */
  until(reservation: string, type: string): Promise<void>;
  /** How many of each type there were. */
  counts(): Readonly<Record<string, number>>;
  stop(): void;
}

export function followEvents(file: string): EventFollower {
  const seen = new Set<string>();
  const waiting = new Map<string, () => void>();
  const counts: Record<string, number> = {};
  let at = 0;
  let rest = "";

  function look(): void {
    if (!existsSync(file)) return;
    const handle = openSync(file, "r");
    try {
      const chunk = Buffer.alloc(1024 * 1024);
      for (;;) {
        const bytes = readSync(handle, chunk, 0, chunk.length, at);
        if (bytes === 0) return;
        at += bytes;
        const lines = `${rest}${chunk.toString("utf8", 0, bytes)}`.split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) hear(line);
      }
    } finally {
      closeSync(handle);
    }
  }
  function hear(line: string): void {
    const { type, reservation } = told.parse(JSON.parse(line)).detail;
    counts[type] = (counts[type] ?? 0) + 1;
    if (reservation === null || !type.startsWith("reservation.")) return;
    const key = `${reservation} ${type}`;
    seen.add(key);
    waiting.get(key)?.();
    waiting.delete(key);
  }

  const timer = setInterval(look, lookEveryMs);
  return {
    until: (reservation, type) => {
      const key = `${reservation} ${type}`;
      if (seen.has(key)) return Promise.resolve();
      return new Promise((resolve) => waiting.set(key, resolve));
    },
    counts: () => ({ ...counts }),
    stop: () => clearInterval(timer),
  };
}
