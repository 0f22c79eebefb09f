/** A controller's disk: what was appended is in its cache until it is synced, and gone with the power if it was not. */
import type { JournalDisk } from "../../lib/agent/journal-disk.ts";
import { never } from "./schedule.ts";

export interface Life {
  alive: boolean;
}

export class MemoryDisk {
  synced = "";
  cached = "";
  /** A planted defect: what should be synced is not. */
  private readonly lazy: boolean;

  constructor(lazy: boolean) {
    this.lazy = lazy;
  }

  /** The machine that it is in loses its power: some of what was not synced may be there, torn anywhere. */
  losePower(kept: number): void {
    this.cached = this.cached.slice(0, Math.floor(this.cached.length * kept));
    this.synced += this.cached;
    this.cached = "";
  }

  /** As one process sees it, for as long as it lives. `crash`: asked before and after everything that it does. */
  seenBy(life: Life, crash: () => void): JournalDisk {
    const then = async (work: () => void): Promise<void> => {
      crash();
      if (!life.alive) return never();
      work();
      crash();
      if (!life.alive) return never();
    };
    return {
      name: "the journal",
      open: async () => this.synced + this.cached,
      cut: (bytes) =>
        then(() => {
          const all = Buffer.from(this.synced + this.cached);
          if (bytes === all.length) return;
          this.synced = all.subarray(0, bytes).toString();
          this.cached = "";
        }),
      append: (text) =>
        then(() => {
          this.cached += text;
        }),
      sync: () =>
        then(() => {
          if (this.lazy) return;
          this.synced += this.cached;
          this.cached = "";
        }),
      replace: (text) =>
        then(() => {
          this.synced = text;
          this.cached = "";
        }),
      close: async () => {},
    };
  }
}
