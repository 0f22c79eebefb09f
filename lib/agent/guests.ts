/**
 * The systems that this agent has installed, and how it talks to them. A system is waited for until it answers, and who
 * answers is pinned to the installation that wrote it: what it told of itself by its own token, or else what is seen first.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { GuestChannel } from "../core/command.ts";
import { nodeFault } from "../core/fault.ts";
import { DriverFault } from "../drivers/driver-fault.ts";
import type { CertifiedKey, GuestDriver, GuestStatus, GuestTask } from "../drivers/os/guest-driver.ts";
import type { Boots } from "./boots.ts";
import type { AgentState, Installed } from "./state.ts";

export interface GuestTools {
  readonly guestDrivers: readonly GuestDriver[];
  readonly state: AgentState;
  readonly boots: Pick<Boots, "pin">;
  readonly privateKey: string;
  /** Looked at for each connection: a certificate is renewed while the agent runs. */
  readonly certified: () => CertifiedKey | null;
}

/** A system that is about to answer does so within seconds. */
const betweenTriesMs = 1_000;

function driverOf({ guestDrivers }: GuestTools, channel: GuestChannel): GuestDriver {
  const driver = guestDrivers.find(({ name }) => name === channel);
  if (driver === undefined) throw new Error(`no driver for channel ${channel}`);
  return driver;
}

const pinnedOf = (installed: Installed, channel: GuestChannel): string | null =>
  channel === "ssh" ? installed.hostKey : installed.certificate;

function installedOn({ state }: GuestTools, node: string): Installed & { readonly address: string } {
  const installed = state.installed.get(node);
  if (installed?.address == null)
    throw new DriverFault(
      nodeFault("os-unknown", `the system on node ${node} has not told where it is reached`),
    );
  return { ...installed, address: installed.address };
}

/** Returns when the right system answers; throws what was wrong last when `withinMs` is over. */
export async function reachGuest(
  tools: GuestTools,
  node: string,
  channel: GuestChannel,
  withinMs: number,
  signal: AbortSignal,
): Promise<void> {
  const driver = driverOf(tools, channel);
  const ends = AbortSignal.any([signal, AbortSignal.timeout(withinMs)]);
  for (;;) {
    const installed = installedOn(tools, node);
    const { address } = installed;
    let wrong: DriverFault;
    try {
      const seen = await driver.identify({ node, address }, ends);
      const pinned = pinnedOf(installed, channel);
      if (pinned === null) return await tools.boots.pin(installed, channel, seen);
      if (sameIdentity(pinned, seen)) return;
      wrong = new DriverFault(
        nodeFault(
          "host-key-changed",
          `node ${node} (${address}): somebody else answers than the system that was installed`,
        ),
      );
    } catch (error) {
      if (!(error instanceof DriverFault)) throw error;
      wrong = error;
    }
    if (ends.aborted) throw wrong;
    // Its end is seen at the next turn, which says what was wrong.
    await pause(betweenTriesMs, undefined, { signal: ends }).catch(() => {
      throw wrong;
    });
  }
}

/** A host key's comment, and the case of a fingerprint, say nothing about who it is. */
const sameIdentity = (pinned: string, seen: string): boolean => {
  const bare = (text: string): string =>
    text.includes(" ") ? text.split(" ").slice(0, 2).join(" ") : text.toLowerCase();
  return bare(pinned) === bare(seen);
};

export async function runOnGuest(
  tools: GuestTools,
  node: string,
  channel: GuestChannel,
  task: GuestTask,
  parameters: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<GuestStatus> {
  const installed = installedOn(tools, node);
  const identity = pinnedOf(installed, channel);
  if (identity === null)
    throw new DriverFault(
      nodeFault("host-key-unknown", `nobody has pinned who answers on node ${node} over ${channel}`),
    );
  const { address, token: password } = installed;
  const { privateKey } = tools;
  const access = { node, address, identity, privateKey, certified: tools.certified(), password };
  return driverOf(tools, channel).run(access, task, parameters, signal);
}
