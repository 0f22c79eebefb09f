/** What everything in one history shares: its time, its chance, its faults, its story, and the first broken promise. */
import { defaultPolicy, type Policy } from "../../lib/core/correction/policy.ts";
import { type Instant, instant, minutes } from "../../lib/core/time.ts";
import type { Defect } from "./defect.ts";
import { type FaultLevel, Faults } from "./faults.ts";
import { mix, type Random, random } from "./random.ts";
import { Schedule } from "./schedule.ts";

export const start: Instant = instant(1_700_000_000_000);

export interface Found {
  /** The number of the invariant in design §7; 0: a use-case threw something that nobody expects. */
  readonly invariant: number;
  readonly message: string;
  readonly at: number;
}

export interface WorldSettings {
  readonly seed: number;
  readonly level: FaultLevel;
  readonly without: ReadonlySet<string>;
  readonly defect: Defect;
  /** Keeps the story, for people. */
  readonly tells: boolean;
}

export class World {
  readonly seed: number;
  readonly schedule = new Schedule(start);
  readonly faults: Faults;
  readonly defect: Defect;
  readonly policy: Policy;
  /** By invariant: how often it was looked at. */
  readonly checks: number[] = Array.from({ length: 11 }, () => 0);
  /** Power domains that answer nobody until then. */
  readonly silentDomains = new Map<string, number>();
  readonly story: string[] | null;
  transitions = 0;
  /** Of everything that was committed, in order: equal for two runs of the same history. */
  hash = 0;
  found: Found | null = null;
  private readonly lucks = new Map<string, Random>();

  constructor({ seed, level, without, defect, tells }: WorldSettings) {
    this.seed = seed;
    this.faults = new Faults(seed, level, without);
    this.defect = defect;
    this.story = tells ? [] : null;
    // A small budget is soon spent: only then does it matter that it is kept.
    const small = this.luck("policy").chance(0.5);
    const { budget, abandonMs } = defaultPolicy;
    this.policy = {
      ...defaultPolicy,
      budget: small ? { ...budget, capacity: 2, refillMs: minutes(5) } : budget,
      // Nobody is away for days in six hours.
      abandonMs: this.luck("patience").chance(0.25) ? minutes(60) : abandonMs,
    };
  }

  get now(): Instant {
    return this.schedule.now();
  }

  /** Chance that is no fault: how long a boot takes, whom a user asks for. */
  luck(name: string): Random {
    let luck = this.lucks.get(name);
    if (luck === undefined) {
      luck = random(mix(this.seed, `luck ${name}`));
      this.lucks.set(name, luck);
    }
    return luck;
  }

  tell(text: () => string): void {
    this.story?.push(`${clock(this.now - start)}  ${text()}`);
  }

  mark(text: string): void {
    this.hash = mix(this.hash, text);
  }

  /** A promise of design §7 is looked at; the first that does not hold ends the history. */
  holds(invariant: number, itDoes: boolean, message: () => string): void {
    this.checks[invariant] = (this.checks[invariant] ?? 0) + 1;
    if (itDoes || this.found !== null) return;
    this.found = { invariant, message: message(), at: this.now - start };
    this.tell(() => `** invariant ${invariant} is broken: ${message()}`);
  }
}

function clock(ms: number): string {
  const part = (value: number, digits: number): string => String(Math.floor(value)).padStart(digits, "0");
  return `${part(ms / 3_600_000, 2)}:${part((ms / 60_000) % 60, 2)}:${part((ms / 1000) % 60, 2)}.${part(ms % 1000, 3)}`;
}
