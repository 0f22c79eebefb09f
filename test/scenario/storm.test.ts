/** Machines that hang here and there while a lab of two hundred is put to use. */
import { test } from "vitest";
import { usePlaces } from "../stack/main-job.ts";
import { type Phase, weather } from "./storm.ts";

const place = usePlaces();
const phases: readonly Phase[] = ["firmware", "build", "kernel", "init"];

test("40 of 200 machines hang in random phases: all reservations become ready, corrective reboots stay within the budget", async () => {
  await weather(place(), {
    what: "40 of 200 machines hang in random phases",
    size: 200,
    hung: 40,
    phaseOf: (index) => phases[index % phases.length] ?? "init",
    atOnce: 40,
  });
});
