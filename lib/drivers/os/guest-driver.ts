/** What every way to a running operating system can do. A driver has no policy: who is waited for, and how long, is the agent's. */
import type * as z from "zod";
import type { guestStatus, guestTasks } from "../../contracts/boot.ts";
import type { GuestChannel } from "../../core/command.ts";
import type { RunTool } from "../tool.ts";

export interface GuestPlace {
  readonly node: string;
  /** `host` or `host:port`, as the system itself told it. */
  readonly address: string;
}

/** A key that is signed by a certificate authority of the lab: files on the controller, in OpenSSH's formats. */
export interface CertifiedKey {
  readonly keyFile: string;
  readonly certificateFile: string;
  readonly tool: RunTool;
}

export interface GuestAccess extends GuestPlace {
  /** Who must answer: an SSH host key in OpenSSH's format, or the SHA-256 fingerprint of a certificate. */
  readonly identity: string;
  /** For the account `rackwright` on the node: the agent's own key, or the installation's own password. */
  readonly privateKey: string;
  /** Null: nobody has signed the agent's key. */
  readonly certified: CertifiedKey | null;
  readonly password: string;
}

export type GuestStatus = z.infer<typeof guestStatus>;
export type GuestTask = (typeof guestTasks)[number];

export interface GuestDriver {
  readonly name: GuestChannel;
  /** Who answers there now. Nothing of ours is told to him. Throws a DriverFault where nobody answers. */
  identify(place: GuestPlace, signal: AbortSignal): Promise<string>;
  /** Runs the guest program, if it is the right one who answers. Parameters go in over standard input, never as arguments. */
  run(
    guest: GuestAccess,
    task: GuestTask,
    parameters: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<GuestStatus>;
}
