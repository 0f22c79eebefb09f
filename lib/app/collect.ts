/**
 * Old revisions are collected from the image stores: first a revision is marked, and from then on nobody can have it; then
 * each lab is asked to remove its bytes. One that is production, on a node, or promised to anybody is never marked.
 */
import { branded, isJobId, type LabId, type RevisionId } from "../core/ids.ts";
import type { Image, ImageRevision } from "../core/image.ts";
import type { Actor, NodeState } from "../core/node/node.ts";
import { outdated, revisionsOf, revisionsOn } from "../core/retention.ts";
import { isFree } from "../core/scheduling/allocate.ts";
import { after, type Instant, instant, minutes } from "../core/time.ts";
import type { Page, Write } from "../ports/store.ts";
import { advanceNode } from "./advance-node.ts";
import type { App } from "./app.ts";
import { withoutShared } from "./same-bytes.ts";
import { everyLab } from "./sweep.ts";

const by: Actor = { kind: "watchdog", name: "images" };
const atOnce = 20;
const pageSize = 100;
/** A store that has refused is asked again after that. */
const askAgainMs = minutes(24 * 60);
const farAway = instant(Number.MAX_SAFE_INTEGER);

/** Nothing hurries: an idle installation pays for few looks. */
const lookEveryMs = minutes(10);
const tickMs = minutes(1);

/** Called every minute, looks at one image every ten. */
export async function collectImages(app: App): Promise<{ marked: number; asked: number }> {
  const { store } = app;
  if (app.clock.now() % lookEveryMs >= tickMs) return { marked: 0, asked: 0 };
  const cursor = await store.read("cursor", "images");
  const page = await store.list("image", 1, cursor?.from ?? null);
  const [image] = page.items;
  const seen = { marked: 0, asked: 0 };
  if (image !== undefined) {
    seen.marked = await mark(app, image);
    // Its marking has written the image.
    const version = seen.marked === 0 ? image.version : image.version + 1;
    seen.asked = await remove(app, { ...image, version });
  }
  await store.commit([{ kind: "cursor", value: { id: "images", from: page.next }, expect: "any" }]);
  return seen;
}

async function mark(app: App, image: Image): Promise<number> {
  const now = app.clock.now();
  const old = outdated(image, await app.store.revisions(image.id), now);
  if (old.length === 0) return 0;
  const used = await revisionsInUse(app);
  const marked = old.filter(({ revision }) => !used.has(revision)).slice(0, atOnce);
  const writes = marked.map(
    (value): Write => ({
      kind: "revision",
      value: { ...value, collected: { at: now, askedAt: null, removedFrom: [] } },
      expect: "any",
    }),
  );
  // Whoever makes one of them production meanwhile writes the image too.
  const version: Write = {
    kind: "image",
    value: { ...image, version: image.version + 1 },
    expect: image.version,
  };
  if (writes.length === 0 || (await app.store.commit([version, ...writes])) === "conflict") return 0;
  for (const { revision } of marked) app.log.info("revision is collected", { image: image.id, revision });
  return marked.length;
}

async function revisionsInUse({ store }: App): Promise<ReadonlySet<RevisionId>> {
  const used = new Set<RevisionId>();
  let from: string | null = null;
  do {
    const page: Page<NodeState> = await store.list("node", pageSize, from);
    for (const node of page.items) for (const each of revisionsOn(node)) used.add(each);
    from = page.next;
  } while (from !== null);
  // Whatever reservation is not over is due some time.
  const refs = await store.due("reservations", farAway, 10_000);
  for (let first = 0; first < refs.length; first += pageSize) {
    const ids = refs.slice(first, first + pageSize).map(({ id }) => id);
    for (const each of await store.readMany("reservation", ids))
      for (const revision of revisionsOf(each)) used.add(revision);
  }
  return used;
}

/** Asks each lab once a day, by a free node's agent, until it has said that the bytes are gone. */
async function remove(app: App, image: Image): Promise<number> {
  const now = app.clock.now();
  const collected = (await app.store.revisions(image.id)).filter(
    (each) => each.collected !== undefined && isDue(each.collected.askedAt, now),
  );
  if (collected.length === 0) return 0;
  const labs: LabId[] = [];
  await everyLab(app, async ({ id }) => void labs.push(id));
  const left = (each: ImageRevision): LabId[] =>
    labs.filter((lab) => each.collected?.removedFrom.includes(lab) === false);
  const [next] = await withoutShared(
    app,
    collected.filter((each) => left(each).length > 0),
  );
  if (next === undefined || next.content === null || next.collected === undefined) return 0;
  const order = { kind: "collect", revision: next.revision, sha256: next.content.sha256 } as const;
  const value = { ...next, collected: { ...next.collected, askedAt: now } };
  const asking = await app.store.commit([
    // Whoever registers the same bytes meanwhile writes the image too.
    { kind: "image", value: { ...image, version: image.version + 1 }, expect: image.version },
    { kind: "revision", value, expect: "any" },
  ]);
  if (asking === "conflict") return 0;
  let asked = 0;
  for (const lab of left(next)) {
    const node = await freeNodeOf(app, lab);
    if (node === null) continue;
    const id = branded(isJobId, `${node.id}.collect.v${node.version}`);
    const request = {
      id,
      program: "inspect",
      target: null,
      order,
      requestedBy: by,
      requestedAt: now,
    } as const;
    await advanceNode(app, node.id, { kind: "job", request, actor: by });
    asked += 1;
  }
  return asked;
}

const isDue = (askedAt: Instant | null, now: Instant): boolean =>
  askedAt === null || after(askedAt, askAgainMs) <= now;

async function freeNodeOf({ store }: App, lab: LabId): Promise<NodeState | null> {
  let from: string | null = null;
  do {
    const page: { items: readonly { id: string }[]; next: string | null } = await store.enrolled(
      lab,
      pageSize,
      from,
    );
    const nodes = await store.readMany(
      "node",
      page.items.map(({ id }) => id),
    );
    const free = nodes.find(isFree);
    if (free !== undefined) return free;
    from = page.next;
  } while (from !== null);
  return null;
}
