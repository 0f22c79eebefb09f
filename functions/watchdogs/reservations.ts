/** Every minute: reservations whose end, start or next look has come are woken (R37), and blocks make what is near enough. */
import { watchBlocks } from "../../lib/app/blocks.ts";
import { sweepReservations } from "../../lib/app/sweep.ts";
import { watchdog } from "../runtime/watchdog.ts";

export const handler = watchdog("reservations", async (app) => ({
  ...(await sweepReservations(app)),
  ...(await watchBlocks(app)),
}));
