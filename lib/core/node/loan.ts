/** A node that is somebody's for a while, beside all reservations. */
import type { Instant } from "../time.ts";

/** A node that is lent: only a person, or a project, can reserve it. */
export interface Loan {
  /** An owner of reservations, or a project. */
  readonly to: string;
  /** Whoever asks after this is anybody again; null: until it is given back. */
  readonly until: Instant | null;
  readonly reason: string;
}
