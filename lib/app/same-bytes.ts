/** The same bytes may be a revision of several images: they are removed when none has them, and not while one gets them. */
import { configurationFault, type Fault } from "../core/fault.ts";
import type { Image, ImageRevision } from "../core/image.ts";
import { jobOf, type NodeState } from "../core/node/node.ts";
import { after, type Instant, latest, minutes, spanText } from "../core/time.ts";
import type { Page, Store } from "../ports/store.ts";
import type { App } from "./app.ts";

const pageSize = 100;
/** An order to remove is on a node, where it is seen, well before that. */
const orderTakesMs = minutes(20);

/** Of those, the ones whose bytes no revision has that is not collected. */
export async function withoutShared(
  { store }: App,
  open: readonly ImageRevision[],
): Promise<readonly ImageRevision[]> {
  if (open.length === 0) return [];
  const kept = new Set<string>();
  await everyRevision(store, (_, { content, collected }) => {
    if (content !== null && collected === undefined) kept.add(content.sha256);
  });
  return open.filter(({ content }) => content !== null && !kept.has(content.sha256));
}

/**
 * Whoever registers these bytes while agents are told to remove them would be left without. `images` are those that may have
 * them removed: each is written before that, so who writes them with the registration has come first, or hears of it.
 */
export async function removalOfBytes(
  { store, clock }: App,
  sha256: string,
): Promise<{ readonly fault: Fault | null; readonly images: readonly Image[] }> {
  const images = new Map<string, Image>();
  const asked: Instant[] = [];
  await everyRevision(store, (image, { content, collected }) => {
    if (content?.sha256 !== sha256 || collected === undefined) return;
    images.set(image.id, image);
    if (collected.askedAt !== null) asked.push(collected.askedAt);
  });
  const last = latest(...asked);
  if (last === null) return { fault: null, images: [...images.values()] };
  const now = clock.now();
  const node = await nodeThatRemoves(store, sha256);
  const wait = node === null ? after(last, orderTakesMs) - now : orderTakesMs;
  if (wait <= 0) return { fault: null, images: [...images.values()] };
  const who = node === null ? "lab controllers remove" : `the lab controller of node ${node} removes`;
  const message = `${who} its bytes from the image store as those of an old revision: put them there and register it again in ${spanText(wait)}`;
  return { fault: configurationFault("image-being-removed", message), images: [] };
}

async function nodeThatRemoves(store: Store, sha256: string): Promise<string | null> {
  let from: string | null = null;
  do {
    const page: Page<NodeState> = await store.list("node", pageSize, from);
    const found = page.items.find((node) =>
      [jobOf(node), ...node.waiting].some(
        (job) => job?.order?.kind === "collect" && job.order.sha256 === sha256,
      ),
    );
    if (found !== undefined) return found.id;
    from = page.next;
  } while (from !== null);
  return null;
}

async function everyRevision(
  store: Store,
  see: (image: Image, revision: ImageRevision) => void,
): Promise<void> {
  let from: string | null = null;
  do {
    const page: Page<Image> = await store.list("image", pageSize, from);
    for (const image of page.items)
      for (const revision of await store.revisions(image.id)) see(image, revision);
    from = page.next;
  } while (from !== null);
}
