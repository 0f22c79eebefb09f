/** Most of a lab hangs at once, as after a power blip. With more of them in virtual time: test/app/storms.test.ts. */
import { test } from "vitest";
import { usePlaces } from "../stack/main-job.ts";
import { weather } from "./storm.ts";

const place = usePlaces();

test("16 of 24 machines hang at once: all reservations become ready, corrective reboots stay within the budget", async () => {
  await weather(place(), {
    what: "16 of 24 machines hang at once",
    size: 24,
    hung: 16,
    phaseOf: () => "init",
    atOnce: 24,
  });
});
