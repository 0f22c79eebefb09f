/** Waiting is a port, so that the same agent runs in a simulation's time. */
export interface Timers {
  /** Calls once, after that time, unless the returned function is called first. */
  after(ms: number, call: () => void): () => void;
}

export const realTimers: Timers = {
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};
