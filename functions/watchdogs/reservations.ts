/** Every minute: reservations whose end, start or next look has come are woken (R37). */
import { sweepReservations } from "../../lib/app/sweep.ts";
import { watchdog } from "../runtime/watchdog.ts";

export const handler = watchdog("reservations", sweepReservations);
