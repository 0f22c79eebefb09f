/** Every minute: idle nodes of a few classes are loaded with what is most likely wanted next. */
import { preload } from "../../lib/app/preload.ts";
import { watchdog } from "../runtime/watchdog.ts";

export const handler = watchdog("preload", preload);
