/** A cluster: nodes with roles, each with an image of its own, all of them or none. */
import { describe, expect, test } from "vitest";
import { registerImage } from "../../lib/app/register-image.ts";
import { reserve, type Wanted } from "../../lib/app/reserve.ts";
import { viewReservation } from "../../lib/app/views.ts";
import { branded, isImageId, isReservationId } from "../../lib/core/ids.ts";
import { jobOf, reservationOf } from "../../lib/core/node/node.ts";
import { MemoryLab } from "./lab.ts";

const user = { kind: "user", name: "ada" } as const;
const head = branded(isImageId, "head-image");
const worker = branded(isImageId, "demo");

const wanted = (change: Partial<Wanted> = {}): Wanted => ({
  id: branded(isReservationId, "cluster"),
  owner: "ada",
  project: null,
  image: null,
  roles: [
    { name: "head", image: head, count: 1 },
    { name: "worker", image: worker, count: 3 },
  ],
  count: 1,
  minutes: 600,
  start: null,
  class: "standard",
  tags: [],
  lab: null,
  prefer: [],
  user: "student",
  publicKey: null,
  email: null,
  ...change,
});

async function labWithTwoImages(nodes: number): Promise<MemoryLab> {
  const lab = await new MemoryLab().open(nodes);
  const content = { sha256: "cd".repeat(32), sizeBytes: 1000 };
  await registerImage(lab.app, { id: head, buildSystem: "netboot-image", osModule: "linux", ...content });
  return lab;
}

describe("a cluster", () => {
  test("has one node of each role's image, and tells each where the others are", async () => {
    const lab = await labWithTwoImages(5);
    expect(await reserve(lab.app, wanted(), user)).toMatchObject({ ok: true, reservation: { count: 4 } });
    await lab.until(lab.isIn("cluster", "reserved"));
    const { nodes, connections, roles } = await viewReservation(lab.app, await lab.reservation("cluster"));
    expect(roles.map(({ name, image, count }) => ({ name, image, count }))).toEqual(wanted().roles);
    expect(nodes.map(({ image }) => image).sort()).toEqual([worker, worker, worker, head]);
    expect(connections.map(({ role }) => role).sort()).toEqual(["head", "worker", "worker", "worker"]);
    for (const { node, role } of connections)
      expect(nodes.find(({ id }) => id === node)?.image).toBe(role === "head" ? head : worker);
  });

  test("that loses a node gets another one for the same role", async () => {
    const lab = await labWithTwoImages(5);
    await reserve(lab.app, wanted(), user);
    await lab.until(async () => (await lab.nodes()).some((node) => jobOf(node)?.step === "write-image"));
    const { roleOf } = await lab.reservation("cluster");
    const [lost = ""] = Object.entries(roleOf).find(([, role]) => role === "head") ?? [];
    await lab.until(async () => {
      // It never gets further than that, whatever is done about it.
      const node = await lab.store.read("node", lost);
      if (node !== null && jobOf(node)?.step === "write-image") lab.hang(lost);
      return !(await lab.reservation("cluster")).nodes.some((node) => node === lost);
    });
    await lab.until(lab.isIn("cluster", "reserved"));
    const { connections } = await viewReservation(lab.app, await lab.reservation("cluster"));
    const now = connections.find(({ role }) => role === "head");
    expect(now?.node).not.toBe(lost);
    expect(connections.map(({ role }) => role).sort()).toEqual(["head", "worker", "worker", "worker"]);
  });

  test("waits until all of it can be had", async () => {
    const lab = await labWithTwoImages(4);
    await lab.reserve("one", 1, 60);
    await lab.until(lab.isIn("one", "reserved"));
    await reserve(lab.app, wanted(), user);
    expect((await lab.nodes()).filter((node) => reservationOf(node) === "cluster")).toEqual([]);
    await lab.until(lab.isIn("cluster", "reserved"));
    expect(["complete", "reclaim"]).toContain((await lab.reservation("one")).state);
  });

  test.each([
    ["neither an image nor roles", { roles: [] }, "image-or-roles"],
    ["an image and roles", { image: worker }, "image-or-roles"],
    [
      "two roles of one name",
      {
        roles: [
          { name: "a", image: head, count: 1 },
          { name: "a", image: worker, count: 1 },
        ],
      },
      "role-twice",
    ],
    [
      "an unknown image",
      { roles: [{ name: "a", image: branded(isImageId, "none"), count: 1 }] },
      "image-unknown",
    ],
    [
      "too many",
      {
        roles: [
          { name: "a", image: head, count: 500 },
          { name: "b", image: head, count: 1 },
        ],
      },
      "too-many-nodes",
    ],
  ] satisfies [string, Partial<Wanted>, string][])(
    "is refused with %s, and says why",
    async (_, change, code) => {
      const lab = await labWithTwoImages(1);
      expect(await reserve(lab.app, wanted(change), user)).toMatchObject({
        ok: false,
        fault: { code },
      });
    },
  );
});
