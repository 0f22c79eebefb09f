/** Reservations for later, and for longer: what is promised to one is nobody else's. */
import { describe, expect, test } from "vitest";
import { advanceNode } from "../../lib/app/advance-node.ts";
import { reserve } from "../../lib/app/reserve.ts";
import { branded, isImageId, isReservationId } from "../../lib/core/ids.ts";
import type { Reservation } from "../../lib/core/reservation/reservation.ts";
import { after, instant } from "../../lib/core/time.ts";
import { MemoryLab } from "./lab.ts";

const hour = 3_600_000;
const user = { kind: "user", name: "ada" } as const;

async function ask(lab: MemoryLab, id: string, count: number, inHours: number, hours: number) {
  return reserve(
    lab.app,
    {
      id: branded(isReservationId, id),
      owner: "ada",
      project: null,
      roles: [],
      image: branded(isImageId, "demo"),
      count,
      minutes: hours * 60,
      start: inHours === 0 ? null : after(instant(lab.now), inHours * hour),
      class: "standard",
      tags: [],
      lab: null,
      prefer: [],
      user: "student",
      publicKey: null,
      email: null,
    },
    user,
  );
}

const extend = (lab: MemoryLab, id: string, end: number) =>
  lab.job({ kind: "extend", id: `extend-${id}-${end}`, reservation: id, end });

const standing = async (lab: MemoryLab, id: string): Promise<Reservation> => lab.reservation(id);

test("whoever comes now has a node that is free for long, even if those that were used least are promised to others soon", async () => {
  const lab = await new MemoryLab().open(12);
  await ask(lab, "later", 10, 1, 1);
  await ask(lab, "now", 1, 0, 2);
  const { placed } = await standing(lab, "later");
  expect(await lab.until(lab.isIn("now", "reserved"))).toBeLessThan(hour / 6);
  expect(placed).not.toContain((await standing(lab, "now")).nodes[0]);
});

describe("a reservation for later", () => {
  test("has nodes kept free for it, made ready before its start, and handed over at it", async () => {
    const lab = await new MemoryLab().open(2);
    await ask(lab, "later", 2, 5, 1);
    const promised = await standing(lab, "later");
    expect(promised).toMatchObject({ state: "new", nodes: [], placed: { length: 2 } });
    expect(promised.due).toBeLessThanOrEqual(promised.start - promised.leadMs);
    await lab.until(lab.isIn("later", "reserved"));
    expect(lab.now).toBeGreaterThanOrEqual(promised.start - promised.leadMs);
    expect(lab.now).toBeLessThanOrEqual(promised.start);
    expect(await standing(lab, "later")).toMatchObject({ start: promised.start, end: promised.end });
  });

  test("is not in the way of whoever is done before it, and is of whoever is not", async () => {
    const lab = await new MemoryLab().open(1);
    await ask(lab, "later", 1, 5, 1);
    await ask(lab, "short", 1, 0, 2);
    await ask(lab, "long", 1, 0, 6);
    await lab.until(lab.isIn("short", "reserved"));
    const [later, long] = [await standing(lab, "later"), await standing(lab, "long")];
    expect(long).toMatchObject({ state: "new", placed: { length: 1 } });
    expect(long.start).toBeGreaterThanOrEqual(later.end);
    await lab.until(lab.isIn("later", "complete"), 30 * hour);
    expect(lab.now).toBeGreaterThanOrEqual(later.end);
    await lab.until(lab.isIn("long", "complete"), 30 * hour);
  });

  test("that loses a node before its time is placed on another one", async () => {
    const lab = await new MemoryLab().open(3);
    await ask(lab, "later", 2, 10, 1);
    const [lost] = (await standing(lab, "later")).placed;
    if (lost === undefined) throw new Error("it has no place");
    await advanceNode(lab.app, lost, { kind: "offline", reason: "smoke", actor: user });
    await lab.until(async () => !(await standing(lab, "later")).placed.includes(lost));
    const { start } = await standing(lab, "later");
    await lab.until(lab.isIn("later", "reserved"));
    expect(lab.now).toBeLessThanOrEqual(start);
  });

  test.each([-1, 24 * 365])("%d hours ahead is refused, with the reason", async (hours) => {
    const lab = await new MemoryLab().open(1);
    expect(await ask(lab, "r", 1, hours, 1)).toMatchObject({
      ok: false,
      fault: { code: "start-out-of-range" },
    });
  });
});

describe("an extension", () => {
  test("goes into free time, and asked for twice is one", async () => {
    const lab = await new MemoryLab().open(1);
    await ask(lab, "r", 1, 0, 1);
    await lab.until(lab.isIn("r", "reserved"));
    const { end } = await standing(lab, "r");
    await extend(lab, "r", end + hour);
    const longer = await standing(lab, "r");
    expect(longer.end).toBe(end + hour);
    await extend(lab, "r", end + hour);
    expect((await standing(lab, "r")).version).toBe(longer.version);
    await lab.until(async () => lab.now > end + 600_000);
    expect((await standing(lab, "r")).state).toBe("reserved");
    await lab.until(lab.isIn("r", "complete"));
  });

  test("stops before what others have been promised, and says which node it is", async () => {
    const lab = await new MemoryLab().open(1);
    await ask(lab, "r", 1, 0, 1);
    await ask(lab, "next", 1, 3, 1);
    await lab.until(lab.isIn("r", "reserved"));
    const { end } = await standing(lab, "r");
    await expect(extend(lab, "r", end + 2 * hour)).rejects.toThrow("node-01 is promised to others by then");
    expect((await standing(lab, "r")).end).toBe(end);
    await expect(extend(lab, "r", end - hour)).rejects.toThrow("an extension ends later than before");
    await extend(lab, "r", end + hour);
    expect((await standing(lab, "r")).end).toBe(end + hour);
  });
});

describe("a node that is lent", () => {
  const lend = (lab: MemoryLab, to: string | null, until: number | null) =>
    advanceNode(lab.app, "node-01", {
      kind: "loan",
      loan:
        to === null ? null : { to, until: until === null ? null : instant(until), reason: "a test stand" },
      reason: "a test stand",
      actor: { kind: "operator", name: "grace" },
    });

  test("is had by whoever it is lent to, and by nobody else until it is given back", async () => {
    const lab = await new MemoryLab().open(1);
    await lend(lab, "bob", null);
    await ask(lab, "adas", 1, 0, 1);
    expect(await standing(lab, "adas")).toMatchObject({ state: "new", placed: [] });
    await lend(lab, "ada", null);
    await lab.until(lab.isIn("adas", "reserved"));
  });

  test("is anybody's again after the end of the loan", async () => {
    const lab = await new MemoryLab().open(1);
    await lend(lab, "bob", lab.now + hour);
    lab.now = after(lab.now, 2 * hour);
    await ask(lab, "adas", 1, 0, 1);
    await lab.until(lab.isIn("adas", "reserved"));
  });
});
