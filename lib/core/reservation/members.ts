/**
 * The nodes of one reservation find each other: when all of them are ready, each is told where the others are. Looked at
 * whenever the reservation is; a node that was replaced has all of them told anew. Pure.
 */
import type { NodeState } from "../node/node.ts";
import { partOf } from "./parts.ts";
import type { Member, Reservation } from "./reservation.ts";

/** A larger set is no cluster of machines that know each other by name; who wants it all the same asks the API. */
export const mostMembers = 64;

/** Of nodes that are all ready; empty: there is nobody to be told of. */
export const membersOf = (reservation: Reservation, nodes: readonly NodeState[]): readonly Member[] =>
  nodes.length < 2 || nodes.length > mostMembers
    ? []
    : nodes.flatMap(({ id, address }) =>
        address === null ? [] : [{ node: id, role: partOf(reservation, id).role, address: address.value }],
      );

export const isSame = (one: readonly Member[], other: readonly Member[]): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

export const isIntroduced = ({ membersAt }: Reservation, { provision }: NodeState): boolean =>
  provision.state === "in-use" && provision.introducedAt === membersAt;
