/** Long polls: whoever waits for a machine's messages is woken when there may be one. */
export interface Waiters {
  pause(instance: string, ms: number): Promise<void>;
  wake(instance: string): void;
  /** Nobody waits any more, now or later. */
  stop(): void;
  readonly stopped: boolean;
}

export function createWaiters(): Waiters {
  const waiting = new Map<string, Set<() => void>>();
  let stopped = false;
  const wake = (instance: string): void => {
    for (const each of waiting.get(instance) ?? []) each();
  };
  return {
    pause: (instance, ms) =>
      new Promise((resolve) => {
        const set = waiting.get(instance) ?? new Set();
        waiting.set(instance, set);
        const done = () => {
          set.delete(done);
          clearTimeout(timer);
          resolve();
        };
        const timer = setTimeout(done, ms);
        set.add(done);
      }),
    wake,
    stop: () => {
      stopped = true;
      for (const instance of waiting.keys()) wake(instance);
    },
    get stopped() {
      return stopped;
    },
  };
}
