/**
 * What goes wrong, and when. Every kind of fault has its own stream of chance for everything that it can befall, and every
 * fault that struck has a name: a failing history is made shorter by running it again without some of them.
 */
import { mix, type Random, random } from "./random.ts";

/** How likely each is, whenever it could strike, in a history that has it at all. */
const odds = {
  "wake-lost": 0.3,
  "wake-doubled": 0.15,
  "wake-late": 0.15,
  "report-lost": 0.12,
  "report-doubled": 0.15,
  "report-late": 0.15,
  "delivery-lost": 0.15,
  "delivery-doubled": 0.25,
  "delivery-late": 0.15,
  "send-refused": 0.1,
  "answer-lost": 0.3,
  "presence-wrong": 0.05,
  "function-dies": 0.06,
  "function-slow": 0.15,
  "store-fails": 0.06,
  "index-stale": 0.2,
  "watchdog-doubled": 0.2,
  "watchdog-skipped": 0.3,
  "controller-away": 0.02,
  "agent-dies": 0.004,
  "tool-survives": 0.5,
  "power-fails": 0.5,
  "journal-replaced": 0.2,
  "clock-stepped": 0.015,
  "bmc-ignores": 0.08,
  "bmc-lies": 0.06,
  "bmc-slow": 0.08,
  "bmc-silent": 0.08,
  "bmc-refuses-login": 0.03,
  "domain-silent": 0.01,
  "machine-hangs": 0.08,
  "machine-broken": 0.25,
  "wrong-boot-device": 0.1,
  "bad-image": 0.08,
  "machine-reboots": 0.03,
  "operator-meddles": 0.015,
  "user-ends": 0.03,
} as const;

export type FaultKind = keyof typeof odds;
const isKind = (name: string): name is FaultKind => Object.hasOwn(odds, name);
export const faultKinds: readonly FaultKind[] = Object.keys(odds).filter(isKind);

export const faultLevels = { none: 0, low: 0.15, medium: 0.4, high: 0.8 } as const;
export type FaultLevel = keyof typeof faultLevels;
export const isFaultLevel = (name: string): name is FaultLevel => Object.hasOwn(faultLevels, name);

interface Source {
  readonly chance: number;
  /** By whom it befalls. */
  readonly streams: Map<string, { readonly random: Random; drawn: number }>;
}

export class Faults {
  /** The names of those that struck, in order. */
  readonly struck: string[] = [];
  readonly counts: Partial<Record<FaultKind, number>> = {};
  /** Ends when the history is to come to rest. */
  on = true;
  private readonly seed: number;
  private readonly without: ReadonlySet<string>;
  private readonly sources = new Map<FaultKind, Source>();

  /** Each history has its own mix: some kinds not at all, others rarely or often. The level says how many and how often. */
  constructor(seed: number, level: FaultLevel, without: ReadonlySet<string>) {
    this.seed = seed;
    this.without = without;
    for (const kind of faultKinds) {
      const own = random(mix(seed, `mix ${kind}`));
      const present = own.chance(faultLevels[level]);
      const chance = odds[kind] * own.pick([0.25, 0.5, 1, 1.5]);
      if (present) this.sources.set(kind, { chance, streams: new Map() });
    }
  }

  /** Null: it does not strike. Else chance of its own, for what the fault looks like. */
  strike(kind: FaultKind, whom: string): Random | null {
    const source = this.sources.get(kind);
    if (source === undefined || !this.on) return null;
    let stream = source.streams.get(whom);
    if (stream === undefined) {
      stream = { random: random(mix(this.seed, `${kind} ${whom}`)), drawn: 0 };
      source.streams.set(whom, stream);
    }
    stream.drawn += 1;
    if (!stream.random.chance(source.chance)) return null;
    const name = `${kind} ${whom} ${stream.drawn}`;
    if (this.without.has(name)) return null;
    this.struck.push(name);
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    return random(mix(this.seed, name));
  }

  /** An action of people that may be left out likewise. */
  happens(action: string): boolean {
    if (this.without.has(action)) return false;
    this.struck.push(action);
    return true;
  }
}
