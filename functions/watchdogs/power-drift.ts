/** Every minute: a few nodes at rest have their power read, so that what we believe stays true; one image's old revisions go. */
import { collectImages } from "../../lib/app/collect.ts";
import { watchPower } from "../../lib/app/watch.ts";
import { watchdog } from "../runtime/watchdog.ts";

export const handler = watchdog("power-drift", async (app) => ({
  ...(await watchPower(app)),
  ...(await collectImages(app)),
}));
