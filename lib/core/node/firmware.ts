/** A node's firmware, as it was read last. */
import type { IssueId } from "../ids.ts";
import type { Instant } from "../time.ts";

export interface Bios {
  readonly profile: string;
  readonly at: Instant;
  /** Attributes that are not as the profile wants them. */
  readonly drift: readonly BiosDrift[];
  /** The open issue of the hardware log that says so. */
  readonly issue: { readonly id: IssueId; readonly openedAt: Instant } | null;
}

export interface BiosDrift {
  readonly name: string;
  readonly wanted: string | number | boolean;
  /** Null: the firmware knows no such attribute. */
  readonly found: string | number | boolean | null;
}
