/** Every minute: which lab controllers can be reached. */
import { watchLabs } from "../../lib/app/watch.ts";
import { watchdog } from "../runtime/watchdog.ts";

export const handler = watchdog("labs", watchLabs, ({ silent }) => [{ metric: "SilentLabs", value: silent }]);
