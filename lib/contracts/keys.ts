/** Where everything that is stored lies in the table, and in which of its indexes. */
import type { Reservation } from "../core/reservation/reservation.ts";
import { isFree } from "../core/scheduling/allocate.ts";
import { type Instant, instant } from "../core/time.ts";
import type { Kind, Stored } from "./stored.ts";

export interface Key {
  readonly pk: string;
  readonly sk: string;
}

/** Where an entity lives. What is read together with a node lies beside it. */
const keys: { readonly [K in Kind]: (value: Stored[K]) => Key } = {
  node: ({ id }) => keyOf("node", id),
  "node-spec": ({ id }) => keyOf("node-spec", id),
  progress: ({ node }) => keyOf("progress", node),
  console: ({ node }) => keyOf("console", node),
  reservation: ({ id }) => keyOf("reservation", id),
  lab: ({ id }) => keyOf("lab", id),
  controller: ({ id }) => keyOf("controller", id),
  cursor: ({ id }) => keyOf("cursor", id),
  lease: ({ lab, domain }) => keyOf("lease", leaseId(lab, domain)),
  budget: ({ lab }) => keyOf("budget", lab),
  image: ({ id }) => keyOf("image", id),
  revision: ({ revision }) => keyOf("revision", revision),
  machine: ({ id, lab }) => keyOf("machine", machineKey(lab, id)),
  lookup: ({ id }) => keyOf("lookup", id),
  "node-hardware": ({ node }) => keyOf("node-hardware", node),
  "node-bmc": ({ node }) => keyOf("node-bmc", node),
  issue: ({ node, id }) => ({ pk: `node#${node}`, sk: `issue#${id}` }),
  job: ({ id }) => keyOf("job", id),
  project: ({ id }) => keyOf("project", id),
  person: ({ id }) => keyOf("person", id),
  block: ({ id }) => keyOf("block", id),
  mac: ({ mac: address }) => keyOf("mac", address),
  identity: ({ id }) => keyOf("identity", id),
  inventory: ({ lab }) => keyOf("inventory", lab),
  calendar: ({ node, period }) => keyOf("calendar", calendarId(node, period)),
  experience: ({ id }) => keyOf("experience", id),
  stock: ({ id }) => keyOf("stock", id),
  timeline: ({ entity, sequence }) => timelineKey(entity.kind, entity.id, sequence),
};

/** A node's booked time, one item per period. */
export const calendarId = (node: string, period: number): string => `${node}#${period}`;

/** Of an image on nodes of a class. */
export const experienceId = (nodeClass: string, image: string): string => `${nodeClass}#${image}`;

/** A found machine is known within its lab: one that was moved is found again. */
export const machineKey = (lab: string, machine: string): string => `${lab}#${machine}`;

/** Where the machines of a lab begin in the list of all, those that are held first. */
export const machinesOf = (lab: string, state: "held" | "identified" | "" = ""): string => `${lab}#${state}`;

/** A power domain is known within its lab. */
export const leaseId = (lab: string, domain: string): string => `${lab}#${domain}`;

/** Kinds that are found by one id. */
export type Identified = Exclude<Kind, "timeline" | "issue">;

export function keyOf(kind: Identified, id: string): Key {
  switch (kind) {
    case "node":
      return { pk: `node#${id}`, sk: "state" };
    case "node-spec":
      return { pk: `node#${id}`, sk: "spec" };
    case "node-hardware":
      return { pk: `node#${id}`, sk: "hardware" };
    case "node-bmc":
      return { pk: `node#${id}`, sk: "bmc" };
    case "progress":
      return { pk: `node#${id}`, sk: "progress" };
    case "console":
      return { pk: `node#${id}`, sk: "console" };
    case "lab":
      return { pk: `lab#${id}`, sk: "lab" };
    case "revision":
      // Beside its image, which its name begins with: all revisions of an image are one query.
      return { pk: `image#${id.slice(0, id.lastIndexOf(":"))}`, sk: revisionKey(id) };
    case "budget":
      return { pk: `lab#${id}`, sk: "budget" };
    case "inventory":
      return { pk: `lab#${id}`, sk: "inventory" };
    default:
      return { pk: `${kind}#${id}`, sk: kind };
  }
}

export const revisionKey = (id: string): string => `revision#${id}`;

/** Sorts as text in the order of the numbers. */
const padded = (number: number): string => String(number).padStart(15, "0");

export const timelineKey = (kind: "node" | "reservation", id: string, sequence: number): Key => ({
  pk: `${kind}#${id}`,
  sk: `timeline#${padded(sequence)}`,
});

export const keyOfValue = <K extends Kind>(kind: K, value: Stored[K]): Key => keys[kind](value);

export interface IndexKeys {
  readonly due: Key | null;
  readonly pool: Key | null;
  readonly list: Key | null;
  readonly owner: Key | null;
}

/** So many partitions per lab: one takes a thousand writes a second, which a lab of ten thousand nodes may need. */
export const dueShards = 4;

const shardOf = (id: string): number => {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return sum % dueShards;
};

export const dueKey = (scope: string, shard: number): string => `due#${scope}#${shard}`;
/** The instant that a key of the index begins with. */
export const dueIn = (sk: string): Instant => instant(Number.parseInt(sk, 10));

export const freeKey = (nodeClass: string): string => `free#${nodeClass}`;
export const classKey = (nodeClass: string): string => `class#${nodeClass}`;
export const lineKey = (nodeClass: string): string => `line#${nodeClass}`;

export const labNodesKey = (lab: string): string => `nodes-of#${lab}`;

/** What somebody has of a kind. */
export const ownerKey = (kind: "reservation" | "block", owner: string): string =>
  kind === "reservation" ? `owner#${owner}` : `${kind}s-of#${owner}`;

/** Behind every instant. */
const lastInstant = 999_999_999_999_999;

/** What goes on comes first, in the order of its coming; then what is over, the latest first: the first page is what people ask for. */
const standing = ({ state, createdAt, id }: Reservation): string =>
  state === "complete" || state === "failed"
    ? `1#${padded(lastInstant - createdAt)}#${id}`
    : `0#${padded(createdAt)}#${id}`;

/** Waits for nodes: it stands in line. */
const inLine = ({ state, nodes, count }: Reservation): boolean =>
  state === "new" || (state === "loading" && nodes.length < count);

/** Whoever has still to be placed comes first: those behind him wait for that. Then all in the order of their coming. */
const turnOf = ({ placed, count, passed }: Reservation): number => (passed || placed.length >= count ? 1 : 0);

const none: IndexKeys = { due: null, pool: null, list: null, owner: null };

const indexes: { readonly [K in Kind]: (value: Stored[K]) => IndexKeys } = {
  node: (node) => ({
    due:
      node.due === null
        ? null
        : { pk: dueKey(node.lab, shardOf(node.id)), sk: `${padded(node.due)}#${node.id}` },
    pool: isFree(node) ? { pk: freeKey(node.class), sk: `${padded(node.lastUsedAt)}#${node.id}` } : null,
    list: { pk: "node", sk: node.id },
    owner: null,
  }),
  reservation: (each) => ({
    due:
      each.due === null
        ? null
        : { pk: dueKey("reservations", shardOf(each.id)), sk: `${padded(each.due)}#${each.id}` },
    pool: inLine(each)
      ? { pk: lineKey(each.class), sk: `${turnOf(each)}#${padded(each.createdAt)}#${each.id}` }
      : null,
    list: { pk: "reservation", sk: standing(each) },
    owner: { pk: ownerKey("reservation", each.owner), sk: standing(each) },
  }),
  lab: ({ id }) => ({ ...none, list: { pk: "lab", sk: id } }),
  block: ({ id, owner }) => ({
    ...none,
    list: { pk: "block", sk: id },
    owner: { pk: ownerKey("block", owner), sk: id },
  }),
  project: ({ id }) => ({ ...none, list: { pk: "project", sk: id } }),
  image: ({ id }) => ({ ...none, list: { pk: "image", sk: id } }),
  issue: (issue) =>
    issue.state === "open"
      ? { ...none, list: { pk: "issue", sk: `${padded(issue.openedAt)}#${issue.id}` } }
      : none,
  machine: ({ lab, id, forgotten, firstSeen, verdict }) =>
    forgotten
      ? none
      : {
          ...none,
          list: { pk: "machine", sk: `${machinesOf(lab, verdict.kind)}#${padded(firstSeen)}#${id}` },
        },
  lookup: () => none,
  "node-hardware": () => none,
  "node-bmc": () => none,
  "node-spec": ({ id, lab, class: nodeClass }) => ({
    ...none,
    pool: { pk: classKey(nodeClass), sk: id },
    list: { pk: labNodesKey(lab), sk: id },
  }),
  calendar: () => none,
  progress: () => none,
  console: () => none,
  budget: () => none,
  controller: () => none,
  lease: () => none,
  cursor: () => none,
  revision: () => none,
  job: () => none,
  mac: () => none,
  identity: () => none,
  inventory: () => none,
  timeline: () => none,
  experience: () => none,
  stock: () => none,
  person: () => none,
};

export const indexesOf = <K extends Kind>(kind: K, value: Stored[K]): IndexKeys => indexes[kind](value);
