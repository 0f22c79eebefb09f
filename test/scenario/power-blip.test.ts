/** Most of a lab hangs at once, as after a power blip. The same in virtual time: test/app/storms.test.ts. */
import { test } from "vitest";
import { usePlaces } from "../stack/main-job.ts";
import { weather } from "./storm.ts";

const place = usePlaces();

test("40 of 64 machines hang at once: all reservations become ready, corrective reboots stay within the budget", async () => {
  await weather(place(), {
    what: "40 of 64 machines hang at once",
    size: 64,
    hung: 40,
    phaseOf: () => "init",
    atOnce: 64,
  });
});
