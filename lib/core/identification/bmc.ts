/**
 * What a BMC tells of its machine, held against what it told when the machine was taken as it is: found at every inspection,
 * without a boot. A BMC is compared with itself alone, since each counts in its own way. Pure.
 */
import type { BmcFacts, Hardware } from "../node/hardware.ts";
import { driftOf, type Finding } from "./drift.ts";
import type { DriftCode } from "./settings.ts";

const parts: Readonly<Partial<Record<DriftCode, readonly (keyof BmcFacts)[]>>> = {
  "mainboard-changed": ["uuid", "serial"],
  "memory-lost": ["memoryMiB"],
  "cpus-lost": ["cpus"],
  "firmware-changed": ["firmware"],
};

/** A BMC counts modules: nothing of its memory is the kernel's. */
const exactly = 1;

/** What it told then and does not tell now is not gone: some know less while their machine is off. */
export const bmcDrift = (accepted: BmcFacts, seen: BmcFacts): readonly Finding[] =>
  driftOf(hardwareOf(accepted, seen), hardwareOf(seen, accepted), exactly);

/** Of one only what the other tells as well. */
function hardwareOf(facts: BmcFacts, other: BmcFacts): Hardware {
  const { cpus = 0, memoryMiB = 0, firmware, uuid, serial } = facts;
  return {
    cpus: other.cpus === undefined ? 0 : cpus,
    memoryMiB: other.memoryMiB === undefined ? 0 : memoryMiB,
    disks: [],
    nics: [],
    ...(firmware === undefined ? {} : { firmware: { vendor: "version", version: firmware } }),
    system: { ...(uuid === undefined ? {} : { uuid }), ...(serial === undefined ? {} : { serial }) },
  };
}

/** Taken as it is now, for one kind of finding. */
export function bmcAdopted(accepted: BmcFacts, seen: BmcFacts, code: DriftCode): BmcFacts {
  const names = parts[code] ?? [];
  return {
    ...accepted,
    ...Object.fromEntries(Object.entries(seen).filter(([name]) => names.some((each) => each === name))),
  };
}

/** More than before, and what was not told before, is taken as it is. */
export const bmcGrown = (accepted: BmcFacts, seen: BmcFacts): BmcFacts => {
  const most = (name: "cpus" | "memoryMiB"): BmcFacts => {
    const [before, now] = [accepted[name] ?? 0, seen[name] ?? 0];
    return Math.max(before, now) === 0 ? {} : { [name]: Math.max(before, now) };
  };
  return { ...seen, ...accepted, ...most("cpus"), ...most("memoryMiB") };
};
