/** Every minute: nodes that are past their deadline are woken, assuming that every timer was lost. */
import { sweepNodes } from "../../lib/app/sweep.ts";
import { watchdog } from "../runtime/watchdog.ts";

export const handler = watchdog("stuck-nodes", sweepNodes, ({ woken }) => [
  { metric: "OverdueNodes", value: woken },
]);
