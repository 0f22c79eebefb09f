/** What programs are made of, beside the node and its job. */
import type { Policy } from "../correction/policy.ts";
import type { ImageRevision } from "../image.ts";
import type { Lab } from "../lab.ts";
import type { Reservation } from "../reservation/reservation.ts";
import type { Instant } from "../time.ts";
import type { Modules } from "./registry.ts";

/** What the engine needs to know besides the node itself. */
export interface ProgramContext {
  readonly image: ImageRevision | null;
  readonly reservation: Reservation | null;
  readonly policy: Policy;
  readonly modules: Modules;
  /** How the node's lab drives its switches, and wants its firmware set. */
  readonly lab: Pick<Lab, "switches" | "biosProfiles">;
  readonly now: Instant;
}
