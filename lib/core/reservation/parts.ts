/**
 * A cluster: one reservation whose nodes have several roles, each with an image of its own. All of it is had or nothing;
 * whoever loses a node of a role gets another one for that role. A reservation without roles has one part: itself. Pure.
 */
import type { ImageId, NodeId, RevisionId } from "../ids.ts";
import type { NodeState } from "../node/node.ts";
import type { Reservation } from "./reservation.ts";

export interface Part {
  /** `head`, `worker` … Null: the reservation has no roles. */
  readonly role: string | null;
  readonly image: ImageId;
  readonly revision: RevisionId;
  readonly count: number;
}

export const partsOf = ({
  roles,
  image,
  revision,
  count,
}: Pick<Reservation, "roles" | "image" | "revision" | "count">): readonly Part[] =>
  roles.length > 0
    ? roles.map(({ name, ...part }) => ({ role: name, ...part }))
    : [{ role: null, image, revision, count }];

/** What a node of the reservation is for. */
export function partOf(reservation: Reservation, node: NodeId): Part {
  const parts = partsOf(reservation);
  const role = reservation.roleOf[node] ?? null;
  const part = parts.find((each) => each.role === role) ?? parts[0];
  if (part === undefined) throw new Error(`reservation ${reservation.id} has no part for ${node}`);
  return part;
}

/** Some of its nodes have the image already. */
export const wants = (reservation: Reservation, { disk }: NodeState): boolean =>
  partsOf(reservation).some(({ revision }) => revision === disk.revision);

/** Roles for nodes that are claimed now, beside those that it has: first where the image is already, then as they come. */
export function assigned(
  reservation: Reservation,
  nodes: readonly NodeState[],
): Readonly<Record<string, string>> {
  if (reservation.roles.length === 0) return {};
  const roleOf: Record<string, string> = {};
  for (const node of reservation.nodes) {
    const role = reservation.roleOf[node];
    if (role !== undefined) roleOf[node] = role;
  }
  const lacks = (name: string, count: number): boolean =>
    Object.values(roleOf).filter((role) => role === name).length < count;
  const free = (node: NodeState): boolean => roleOf[node.id] === undefined;
  for (const { name, revision, count } of reservation.roles)
    for (const node of nodes)
      if (free(node) && node.disk.revision === revision && lacks(name, count)) roleOf[node.id] = name;
  for (const { name, count } of reservation.roles)
    for (const node of nodes) if (free(node) && lacks(name, count)) roleOf[node.id] = name;
  return roleOf;
}
