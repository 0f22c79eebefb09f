/** Old revisions go from the image stores by their image's policy, and never one that anybody has or is to get. */
import { expect, test } from "vitest";
import { tryRevision } from "../../lib/app/capture.ts";
import { collectImages } from "../../lib/app/collect.ts";
import { changeImage, registerImage } from "../../lib/app/register-image.ts";
import { branded, isImageId } from "../../lib/core/ids.ts";
import { jobOf } from "../../lib/core/node/node.ts";
import { after, instant } from "../../lib/core/time.ts";
import type { Store } from "../../lib/ports/store.ts";
import { MemoryLab } from "./lab.ts";

const demo = branded(isImageId, "demo");
const dayMs = 86_400_000;
const lookEveryMs = 600_000;
const shaOf = (letter: string): string => letter.repeat(64);
const nameOf = (letter: string): string => `demo:${letter.repeat(12)}`;
const grace = { kind: "operator", name: "grace" } as const;

/** `demo:bbb…` and `demo:ccc…` beside the first one; the last is production. All but one are kept for a day. */
async function lab(nodes = 2): Promise<MemoryLab> {
  const made = await new MemoryLab().open(nodes);
  for (const letter of ["b", "c"])
    await registerImage(made.app, {
      id: demo,
      buildSystem: "netboot-image",
      osModule: "linux",
      sha256: shaOf(letter),
      sizeBytes: 1000,
    });
  await changeImage(made.app, "demo", { keep: { revisions: 0, days: 1 } }, null);
  return made;
}
const later = (made: MemoryLab): void => {
  made.now = after(made.now, 2 * dayMs);
};
const removed = (made: MemoryLab): string[] =>
  made.hands.deliveries.flatMap(({ commands }) =>
    commands.flatMap(({ actions }) =>
      actions.flatMap((each) => (each.verb === "image.remove" ? [each.sha256] : [])),
    ),
  );
/** The watchdog's ticks, one by one, and all that comes of them. */
async function collect(made: MemoryLab, ticks = 6): Promise<void> {
  for (let tick = 0; tick < ticks; tick += 1) {
    made.now = instant(Math.ceil(made.now / lookEveryMs) * lookEveryMs);
    await collectImages(made.app);
    await made.app.outbox.flush();
    await made.until(async () =>
      (await made.nodes()).every(({ provision }) => !("job" in provision) || provision.job === null),
    );
  }
}
const revision = async (made: MemoryLab, letter: string) => {
  const found = await made.store.read("revision", nameOf(letter));
  if (found === null) throw new Error(`no revision ${letter}`);
  return found;
};

test("nothing is collected before it is old; then the lab's store has removed it, and the revision says so", async () => {
  const made = await lab();
  await collect(made, 2);
  expect(removed(made)).toEqual([]);
  later(made);
  await collect(made);
  expect((await revision(made, "b")).collected).toMatchObject({ removedFrom: ["blue"] });
  expect((await revision(made, "c")).collected).toBeUndefined();
  expect(removed(made).toSorted()).toEqual(["ab".repeat(32), shaOf("b")]);
  expect((await made.nodes()).map(({ provision }) => provision.state)).toEqual(["available", "available"]);
});

test("a revision that a node holds, or that a reservation is to get, stays until nobody has it", async () => {
  const made = await lab();
  await changeImage(made.app, "demo", { production: (await revision(made, "b")).revision }, null);
  await made.reserve("res-1", 1, 24 * 60 * 10);
  await made.until(made.isIn("res-1", "reserved"));
  await changeImage(made.app, "demo", { production: (await revision(made, "c")).revision }, null);
  later(made);
  await collect(made);
  expect((await revision(made, "b")).collected).toBeUndefined();
  expect(removed(made)).toEqual(["ab".repeat(32)]);
});

test("what was collected can be neither tried nor loaded; imported again it is as it was", async () => {
  const made = await lab();
  later(made);
  await collect(made);
  const collected = await revision(made, "b");
  expect(await tryRevision(made.app, { id: "try-1", revision: collected, node: null }, grace)).toMatchObject({
    ok: false,
    fault: { code: "revision-collected" },
  });
  const again = {
    id: demo,
    buildSystem: "netboot-image",
    osModule: "linux",
    sha256: shaOf("b"),
    sizeBytes: 1000,
  };
  made.now = after(made.now, dayMs / 24);
  expect(await registerImage(made.app, again)).toMatchObject({ ok: true });
  expect((await revision(made, "b")).collected).toBeUndefined();
  expect((await made.store.read("image", "demo"))?.keep).toEqual({ revisions: 0, days: 1 });
});

test("bytes that another image has, too, are left where they are", async () => {
  const made = await lab();
  const other = { id: branded(isImageId, "other"), buildSystem: "netboot-image", osModule: "linux" };
  await registerImage(made.app, { ...other, sha256: shaOf("b"), sizeBytes: 1000 });
  later(made);
  await collect(made);
  expect((await revision(made, "b")).collected).toMatchObject({ removedFrom: [] });
  expect(removed(made)).not.toContain(shaOf("b"));
});

const bytesOf = (letter: string) => ({
  buildSystem: "netboot-image",
  osModule: "linux",
  sha256: shaOf(letter),
  sizeBytes: 1000,
});
const beingRemoved = { ok: false, fault: { class: "configuration", code: "image-being-removed" } };

test("bytes that an agent is about to remove are registered by nobody, under no image, until that is over", async () => {
  const made = await lab();
  later(made);
  await collect(made, 1);
  // The order is out, and nothing of it is done: `ab…` or `b…`, whichever was first.
  made.now = instant(Math.ceil((made.now + 1) / lookEveryMs) * lookEveryMs);
  await collectImages(made.app);
  const order = (await made.nodes())
    .map((node) => jobOf(node)?.order ?? null)
    .find((each) => each?.kind === "collect");
  if (order?.kind !== "collect") throw new Error("nothing is being removed");
  const again = { ...bytesOf("b"), sha256: order.sha256 };
  const other = { ...again, id: branded(isImageId, "other") };
  expect(await registerImage(made.app, { ...again, id: demo })).toMatchObject(beingRemoved);
  expect(await registerImage(made.app, other)).toMatchObject(beingRemoved);
  expect(await made.store.read("image", "other")).toBeNull();
  // A job may be kept waiting for long: as long as a node has it, it may be done any moment.
  made.now = after(made.now, dayMs / 2);
  expect(await registerImage(made.app, other)).toMatchObject({
    ok: false,
    fault: { message: expect.stringContaining("of node node-") },
  });
  await made.app.outbox.flush();
  await made.until(async () => (await made.nodes()).every((node) => jobOf(node) === null));
  made.now = after(made.now, dayMs / 2);
  expect(await registerImage(made.app, other)).toMatchObject({ ok: true });
});

test("who registers the same bytes in the moment in which their removal is decided is first, and it is not done", async () => {
  const made = await lab();
  later(made);
  made.now = instant(Math.ceil(made.now / lookEveryMs) * lookEveryMs);
  const other = branded(isImageId, "other");
  const { store } = made.app;
  let registered = false;
  const late: Store = {
    ...store,
    commit: async (writes) => {
      const asks = writes.some(
        ({ kind, value }) => kind === "revision" && "collected" in value && value.collected?.askedAt != null,
      );
      if (asks && !registered) {
        registered = true;
        for (const letter of ["ab", "b"])
          await registerImage(made.app, {
            ...bytesOf(letter),
            sha256: letter.repeat(64 / letter.length),
            id: other,
          });
      }
      return store.commit(writes);
    },
  };
  expect((await collectImages({ ...made.app, store: late })).asked).toBe(0);
  expect(registered).toBe(true);
  await collect(made);
  expect(removed(made)).toEqual([]);
});

test("a store that refuses harms no node: the job says why, and it is asked again the next day, not before", async () => {
  const made = await lab(1);
  later(made);
  const fault = { class: "configuration", code: "image-store-refuses", message: "allow it DELETE" } as const;
  made.fails = (verb) => (verb === "image.remove" ? fault : null);
  await collect(made);
  const [node] = await made.nodes();
  expect(node?.provision.state).toBe("available");
  expect(node?.lastJob).toMatchObject({ outcome: "failed", fault: { message: "allow it DELETE" } });
  const asked = removed(made).length;
  await collect(made);
  expect(removed(made)).toHaveLength(asked);
  made.fails = () => null;
  later(made);
  await collect(made);
  expect((await revision(made, "b")).collected).toMatchObject({ removedFrom: ["blue"] });
});
