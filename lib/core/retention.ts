/** Which revisions of an image are old enough to be collected from the image stores: by the image's own policy, as data. */
import type { RevisionId } from "./ids.ts";
import type { Image, ImageRevision } from "./image.ts";
import { jobOf, type NodeState } from "./node/node.ts";
import type { Reservation } from "./reservation/reservation.ts";
import { after, type Instant, minutes } from "./time.ts";

const dayMs = minutes(24 * 60);

/** The oldest first. None without a policy, none that is production or among the newest that are kept, none without bytes. */
export function outdated(
  { production, keep }: Image,
  revisions: readonly ImageRevision[],
  now: Instant,
): readonly ImageRevision[] {
  if (keep === undefined || keep === null) return [];
  const others = revisions
    .filter(({ revision, collected }) => revision !== production && collected === undefined)
    .toSorted((one, other) => other.registeredAt - one.registeredAt);
  return others
    .slice(keep.revisions)
    .filter(({ registeredAt, content }) => content !== null && after(registeredAt, keep.days * dayMs) <= now)
    .toReversed();
}

/** What the node holds, was handed over with, is being loaded with, or is to be. */
export const revisionsOn = (node: NodeState): readonly RevisionId[] =>
  [
    node.disk.revision,
    node.disk.taint?.target.revision,
    jobOf(node)?.target?.revision,
    ...node.waiting.map(({ target }) => target?.revision),
  ].filter((each) => each !== null && each !== undefined);

export const revisionsOf = ({ revision, roles }: Reservation): readonly RevisionId[] => [
  revision,
  ...roles.map((role) => role.revision),
];
