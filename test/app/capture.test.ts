import { expect, test } from "vitest";
import { captureOf, tryRevision } from "../../lib/app/capture.ts";
import { changeImage, registerImage } from "../../lib/app/register-image.ts";
import { branded, isImageId, isJobId, isNodeId, isReservationId } from "../../lib/core/ids.ts";
import { untried } from "../../lib/core/image.ts";
import { MemoryLab } from "./lab.ts";

const actor = { kind: "operator", name: "grace" } as const;
const made = "course:cdcdcdcdcdcd";
const first = branded(isNodeId, "node-01");

/** A reservation with a node that its user was in. */
async function used(nodes = 2): Promise<MemoryLab> {
  const lab = await new MemoryLab().open(nodes);
  await lab.reserve("res-1", 1);
  await lab.until(lab.isIn("res-1", "reserved"));
  const node = await lab.store.read("node", first);
  if (node === null) throw new Error("there is no node-01");
  lab.logIn(node);
  await lab.until(lab.isIn("res-1", "in-use"));
  return lab;
}

const stateOf = async (lab: MemoryLab, node: string) => (await lab.store.read("node", node))?.provision.state;
const capture = (lab: MemoryLab, id = "capture-1") =>
  lab.job({ kind: "capture", id, node: "node-01", image: "course", comment: "a compiler" });
const ended = (lab: MemoryLab, id: string) => async () =>
  (await lab.store.read("job", branded(isJobId, id)))?.state !== "accepted";

test("a capture registers a revision with where it is from; nobody can reserve it before it is production", async () => {
  const lab = await used();
  await capture(lab);
  expect(await stateOf(lab, "node-01")).toBe("capturing");
  await lab.until(ended(lab, "capture-1"));
  expect(await stateOf(lab, "node-01")).toBe("in-use");
  expect(await lab.store.read("job", branded(isJobId, "capture-1"))).toMatchObject({
    kind: "capture",
    state: "done",
    revision: made,
  });
  expect(await lab.store.read("revision", made)).toMatchObject({
    image: "course",
    content: { sha256: "cd".repeat(32), sizeBytes: 2000 },
    buildSystem: "netboot-image",
    osModule: "linux",
    captured: { node: "node-01", from: "demo:abababababab", comment: "a compiler" },
  });
  const image = await lab.store.read("image", branded(isImageId, "course"));
  expect(image).toMatchObject({ production: made, retired: expect.stringContaining("not made production") });
  await expect(lab.job({ kind: "reserve", id: "res-2", owner: "ada", image: "course" })).rejects.toThrow(
    "is retired",
  );
  expect((await lab.store.read("image", branded(isImageId, "demo")))?.production).toBe("demo:abababababab");
});

test("the same capture asked for twice is one, and one of an image that there is leaves its production as it is", async () => {
  const lab = await used();
  for (let time = 0; time < 2; time += 1)
    await lab.job({ kind: "capture", id: "capture-1", node: "node-01", comment: "again" });
  await lab.until(ended(lab, "capture-1"));
  await lab.job({ kind: "capture", id: "capture-1", node: "node-01", comment: "again" });
  expect(await stateOf(lab, "node-01")).toBe("in-use");
  expect((await lab.store.revisions("demo")).map(({ revision }) => revision).toSorted()).toEqual([
    "demo:abababababab",
    "demo:cdcdcdcdcdcd",
  ]);
  expect((await lab.store.read("image", branded(isImageId, "demo")))?.production).toBe("demo:abababababab");
});

test("a captured revision is tried on another node, and that it came up there is on record", async () => {
  const lab = await used();
  await capture(lab);
  await lab.until(ended(lab, "capture-1"));
  const revision = await lab.store.read("revision", made);
  if (revision === null) throw new Error("nothing was registered");
  expect(untried(revision)).toContain("has not been tried on another node");
  const same = await tryRevision(lab.app, { id: "try-1", revision, node: first }, actor);
  expect(same).toMatchObject({ ok: false, fault: { code: "same-node" } });
  expect(await tryRevision(lab.app, { id: "try-1", revision, node: null }, actor)).toMatchObject({
    ok: true,
  });
  await lab.app.outbox.flush();
  await lab.until(ended(lab, "try-1"));
  const tried = await lab.store.read("revision", made);
  expect(tried?.tried?.node).toBe("node-02");
  if (tried !== null) expect(untried(tried)).toBeNull();
  await changeImage(lab.app, "course", { production: revision.revision, retired: null }, null);
  await lab.job({ kind: "reserve", id: "res-2", owner: "ada", image: "course" });
  await lab.until(lab.isIn("res-2", "reserved"));
});

test("a captured revision that nobody has tried does not become production by being registered by hand", async () => {
  const lab = await used();
  await capture(lab);
  await lab.until(ended(lab, "capture-1"));
  const body = { id: branded(isImageId, "course"), buildSystem: "netboot-image", osModule: "linux" };
  const again = await registerImage(lab.app, { ...body, sha256: "cd".repeat(32), sizeBytes: 2000 });
  expect(again).toMatchObject({ ok: false, fault: { code: "revision-untried" } });
  expect((await lab.store.read("revision", made))?.captured?.node).toBe("node-01");
});

test("with no other node free there is no trial, and that is said", async () => {
  const lab = await used(1);
  await capture(lab);
  await lab.until(ended(lab, "capture-1"));
  const revision = await lab.store.read("revision", made);
  if (revision === null) throw new Error("nothing was registered");
  const asked = await tryRevision(lab.app, { id: "try-1", revision, node: null }, actor);
  expect(asked).toMatchObject({ ok: false, fault: { code: "no-free-node" } });
});

test("at the end of a reservation its node is captured before it is taken back, though every wake is lost", async () => {
  const lab = await used();
  lab.loseWakes = true;
  await lab.job({
    kind: "end",
    id: "end-1",
    reservation: "res-1",
    capture: { image: "course", comment: "the last state" },
  });
  await lab.until(lab.isIn("res-1", "complete"));
  expect(await lab.store.read("revision", made)).toMatchObject({ captured: { comment: "the last state" } });
  expect(await stateOf(lab, "node-01")).toBe("available");
  const taints = (await lab.nodes()).map(({ disk }) => disk.taint);
  expect(taints).toEqual([null, null]);
});

test("only what is handed over, or free, can be captured", async () => {
  const lab = await used();
  const wish = { id: "capture-9", node: null, image: null, comment: "" };
  const id = branded(isReservationId, "res-1");
  await lab.job({ kind: "end", id: "end-1", reservation: "res-1" });
  await lab.until(async () => (await stateOf(lab, "node-01")) !== "in-use");
  expect(await captureOf(lab.app, id, wish, actor)).toMatchObject({ fault: { code: "not-handed-over" } });
  await expect(capture(lab)).rejects.toThrow("only one that is in use or free can be captured");
  await expect(lab.job({ kind: "capture", id: "capture-2", node: "node-02" })).rejects.toThrow(
    "it is not known what node node-02 holds",
  );
});
