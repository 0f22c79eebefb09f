/** Every minute: which lab controllers can be reached, and which labs are suspect. */
import { watchLabs } from "../../lib/app/watch.ts";
import { watchdog } from "../runtime/watchdog.ts";

export const handler = watchdog("labs", watchLabs, ({ silent, suspect }) => [
  { metric: "SilentLabs", value: silent },
  { metric: "SuspectLabs", value: suspect },
]);
