/** Images as the control plane knows them: an opaque id, who can install it, who looks after it once it runs. */

import type { ImageContent } from "./command.ts";
import type { PolicyOverrides } from "./correction/policy.ts";
import type { ImageId, JobId, LabId, NodeId, RevisionId } from "./ids.ts";
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
  /** Made of a node, not brought: it is tried on another one before it becomes production. */
  readonly captured?: {
    readonly node: NodeId;
    readonly job: JobId;
    /** What the node had been loaded with. */
    readonly from: RevisionId;
    readonly by: string;
    readonly comment: string;
  };
  /** The first node that was loaded with it and came up; of a captured one, another than it was made of. */
  readonly tried?: { readonly node: NodeId; readonly at: Instant };
  /** Nobody can have it any more; its bytes are removed from the image store of one lab after the other. */
  readonly collected?: {
    readonly at: Instant;
    readonly askedAt: Instant | null;
    readonly removedFrom: readonly LabId[];
  };
}

/** Null: it can be loaded. Else why nobody can have it. */
export const gone = ({ revision, collected }: ImageRevision): string | null =>
  collected === undefined ? null : `${revision} was collected from the image stores: import it again`;

/** Null: it may become production. Else what is missing. */
export const untried = ({ revision, captured, tried }: ImageRevision): string | null =>
  captured === undefined || tried !== undefined
    ? null
    : `${revision} was captured from ${captured.node} and has not been tried on another node`;

export interface Image {
  readonly id: ImageId;
  readonly version: number;
  /** What a reservation of this image gets (VCL's production revision). */
  readonly production: RevisionId;
  /** Why nobody can reserve it any more; null: everybody can. */
  readonly retired: string | null;
  /** So many of the newest revisions beside the production one are kept, and all that are younger; null: all are kept. */
  readonly keep?: { readonly revisions: number; readonly days: number } | null;
}
