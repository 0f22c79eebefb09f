/** Every minute: commands that nobody reported on, asked of what SSM kept of the answers. */
import { watchCommands } from "../../lib/app/watch.ts";
import { watchdog } from "../runtime/watchdog.ts";

export const handler = watchdog("commands", watchCommands);
