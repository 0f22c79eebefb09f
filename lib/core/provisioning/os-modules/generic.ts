/** Any operating system that sends beacons: nothing is run on it, so it is never proved clean and always reloaded. */
import type { OsModule } from "../step.ts";
import { waitForOs } from "./boot.ts";

export const generic: OsModule = {
  name: "generic",
  postLoad: (attempt, context) => [waitForOs("generic", attempt, context)],
};
