/**
 * Virtual time: what is to happen, in order. Nothing waits for a real clock. Promises that an event has set going are run to
 * their end before the next event, so that a history is one sequence and the same seed gives the same one.
 */
import type { Timers } from "../../lib/agent/timers.ts";
import { type Instant, instant } from "../../lib/core/time.ts";

interface Event {
  readonly at: number;
  readonly order: number;
  readonly call: () => void;
  cancelled: boolean;
}

/** Node's own way to empty its queue of promises: three microseconds faster than waiting for the next turn of its loop. */
const tick: unknown = Reflect.get(process, "_tickCallback");

function settlePromises(): void {
  if (typeof tick !== "function")
    throw new Error("this Node has no process._tickCallback: run on the pinned one");
  tick.call(process);
}

const earlier = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

export class Schedule {
  private readonly heap: Event[] = [];
  private order = 0;
  private time: Instant;
  events = 0;

  constructor(start: Instant) {
    this.time = start;
  }

  readonly now = (): Instant => this.time;

  /** Returns how to cancel it. */
  readonly after = (ms: number, call: () => void): (() => void) => {
    const event: Event = {
      at: this.time + Math.max(0, Math.ceil(ms)),
      order: this.order,
      call,
      cancelled: false,
    };
    this.order += 1;
    this.push(event);
    return () => {
      event.cancelled = true;
    };
  };

  readonly sleep = (ms: number): Promise<void> => new Promise((done) => this.after(ms, done));

  /** The next event and everything that follows from it at once; false when there is none up to then. */
  step(until: Instant): boolean {
    for (;;) {
      const next = this.heap[0];
      if (next === undefined || next.at > until) return false;
      this.pop();
      if (next.cancelled) continue;
      this.time = instant(next.at);
      this.events += 1;
      next.call();
      settlePromises();
      return true;
    }
  }

  private push(event: Event): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || !earlier(event, parent)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = event;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const [a, b] = [heap[left], heap[left + 1]];
      if (a === undefined) break;
      const child = b !== undefined && earlier(b, a) ? b : a;
      if (!earlier(child, last)) break;
      heap[at] = child;
      at = child === a ? left : left + 1;
    }
    heap[at] = last;
  }
}

/** Timers of something that may die: what it was waiting for never comes. */
export const mortalTimers = (schedule: Schedule, isAlive: () => boolean): Timers => ({
  after: (ms, call) =>
    schedule.after(ms, () => {
      if (isAlive()) call();
    }),
});

/** A promise that nobody will ever keep: how a process that has died answers. */
export const never = <T>(): Promise<T> => new Promise<T>(() => {});
