/**
 * What has changed in a machine since it was last taken as it is: each finding in plain words, with what it is about. More
 * than before is no drift: it is taken as it is. Pure.
 */
import type { DiskFact, Hardware, NicFact, SystemFact } from "../node/hardware.ts";
import { usable } from "./identity.ts";
import type { DriftCode } from "./settings.ts";

export interface Finding {
  readonly code: DriftCode;
  readonly message: string;
}

/** A kernel keeps some memory for itself, more or less of it from one version to the next. */
const memoryMargin = 0.97;

/** `margin`: with how much of its memory a machine still has all of it. */
export function driftOf(accepted: Hardware, seen: Hardware, margin = memoryMargin): readonly Finding[] {
  return [
    ...mainboard(accepted, seen),
    ...memory(accepted, seen, margin),
    ...(seen.cpus < accepted.cpus
      ? [finding("cpus-lost", `it has ${seen.cpus} processors, and had ${accepted.cpus}`)]
      : []),
    ...accepted.disks.flatMap((disk) => diskDrift(disk, seen.disks)),
    ...accepted.nics.flatMap((nic) => nicDrift(nic, seen.nics)),
    ...firmware(accepted, seen),
  ];
}

const finding = (code: DriftCode, message: string): Finding => ({ code, message });

const gibibytes = (mebibytes: number): string => `${Math.round((mebibytes / 1024) * 10) / 10} GiB`;

function memory(
  { memoryMiB: before }: Hardware,
  { memoryMiB: now }: Hardware,
  margin: number,
): readonly Finding[] {
  if (now >= before * margin) return [];
  const message = `it has ${gibibytes(now)} of memory, and had ${gibibytes(before)}: a memory module (DIMM) is lost, loose or switched off`;
  return [finding("memory-lost", message)];
}

const sizeText = (bytes: number): string => `${Math.round(bytes / 1e8) / 10} GB`;
const diskText = ({ name, serial }: DiskFact): string =>
  serial === undefined ? `disk ${name}` : `disk ${serial}`;

/** The same disk has the same serial number; where a disk tells none, the same name. */
const sameDisk = (one: DiskFact, other: DiskFact): boolean =>
  one.serial === undefined || other.serial === undefined
    ? one.name === other.name
    : one.serial === other.serial;

function diskDrift(disk: DiskFact, seen: readonly DiskFact[]): readonly Finding[] {
  const now = seen.find((each) => sameDisk(disk, each));
  if (now === undefined) {
    const others = seen.map(diskText).join(", ");
    const rest = others === "" ? "it has no disk" : `it has ${others}`;
    return [
      finding(
        "disk-missing",
        `${diskText(disk)} of ${sizeText(disk.sizeBytes)} is not there any more: ${rest}`,
      ),
    ];
  }
  if (now.sizeBytes >= disk.sizeBytes) return [];
  const message = `${diskText(disk)} has ${sizeText(now.sizeBytes)}, and had ${sizeText(disk.sizeBytes)}`;
  return [finding("disk-smaller", message)];
}

const nicText = ({ mac, name }: NicFact): string => (name === undefined ? mac : `${name} (${mac})`);

function nicDrift(nic: NicFact, seen: readonly NicFact[]): readonly Finding[] {
  const now = seen.find(({ mac }) => mac === nic.mac);
  if (now === undefined)
    return [finding("nic-missing", `network interface ${nicText(nic)} is not there any more`)];
  if (nic.link === "up" && now.link === "down") {
    const message = `network interface ${nicText(nic)} has no link, and had one: look at its cable and its switch port`;
    return [finding("nic-down", message)];
  }
  const slower = now.speedMbps !== undefined && nic.speedMbps !== undefined && now.speedMbps < nic.speedMbps;
  if (!slower || now.link === "down") return [];
  const message = `network interface ${nicText(nic)} runs at ${now.speedMbps} Mbit/s, and ran at ${nic.speedMbps}`;
  return [finding("nic-slower", message)];
}

function firmware({ firmware: before }: Hardware, { firmware: now }: Hardware): readonly Finding[] {
  if (before === undefined || now === undefined) return [];
  if (before.vendor === now.vendor && before.version === now.version) return [];
  const message = `its firmware is ${now.vendor} ${now.version}, and was ${before.vendor} ${before.version}`;
  return [finding("firmware-changed", message)];
}

function mainboard(before: Hardware, now: Hardware): readonly Finding[] {
  const changed = boardMarks.flatMap(([name, word]) => {
    const [was, is] = [usable(before.system?.[name]), usable(now.system?.[name])];
    return was === null || is === null || was === is ? [] : [`${word} ${is} (it was ${was})`];
  });
  if (changed.length === 0) return [];
  const same = sameParts(before, now);
  const proof = same.length === 0 ? "" : `, but still ${same.join(", ")}`;
  return [finding("mainboard-changed", `its mainboard was swapped: it has ${changed.join(" and ")}${proof}`)];
}

const boardMarks = [
  ["uuid", "UUID"],
  ["serial", "serial number"],
] as const satisfies readonly (readonly [keyof SystemFact, string])[];

/** What two reports have in common that nobody else has. */
export const sameParts = (one: Hardware, other: Hardware): readonly string[] => [
  ...sameDisks(one, other).map((serial) => `disk ${serial}`),
  ...one.nics.filter(({ mac }) => other.nics.some((nic) => nic.mac === mac)).map(({ mac }) => `MAC ${mac}`),
];

export const sameDisks = (one: Hardware, other: Hardware): readonly string[] =>
  one.disks.flatMap(({ serial }) =>
    serial !== undefined && other.disks.some((disk) => disk.serial === serial) ? [serial] : [],
  );

/** Whether its firmware says plainly that it is another machine than before. */
export const isOtherBoard = (before: Hardware, now: Hardware): boolean => mainboard(before, now).length > 0;

/** What is now taken as it is, for one kind of finding. */
export function adopted(accepted: Hardware, seen: Hardware, code: DriftCode): Hardware {
  switch (code) {
    case "mainboard-changed":
      return seen.system === undefined ? accepted : { ...accepted, system: seen.system };
    case "memory-lost":
      return { ...accepted, memoryMiB: seen.memoryMiB };
    case "cpus-lost":
      return { ...accepted, cpus: seen.cpus };
    case "disk-missing":
    case "disk-smaller":
      return { ...accepted, disks: seen.disks };
    case "nic-missing":
    case "nic-down":
    case "nic-slower":
      return { ...accepted, nics: seen.nics };
    case "firmware-changed":
      return seen.firmware === undefined ? accepted : { ...accepted, firmware: seen.firmware };
    case "machine-moved":
      return seen.lldp === undefined ? accepted : { ...accepted, lldp: seen.lldp };
  }
}

/** What the machine has more than before is taken as it is. */
export function grown(accepted: Hardware, seen: Hardware): Hardware {
  const disks = accepted.disks.map((disk) => {
    const now = seen.disks.find((each) => sameDisk(disk, each));
    return now !== undefined && now.sizeBytes >= disk.sizeBytes ? now : disk;
  });
  const nics = accepted.nics.map((nic) => {
    const now = seen.nics.find(({ mac }) => mac === nic.mac);
    return now !== undefined && nicDrift(nic, [now]).length === 0 ? now : nic;
  });
  return {
    ...seen,
    cpus: Math.max(accepted.cpus, seen.cpus),
    memoryMiB: Math.max(accepted.memoryMiB, seen.memoryMiB),
    disks: [...disks, ...seen.disks.filter((disk) => !accepted.disks.some((each) => sameDisk(each, disk)))],
    nics: [...nics, ...seen.nics.filter(({ mac }) => !accepted.nics.some((nic) => nic.mac === mac))],
    ...(accepted.firmware === undefined ? {} : { firmware: accepted.firmware }),
    ...(accepted.system === undefined ? {} : { system: { ...seen.system, ...accepted.system } }),
    ...(accepted.lldp === undefined ? {} : { lldp: accepted.lldp }),
  };
}
