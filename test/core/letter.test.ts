/** What users are written to about, and when it is no news any more. */
import { expect, test } from "vitest";
import { configurationFault } from "../../lib/core/fault.ts";
import { letterOf } from "../../lib/core/reservation/letter.ts";
import type { Reservation } from "../../lib/core/reservation/reservation.ts";
import { instant } from "../../lib/core/time.ts";
import { aReservation } from "./world.ts";

const email = "ada@example.org";
const now = instant(1_000_000);

test("its user is told that it is ready, and how to log in", () => {
  const letter = letterOf(
    aReservation(now, { email, state: "reserved" }),
    "reservation.reserved",
    "all its nodes are ready, after 40 s",
  );
  expect(letter).toMatchObject({ to: email, subject: "Reservation res-1 is ready" });
  expect(letter?.text).toContain("all its nodes are ready, after 40 s");
  expect(letter?.text).toContain("npx rackwright connect res-1");
});

test("before its end he is told how to keep it, and that its disks are erased", () => {
  const letter = letterOf(
    aReservation(now, { email, state: "in-use" }),
    "reservation.ending-soon",
    "ends in 15 min",
  );
  expect(letter?.text).toContain("ends in 15 min");
  expect(letter?.text).toContain("erased");
  expect(letter?.text).toContain("npx rackwright extend res-1 --by 60");
});

test("whose reservation is ended because he never connected is told so; of an end that he expects he is not", () => {
  const cause = configurationFault("never-connected", "ada has not logged in");
  const why = "student has not logged in within 2 h of the hand-over";
  const ended = (change: Partial<Reservation>) =>
    letterOf(aReservation(now, { email, ...change }), "reservation.reclaim", why);
  for (const state of ["reclaim", "complete"] as const) {
    const letter = ended({ state, cause });
    expect(letter?.subject).toBe("Reservation res-1 was ended");
    expect(letter?.text).toContain(why);
    expect(ended({ state, cause: null })).toBeNull();
    expect(ended({ state, cause: configurationFault("other", "another") })).toBeNull();
  }
});

test("what has been overtaken is not written: a letter that comes late says nothing that is not so any more", () => {
  for (const state of ["reclaim", "complete", "failed"] as const)
    expect(letterOf(aReservation(now, { email, state }), "reservation.ending-soon", "ends soon")).toBeNull();
  expect(
    letterOf(aReservation(now, { email, state: "failed" }), "reservation.failed", "no node"),
  ).not.toBeNull();
});

test("who has named no address is not written to", () => {
  expect(
    letterOf(aReservation(now, { email: null, state: "reserved" }), "reservation.reserved", "ready"),
  ).toBeNull();
});
