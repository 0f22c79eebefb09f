/** Linux with our guest program: over SSH, or by its beacons alone where no connection into it is wanted. */
import type { OsModule } from "../step.ts";
import { waitForOs } from "./boot.ts";
import { ssh } from "./channel.ts";
import { guestModule } from "./guest.ts";

export const linux: OsModule = guestModule({ name: "linux", family: "linux", channel: ssh });

/** Nothing is run on it, so nobody is let in by us, and it is never proved clean: every reclaim is a reload. */
export const linuxByBeacon: OsModule = {
  name: "linux-by-beacon",
  postLoad: (attempt, context) => [waitForOs("linux", attempt, context)],
};
