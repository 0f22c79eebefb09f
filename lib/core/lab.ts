/** A lab: one site with its own controllers, which reach out to us and are never reached into (R52). */
import type { ControllerId, LabId } from "./ids.ts";

export interface Lab {
  readonly id: LabId;
  readonly version: number;
  readonly controllers: readonly ControllerId[];
}
