/** The ways to a running operating system. Adding one touches its own file and one line here. */
import type { GuestDriver } from "./guest-driver.ts";
import { ssh } from "./ssh.ts";
import { winrm } from "./winrm.ts";

export const guestDrivers: readonly GuestDriver[] = [ssh, winrm];
