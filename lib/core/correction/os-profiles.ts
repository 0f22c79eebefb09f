/**
 * How long each operating system may take, by version and install attempt, as data (R9, R11). A profile is named by its
 * family (`linux`) or by family and version (`windows/2008`). Each stands by itself: raising one changes no other.
 */
import { type Ms, minutes } from "../time.ts";

/** The last entry holds for all later attempts. */
export type ByAttempt = readonly Ms[];

export interface OsProfile {
  readonly firmware: ByAttempt;
  readonly kernel: ByAttempt;
  /** Of Windows, this is Sysprep's mini-setup, with the boots that it needs. */
  readonly init: ByAttempt;
  /** From “it runs” until its control channel answers; without it, `defaultChannelMs`. */
  readonly channel?: ByAttempt;
  /** All of it, however lively; without it, the policy's `osOverallMs`. */
  readonly overall?: ByAttempt;
}

export type OsProfiles = Readonly<Record<string, OsProfile>>;
/** What a lab or an image may say: only what is different. */
export type OsProfileChanges = Readonly<Record<string, Partial<OsProfile>>>;

/** Services that start late are up by then, and it is well within what a command may run. */
export const defaultChannelMs = minutes(2);

const familyOf = (profile: string): string => profile.split("/")[0] ?? profile;

export const profileName = (family: string, version: string | null): string =>
  version === null ? family : `${family}/${version}`;

/** A version that nobody has measured is taken for its family's usual one; null: not even the family is known. */
export const profileOf = (profiles: OsProfiles, family: string, version: string | null): OsProfile | null =>
  profiles[profileName(family, version)] ?? profiles[family] ?? null;

/** A version that had no profile begins with its family's; one that has neither is taken only whole. */
export function withChanges(profiles: OsProfiles, changes: OsProfileChanges): OsProfiles {
  const changed = Object.entries(changes).map(([name, change]) => {
    const base = profiles[name] ?? profiles[familyOf(name)] ?? anyOs;
    return [name, { ...base, ...change }] as const;
  });
  return { ...profiles, ...Object.fromEntries(changed) };
}

/** “Ten minutes in kernel: it hung” is Chiba City's own rule (R70); a second attempt gets more time. */
const anyOs: OsProfile = {
  firmware: [minutes(10)],
  kernel: [minutes(10), minutes(15)],
  init: [minutes(20), minutes(40)],
};

/**
 * Mini-setup is what takes Windows so long: VCL waits 30 minutes for it. A computer that detects all its devices anew on
 * slow disks takes longer, and a second attempt is given half as much again. The overall limit covers three boots.
 */
const windows = (miniSetupMinutes: number): OsProfile => ({
  firmware: [minutes(10)],
  kernel: [minutes(10), minutes(15)],
  init: [minutes(miniSetupMinutes), minutes(1.5 * miniSetupMinutes)],
  channel: [minutes(4)],
  overall: [minutes(3 * 10 + 2 * miniSetupMinutes), minutes(3 * 10 + 3 * miniSetupMinutes)],
});

export const defaultOsProfiles: OsProfiles = {
  linux: {
    firmware: [minutes(10)],
    kernel: [minutes(10), minutes(15)],
    init: [minutes(10), minutes(20)],
  },
  generic: anyOs,
  windows: windows(30),
  "windows/xp": windows(15),
  "windows/2003": windows(15),
  "windows/vista": windows(40),
  "windows/2008": windows(40),
  "windows/7": windows(30),
  "windows/2012": windows(30),
  "windows/10": windows(30),
  "windows/2016": windows(45),
  "windows/2019": windows(30),
  "windows/11": windows(30),
  "windows/2022": windows(30),
  "windows/2025": windows(30),
};
