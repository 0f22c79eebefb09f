/** A node's serial console: how the agent reaches it, and what was read on it that means something. */
import type { BootId, InstallationId, NodeId } from "../ids.ts";
import type { Instant } from "../time.ts";

export interface ConsoleSettings {
  readonly driver: string;
  readonly address: string;
  /** What else the driver wants to know: docs/consoles.md. */
  readonly options: Readonly<Record<string, string>>;
  /** Name of a secret that the lab controller holds; null: the driver logs in nowhere. */
  readonly credential: string | null;
}

/**
 * What a line on a console comes to. `dead`: what runs will not go on by itself. `no-boot-device`: firmware found nothing to
 * start. `install-failed`: a distribution's installer has given up. `login`: the system asks who comes; of a node that is late
 * it says that the system runs and cannot be reached.
 */
export const troubles = ["dead", "no-boot-device", "install-failed"] as const;
export type Trouble = (typeof troubles)[number];
export const consoleMeanings = [...troubles, "login"] as const;
export type ConsoleMeaning = (typeof consoleMeanings)[number];

/** One line that means trouble. It says of which boot it is: about any other it is history, and changes nothing. */
export interface Sighting {
  readonly node: NodeId;
  /** The network boot that was under way; null: the machine ran from its disk. */
  readonly boot: BootId | null;
  readonly installation: InstallationId;
  readonly means: Trouble;
  /** The pattern that it was known by. */
  readonly pattern: string;
  readonly line: string;
  /** When it was read, on the agent's clock. */
  readonly at: Instant;
}
