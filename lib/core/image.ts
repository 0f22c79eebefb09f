/** Images as the control plane knows them: an opaque id, who can install it, who looks after it once it runs. */

import type { ImageContent } from "./command.ts";
import type { PolicyOverrides } from "./correction/policy.ts";
import type { ImageId, RevisionId } from "./ids.ts";
import type { MinimumHardware } from "./node/hardware.ts";
import type { Instant } from "./time.ts";

export interface ImageRevision {
  readonly image: ImageId;
  readonly revision: RevisionId;
  /** Who puts it on a disk: a name in lib/core/provisioning/registry.ts. */
  readonly buildSystem: string;
  /** Who owns everything after the bits are down: a name in the same registry. */
  readonly osModule: string;
  /** Which version of its operating system, for those whose time-outs differ (`2008`); without it, the family's own. */
  readonly osVersion?: string;
  /** The bytes of a disk; null: the build system has them from elsewhere. */
  readonly content: ImageContent | null;
  /** What else its build system wants to know. Opaque to everybody else (R86). */
  readonly settings: Readonly<Record<string, string>>;
  /** What a machine must at least have for it; left out: any will do. */
  readonly minimum?: MinimumHardware;
  /** How long its operating system takes, where it differs from others. */
  readonly overrides: PolicyOverrides | null;
  readonly registeredAt: Instant;
}

export interface Image {
  readonly id: ImageId;
  readonly version: number;
  /** What a reservation of this image gets (VCL's production revision). */
  readonly production: RevisionId;
  /** Why nobody can reserve it any more; null: everybody can. */
  readonly retired: string | null;
}
