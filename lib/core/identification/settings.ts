/** How a lab's machines are told apart, as data: docs/identification.md. */
import type { NodeId } from "../ids.ts";
import type { MinimumHardware } from "../node/hardware.ts";

/** What a machine says of itself: it stays the same wherever the machine stands. */
export const intrinsicStrategies = ["mac", "uuid", "serial", "asset-tag"] as const;
/** Where it stands: whatever is there now has it. */
export const positionalStrategies = ["bmc-address", "switch-port"] as const;
export const strategies = [...intrinsicStrategies, ...positionalStrategies, "order"] as const;
export type Strategy = (typeof strategies)[number];

/** A machine that nobody knows becomes a new node of a class, if its hardware is as the rule says. */
export interface ClaimRule {
  readonly name: string;
  readonly minimum: MinimumHardware;
  /** The beginning of what its firmware calls it. */
  readonly manufacturer?: string;
  readonly product?: string;
  readonly class: string;
  readonly tags: readonly string[];
  /** With {mac}, {serial} or {uuid} in it. */
  readonly nodeName: string;
  /** With {bmc} for the address that the machine tells of its BMC. */
  readonly power: {
    readonly driver: string;
    readonly address: string;
    readonly credential: string;
  };
}

export const driftCodes = [
  "mainboard-changed",
  "memory-lost",
  "cpus-lost",
  "disk-missing",
  "disk-smaller",
  "nic-missing",
  "nic-down",
  "nic-slower",
  "firmware-changed",
  "machine-moved",
] as const;
export type DriftCode = (typeof driftCodes)[number];
export const isDriftCode = (code: string): code is DriftCode => driftCodes.some((each) => each === code);

/** `block`: nobody gets the node until a person has looked; `log`: it stands in its hardware log; `ignore`: taken as it is. */
export type DriftAnswer = "block" | "log" | "ignore";

export interface IdentificationSettings {
  /** The first that knows a machine decides. */
  readonly strategies: readonly Strategy[];
  /** Nodes that machines nobody knows become, in the order of their appearance. */
  readonly order: readonly NodeId[];
  readonly rules: readonly ClaimRule[];
  /** A machine that becomes a node is tested for so long before anybody gets it; left out: it is not. */
  readonly burnIn?: { readonly minutes: number; readonly test: string | null };
  /** What differs from the usual answers. */
  readonly drift: Readonly<Partial<Record<DriftCode, DriftAnswer>>>;
}

export const defaultIdentification: IdentificationSettings = {
  strategies,
  order: [],
  rules: [],
  drift: {},
};

const usualAnswers: Readonly<Record<DriftCode, DriftAnswer>> = {
  "mainboard-changed": "block",
  "memory-lost": "block",
  "cpus-lost": "block",
  "disk-missing": "block",
  "disk-smaller": "block",
  "nic-missing": "block",
  "nic-down": "log",
  "nic-slower": "log",
  "firmware-changed": "log",
  "machine-moved": "block",
};

export const answerTo = ({ drift }: IdentificationSettings, code: DriftCode): DriftAnswer =>
  drift[code] ?? usualAnswers[code];
