/** A reservation that says what hardware it needs. */
import { beforeAll, expect, test } from "vitest";
import { viewAvailability } from "../../lib/app/availability.ts";
import { importLab } from "../../lib/app/import-lab.ts";
import { registerImage } from "../../lib/app/register-image.ts";
import { viewAnswers } from "../../lib/app/views.ts";
import { availabilityQuery, imageBody } from "../../lib/contracts/api.ts";
import { labFile } from "../../lib/contracts/lab-file.ts";
import { MemoryLab } from "./lab.ts";

const lab = new MemoryLab();
const gib = 2 ** 30;
const memory = [8, 16, null, 64] as const;

beforeAll(async () => {
  await lab.open(4);
  const file = labFile.parse({
    schema: "rackwright.lab/1",
    lab: "blue",
    controllers: ["mi-0123456789abcdef0"],
    nodes: await Promise.all(
      memory.map(async (memoryGib, index) => {
        const spec = await lab.app.store.read("node-spec", `node-0${index + 1}`);
        return {
          id: spec?.id,
          macs: spec?.macs,
          bmc: { driver: "redfish", address: spec?.power.address, credential: spec?.power.credential },
          ...(memoryGib === null
            ? {}
            : {
                hardware: {
                  cpus: 4 * index + 4,
                  memoryMiB: memoryGib * 1024,
                  disks: [{ name: "sda", sizeBytes: 100 * gib }],
                  features: index === 3 ? ["gpu"] : [],
                },
              }),
        };
      }),
    ),
  });
  expect(await importLab(lab.app, file, { kind: "operator", name: "test" })).toMatchObject({ refused: [] });
});

const wants = (id: string, count: number, minimum: object, more: object = {}) =>
  lab.job({ kind: "reserve", id, owner: "ada", image: "demo", count, minutes: 60, minimum, ...more });

test("gets nodes that have at least that, and none of which nobody knows", async () => {
  await wants("large", 1, { memoryMiB: 65_536, features: ["gpu"] });
  await lab.until(lab.isIn("large", "reserved"));
  expect((await lab.reservation("large")).nodes).toEqual(["node-04"]);
  await wants("medium", 1, { memoryMiB: 16_384 });
  await lab.until(lab.isIn("medium", "reserved"));
  expect((await lab.reservation("medium")).nodes).toEqual(["node-02"]);
});

test("says why it waits, if there is no node that has it", async () => {
  await wants("huge", 1, { memoryMiB: 1_048_576 });
  expect((await lab.reservation("huge")).state).toBe("new");
  const answers = (await viewAnswers(lab.app, "reservation", "huge"))?.answers ?? [];
  const [why] = answers.filter(({ question }) => question === "is there a node that has what it needs?");
  expect(why?.answer).toMatch(
    /^no node of class standard has 1048576 MiB of memory: the nearest lacks 1048576 MiB of memory \(it has \d+\)/,
  );
  expect(why?.evidence).toBe("of 1 nodes nobody knows what they have");
});

test("who needs less is not kept waiting by it", async () => {
  await wants("small", 1, { cpus: 4 });
  await lab.until(lab.isIn("small", "reserved"));
  expect((await lab.reservation("small")).nodes).toEqual(["node-01"]);
});

test("for a time of its own that no node can give it, it is told at once, with what it asked for", async () => {
  await wants("later", 1, { diskGiB: 500 }, { start: lab.now + 3_600_000 });
  const { state, cause } = await lab.reservation("later");
  expect(state).toBe("failed");
  expect(cause?.message).toBe(
    "fewer than 1 nodes of class standard with 500 GiB on one disk are free for the whole time",
  );
});

test("an image may need something, whatever its reservations ask for", async () => {
  const { revision } = await (async () => {
    const body = imageBody.parse({
      id: "training",
      revision: "1",
      buildSystem: "netboot-image",
      sha256: "c".repeat(64),
      sizeBytes: 1000,
      minimum: { features: ["gpu"] },
    });
    const registered = await registerImage(lab.app, body);
    if (!registered.ok) throw new Error(registered.fault.message);
    return registered;
  })();
  expect(revision.minimum).toEqual({ features: ["gpu"] });
  await wants("course", 1, { cpus: 2 }, { image: "training" });
  expect((await lab.reservation("course")).needs).toEqual({ cpus: 2, features: ["gpu"] });
});

test("the same id again is the same reservation; with another minimum it is refused", async () => {
  await wants("small", 1, { cpus: 4 });
  await expect(wants("small", 1, { cpus: 5 })).rejects.toThrow();
});

test("availability counts only nodes that have it", async () => {
  const free = async (query: object) =>
    (await viewAvailability(lab.app, availabilityQuery.parse(query), "ada")).classes[0]?.free;
  for (const each of ["large", "course"])
    await lab.job({ kind: "end", id: `end-${each}`, reservation: each });
  await lab.until(lab.isIn("large", "complete"));
  const all = await free({});
  expect(await free({ memoryMiB: "65536", features: "gpu" })).toBe(1);
  expect(await free({ memoryMiB: "1048576" })).toBe(0);
  expect(all).toBeGreaterThan(1);
});
