/**
 * An image made of a node: by whom it can be asked for, of which nodes, and how it is tried on another one before it becomes
 * production (R22).
 */

import { freeKey } from "../contracts/keys.ts";
import type { ImageId, NodeId, ReservationId } from "../core/ids.ts";
import { gone, type ImageRevision } from "../core/image.ts";
import { type Actor, reservationOf } from "../core/node/node.ts";
import { isFree } from "../core/scheduling/allocate.ts";
import type { App } from "./app.ts";
import { type Accepted, knownJob, nodeJob, refuse } from "./node-job.ts";

export interface CaptureWish {
  readonly id: string;
  /** Null: the reservation's only one. */
  readonly node: NodeId | null;
  /** Null: another revision of the image that is on the node. */
  readonly image: ImageId | null;
  readonly comment: string;
}

/** Of a node that is handed over, or free: of any other nobody can say what would be captured. */
export async function captureNode(
  app: App,
  { id, node, image, comment }: CaptureWish & { readonly node: NodeId },
  actor: Actor,
  ifVersion: number | null = null,
): Promise<Accepted> {
  const state = await app.store.read("node", node);
  if (state === null) return refuse("node-unknown", `there is no node ${node}`);
  const known = await knownJob(app, { id, node, program: "capture" }, actor);
  if (known !== null) return known;
  const { provision, disk } = state;
  if (provision.state !== "in-use" && provision.state !== "available")
    return refuse(
      "node-busy",
      `node ${node} is ${provision.state}: only one that is in use or free can be captured`,
    );
  if (disk.image === null || disk.revision === null)
    return refuse("nothing-to-capture", `it is not known what node ${node} holds: load it first`);
  const base = await app.store.read("revision", disk.revision);
  const builder = app.modules.buildSystems.find(({ name }) => name === base?.buildSystem);
  if (builder?.capture === undefined)
    return refuse(
      "not-capturable",
      `build system ${base?.buildSystem ?? "(none)"} makes no images of what it has loaded`,
    );
  return nodeJob(
    app,
    {
      id,
      program: "capture",
      node,
      target: { image: disk.image, revision: disk.revision },
      capture: { image: image ?? disk.image, comment, reservation: reservationOf(state) },
    },
    actor,
    ifVersion,
  );
}

/** Of a node that is handed over to the reservation. */
export async function captureOf(
  app: App,
  reservation: ReservationId,
  wish: CaptureWish,
  actor: Actor,
): Promise<Accepted> {
  const stored = await app.store.read("reservation", reservation);
  if (stored === null) return refuse("reservation-unknown", `there is no reservation ${reservation}`);
  const [only, ...others] = stored.nodes;
  const node = wish.node ?? (others.length === 0 ? only : undefined);
  if (node === undefined)
    return refuse("which-node", `reservation ${reservation} has ${stored.nodes.length} nodes: say which one`);
  const state = await app.store.read("node", node);
  const isHis = state !== null && state.provision.state === "in-use" && reservationOf(state) === reservation;
  if (!isHis && (await app.store.read("job", wish.id)) === null)
    return refuse("not-handed-over", `${node} is not handed over to reservation ${reservation}`);
  return captureNode(app, { ...wish, node }, actor);
}

/** So many free nodes are looked at for one to try a revision on. */
const mostCandidates = 20;

/** Loads a captured revision on another node; null `node`: a free one of the class that it was captured from. */
export async function tryRevision(
  app: App,
  {
    id,
    revision: tried,
    node,
  }: { readonly id: string; readonly revision: ImageRevision; readonly node: NodeId | null },
  actor: Actor,
): Promise<Accepted & { readonly node?: NodeId }> {
  const lost = gone(tried);
  if (lost !== null) return refuse("revision-collected", lost);
  const source = tried.captured?.node ?? null;
  if (node !== null && node === source)
    return refuse("same-node", `${tried.revision} was captured from ${node}: try it on another one`);
  // Of one that was asked for before: the node that was found then.
  const before = node === null ? ((await app.store.read("job", id))?.node ?? null) : node;
  const on = before ?? (await freeBeside(app, source));
  if (on === null)
    return refuse("no-free-node", "no other node of its class is free: name one, or ask again later");
  const { image, revision } = tried;
  return nodeJob(app, { id, program: "reload", node: on, target: { image, revision } }, actor);
}

async function freeBeside(app: App, source: NodeId | null): Promise<NodeId | null> {
  const from = source === null ? null : await app.store.read("node", source);
  if (from === null) return null;
  for (const id of await app.store.pool(freeKey(from.class), mostCandidates)) {
    const each = id === source ? null : await app.store.read("node", id);
    if (each !== null && isFree(each)) return each.id;
  }
  return null;
}
