/**
 * Windows with our guest program, over WinRM or over the SSH server that Windows brings along. Its image was generalized by
 * Sysprep, so that the first boot from disk goes through mini-setup: it detects the devices anew, makes its identity, and
 * boots again once or twice before it is of any use. Its guest tells `init` meanwhile, and `run` when all of it is over;
 * how long that may take is each version's own (lib/core/correction/os-profiles.ts).
 */
import { ssh, winrm } from "./channel.ts";
import { guestModule } from "./guest.ts";

const system = {
  family: "windows",
  awaits: "the end of Sysprep's mini-setup, and the operating system's word that it runs",
};

export const windows = guestModule({ ...system, name: "windows", channel: winrm });
export const windowsOverSsh = guestModule({ ...system, name: "windows-over-ssh", channel: ssh });
