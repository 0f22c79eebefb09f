/** What captures, trials and removals leave in the store, written in the transaction that ends them. */
import { branded, isRevisionId, type RevisionId } from "../core/ids.ts";
import type { ImageRevision } from "../core/image.ts";
import type { Captured } from "../core/node/draft.ts";
import { jobOf, type NodeState } from "../core/node/node.ts";
import type { Instant } from "../core/time.ts";
import type { Write } from "../ports/store.ts";
import type { App } from "./app.ts";

/** What a capture has made, to be written in the transaction that ends it. The same bytes again are the same revision. */
export async function registrationOf(
  { store }: Pick<App, "store">,
  node: NodeState,
  { job, order, content, settings }: Captured,
  base: ImageRevision | null,
  now: Instant,
): Promise<{ readonly revision: RevisionId; readonly writes: readonly Write[] }> {
  if (base === null) throw new Error(`job ${job.id} has captured a revision that is not registered`);
  const name = content === null ? job.id : content.sha256.slice(0, 12);
  const revision = branded(isRevisionId, `${order.image}:${name}`);
  const [known, image] = await Promise.all([
    store.read("revision", revision),
    store.read("image", order.image),
  ]);
  const { tried: _, captured: __, ...like } = base;
  const value: ImageRevision = {
    ...like,
    image: order.image,
    revision,
    content,
    settings: { ...base.settings, ...settings },
    registeredAt: now,
    captured: {
      node: node.id,
      job: job.id,
      from: base.revision,
      by: job.requestedBy.name,
      comment: order.comment,
    },
  };
  const retired = `captured and not made production yet: POST /v1/images/${order.image}/try, then .../production`;
  return {
    revision,
    writes: [
      ...(known === null ? [{ kind: "revision", value, expect: "absent" } as const] : []),
      ...(image === null
        ? [
            {
              kind: "image",
              value: { id: order.image, version: 1, production: revision, retired },
              expect: "absent",
            } as const,
          ]
        : []),
    ],
  };
}

/** A captured revision that another node was loaded with, and came up with: that is on record. */
export function trialOf(
  before: NodeState,
  after: NodeState,
  image: ImageRevision | null,
  now: Instant,
): Write[] {
  const { lastJob } = after;
  const isEnd = lastJob !== null && lastJob !== before.lastJob && lastJob.outcome === "done";
  if (!isEnd || lastJob.program !== "reload" || image?.captured === undefined) return [];
  const proves = after.disk.revision === image.revision && image.captured.node !== after.id;
  if (!proves || image.tried !== undefined) return [];
  return [{ kind: "revision", value: { ...image, tried: { node: after.id, at: now } }, expect: "any" }];
}

/** A lab has said that the bytes are gone: written in the transaction that ends its job. */
export async function removalOf(
  { store }: Pick<App, "store">,
  before: NodeState,
  next: NodeState,
): Promise<Write[]> {
  const order = jobOf(before)?.order;
  const { lastJob } = next;
  const isEnd = lastJob !== null && lastJob !== before.lastJob && lastJob.outcome === "done";
  if (!isEnd || order?.kind !== "collect") return [];
  const known = await store.read("revision", order.revision);
  if (known?.collected === undefined) return [];
  const removedFrom = [...new Set([...known.collected.removedFrom, next.lab])];
  const value = { ...known, collected: { ...known.collected, removedFrom } };
  return [{ kind: "revision", value, expect: "any" }];
}
