/** A lab: one site with its own controllers, which reach out to us and are never reached into (R52). */
import type { PolicyOverrides } from "./correction/policy.ts";
import type { IdentificationSettings } from "./identification/settings.ts";
import type { ControllerId, LabId } from "./ids.ts";

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
}
