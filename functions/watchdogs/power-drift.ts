/** Every minute: a few nodes at rest have their power read, so that what we believe stays true. */
import { watchPower } from "../../lib/app/watch.ts";
import { watchdog } from "../runtime/watchdog.ts";

export const handler = watchdog("power-drift", watchPower);
