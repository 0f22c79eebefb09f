/** A lab: one site with its own controllers, which reach out to us and are never reached into (R52). */
import type { PolicyOverrides } from "./correction/policy.ts";
import type { IdentificationSettings } from "./identification/settings.ts";
import type { ControllerId, LabId } from "./ids.ts";
import type { BiosAttributes, NetworkWish } from "./wishes.ts";

export interface Lab {
  readonly id: LabId;
  readonly version: number;
  readonly controllers: readonly ControllerId[];
  /** Of its nodes, sorted. */
  readonly classes: readonly string[];
  /** `observe`: correction says what it would do, and does nothing. */
  readonly correction: "act" | "observe";
  readonly overrides: PolicyOverrides | null;
  /** How its machines are told apart, where the lab says so. */
  readonly identification?: IdentificationSettings;
  /** By name. A node whose switch is not among them keeps whatever network it has. */
  readonly switches: Readonly<Record<string, Switch>>;
  /** By name. */
  readonly biosProfiles: Readonly<Record<string, BiosProfile>>;
}

/** A switch, driven by an executable on the lab's controllers. */
export interface Switch {
  readonly driver: string;
  readonly address: string;
  /** For a node that is ours: while it is loaded, checked or idle. */
  readonly provisioning: NetworkWish;
  /** For a node that is handed over; what its reservation wishes comes on top. */
  readonly reserved: NetworkWish;
}

export interface BiosProfile {
  /** An executable on the lab's controllers; null: the node's power driver. */
  readonly driver: string | null;
  readonly attributes: BiosAttributes;
}
