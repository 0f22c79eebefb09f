/**
 * What a machine is made of, as its people say or as it told itself, and whether that is enough for what is asked. Pure.
 */

export interface DiskFact {
  /** As the system that looked calls it: `sda`, `nvme0n1`. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly serial?: string;
}

export interface NicFact {
  readonly mac: string;
  readonly name?: string;
  readonly speedMbps?: number;
  readonly link?: "up" | "down";
}

/** What the device at the other end of a cable says of itself. */
export interface LldpNeighbour {
  /** The interface of this machine that heard it: its MAC. */
  readonly mac: string;
  readonly chassis: string;
  readonly port: string;
  readonly systemName?: string;
}

/** What the firmware tells of the machine (DMI). */
export interface SystemFact {
  readonly manufacturer?: string;
  readonly product?: string;
  readonly uuid?: string;
  readonly serial?: string;
  readonly assetTag?: string;
}

export interface Hardware {
  /** Logical processors. */
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly disks: readonly DiskFact[];
  readonly nics: readonly NicFact[];
  /** What a reservation may ask for besides numbers: `gpu`, `nvme`. */
  readonly features?: readonly string[];
  readonly firmware?: { readonly vendor: string; readonly version: string };
  readonly system?: SystemFact;
  readonly lldp?: readonly LldpNeighbour[];
}

/** What a BMC tells of its machine without anybody asking the machine: as much as it knows, in its own count. */
export interface BmcFacts {
  readonly cpus?: number;
  readonly memoryMiB?: number;
  /** The version of the machine's firmware, not of the BMC's. */
  readonly firmware?: string;
  readonly uuid?: string;
  readonly serial?: string;
}

/** As much of it as a choice between nodes needs: small enough to be kept with a node's state. */
export interface Capacity {
  readonly cpus: number;
  readonly memoryMiB: number;
  /** Of the largest disk: an image goes onto one. */
  readonly diskGiB: number;
  readonly nics: number;
  readonly features: readonly string[];
}

/** What is asked for at least; what is left out does not matter. */
export interface MinimumHardware {
  readonly cpus?: number;
  readonly memoryMiB?: number;
  readonly diskGiB?: number;
  readonly nics?: number;
  readonly features?: readonly string[];
}

const gib = 2 ** 30;

export const capacityOf = ({ cpus, memoryMiB, disks, nics, features = [] }: Hardware): Capacity => ({
  cpus,
  memoryMiB,
  diskGiB: Math.floor(Math.max(0, ...disks.map(({ sizeBytes }) => sizeBytes)) / gib),
  nics: nics.length,
  features: [...features].sort(),
});

const numbers = [
  ["cpus", "CPUs"],
  ["memoryMiB", "MiB of memory"],
  ["diskGiB", "GiB on one disk"],
  ["nics", "network interfaces"],
] as const;

/**
 * What a machine lacks of what is asked for, in words; empty: nothing. One of which nothing is known (null) lacks whatever
 * is asked for: it may be anything.
 */
export function lacking(capacity: Capacity | null, minimum: MinimumHardware): readonly string[] {
  const wanted = { features: [], ...minimum };
  return [
    ...numbers.flatMap(([name, unit]) => {
      const least = wanted[name] ?? 0;
      if (least === 0 || (capacity !== null && capacity[name] >= least)) return [];
      return [`${least} ${unit} (${capacity === null ? "not known" : `it has ${capacity[name]}`})`];
    }),
    ...wanted.features
      .filter((feature) => capacity?.features.includes(feature) !== true)
      .map((feature) => `the feature ${feature}`),
  ];
}

export const suffices = (capacity: Capacity | null, minimum: MinimumHardware): boolean =>
  lacking(capacity, minimum).length === 0;

export const meets = (hardware: Hardware | null, minimum: MinimumHardware): boolean =>
  suffices(hardware === null ? null : capacityOf(hardware), minimum);

/** What meets this meets both. */
export function strictest(a: MinimumHardware, b: MinimumHardware): MinimumHardware {
  const least = Object.fromEntries(
    numbers.flatMap(([name]) => {
      const most = Math.max(a[name] ?? 0, b[name] ?? 0);
      return most === 0 ? [] : [[name, most]];
    }),
  );
  const features = [...new Set([...(a.features ?? []), ...(b.features ?? [])])].sort();
  return { ...least, ...(features.length === 0 ? {} : { features }) };
}

/** In words, for people: `8 CPUs, 65536 MiB of memory, gpu`. Empty: nothing in particular. */
export const minimumText = (minimum: MinimumHardware): string =>
  [
    ...numbers.flatMap(([name, unit]) => {
      const least = minimum[name] ?? 0;
      return least === 0 ? [] : [`${least} ${unit}`];
    }),
    ...(minimum.features ?? []),
  ].join(", ");
