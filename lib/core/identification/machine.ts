/** A machine as it was found in a lab: what it told of itself, when, and who it was taken for. */
import { branded, isMachineId, type LabId, type MachineId, type NodeId } from "../ids.ts";
import type { Hardware } from "../node/hardware.ts";
import type { Instant } from "../time.ts";
import { macsOf, usable } from "./identity.ts";
import type { Strategy } from "./settings.ts";
import type { Sighting } from "./sighting.ts";

/** Why a machine is held: nothing is built on it until a person, or better data, says who it is. */
export const heldReasons = ["unknown", "ambiguous", "duplicate", "moved", "replaced"] as const;
export type HeldReason = (typeof heldReasons)[number];

export type Verdict =
  | {
      readonly kind: "identified";
      readonly node: NodeId;
      readonly by: Strategy | "claim" | "rule";
      /** What it was known by. */
      readonly evidence: string;
      readonly at: Instant;
    }
  | {
      readonly kind: "held";
      readonly reason: HeldReason;
      /** In plain words, with what to do. */
      readonly why: string;
      readonly candidates: readonly NodeId[];
      readonly at: Instant;
    };

export interface FoundMachine {
  readonly id: MachineId;
  readonly lab: LabId;
  readonly version: number;
  readonly mac: string;
  readonly hardware: Hardware;
  readonly bmcAddress: string | null;
  readonly firstSeen: Instant;
  readonly lastSeen: Instant;
  /** How often it has told of itself. */
  readonly boots: number;
  readonly verdict: Verdict;
  /** A person wants to hear no more of it; if it is seen again, it is new. */
  readonly forgotten: boolean;
}

/** So many machines of one lab are held at a time: more is a mistake, or an attack. */
export const mostHeld = 200;

/**
 * The same machine has the same id: its lowest MAC and its UUID. A machine with one of them changed is another one, until
 * it is identified as the same node.
 */
export function machineIdOf({ mac, hardware }: Pick<Sighting, "mac" | "hardware">): MachineId {
  const [lowest = mac] = macsOf({ mac, hardware }).toSorted();
  const uuid = usable(hardware.system?.uuid)?.replaceAll(/[^0-9a-z]/g, "") ?? "";
  return branded(isMachineId, `m-${lowest.replaceAll(":", "")}-${uuid === "" ? "none" : uuid.slice(0, 40)}`);
}

/** What has been heard already, or older: a report that comes again, or late, changes nothing. */
export const isNews = (known: FoundMachine | null, { at }: Sighting): boolean =>
  known === null || known.forgotten || at > known.lastSeen;

/** The machine with what it told now. */
export const seenAgain = (known: FoundMachine | null, sighting: Sighting, verdict: Verdict): FoundMachine => {
  const { lab, mac, hardware, bmcAddress, at } = sighting;
  const before = known === null || known.forgotten ? null : known;
  return {
    id: machineIdOf(sighting),
    lab,
    version: (known?.version ?? 0) + 1,
    mac,
    hardware,
    bmcAddress,
    firstSeen: before?.firstSeen ?? at,
    lastSeen: at,
    boots: (before?.boots ?? 0) + 1,
    verdict,
    forgotten: false,
  };
};
