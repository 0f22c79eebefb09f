/**
 * Machines that nobody has allowed a boot: each is given the ramdisk once, under a token that is good for telling what it
 * is and for nothing else; then it boots its disk. What a ramdisk tells while it loads a node comes this way too.
 */
import { randomBytes } from "node:crypto";
import type { Found, MachineBody } from "../contracts/found.ts";
import type { LabId } from "../core/ids.ts";
import { instant } from "../core/time.ts";
import type { Journal } from "./journal.ts";
import type { ArmedBoot } from "./state.ts";

export interface DiscoverySettings {
  readonly journal: Journal;
  readonly lab: LabId;
  readonly now: () => number;
  readonly report: (found: Found) => void;
  readonly newToken?: () => string;
}

export type Discovery = ReturnType<typeof createDiscovery>;

/**
 * After a boot for discovery the machine gets its disk for so long, whether it has told anything or not: a ramdisk that
 * cannot run on it must not keep it from its own system. A large server takes some minutes to its next boot.
 */
export const diskForMs = 30 * 60_000;

const randomToken = (): string => randomBytes(24).toString("base64url");

export function createDiscovery({ journal, lab, now, report, newToken = randomToken }: DiscoverySettings) {
  const { state } = journal;
  /** By node: what it told last, so that the same is not told again with every load. */
  const told = new Map<string, MachineBody>();

  const tell = ({ hardware, bmcAddress }: MachineBody, mac: string, node: Found["node"]): void =>
    report({ lab, mac, node, at: instant(now()), hardware, bmcAddress });

  return {
    /** The token under which it may tell what it is; null: it is to boot its disk now. */
    begin: async (mac: string): Promise<string | null> => {
      const before = state.discoveries.get(mac);
      if (before !== undefined && now() - before.at < diskForMs) return null;
      const token = newToken();
      await journal.append({ t: "discovery", discovery: { mac, token, at: now() } });
      return token;
    },
    /** The interface that was given the token; null: nobody was, or it is used up. */
    macOf: (token: string): string | null =>
      [...state.discoveries.values()].find((each) => each.token === token)?.mac ?? null,
    /** Its one word: the token is used up. */
    machine: async (mac: string, body: MachineBody): Promise<void> => {
      const begun = state.discoveries.get(mac);
      tell(body, mac, null);
      if (begun !== undefined) await journal.append({ t: "discovery", discovery: { ...begun, token: null } });
    },
    /**
     * Of a node that is being loaded: told on when it is new, or not as before. A ramdisk tells before it has heard its
     * neighbours, and once more when it has: what it does not know yet is nothing new.
     */
    loading: ({ node, macs }: ArmedBoot, body: MachineBody): void => {
      const before = told.get(node);
      const { lldp = before?.hardware.lldp, ...hardware } = body.hardware;
      const now = { ...body, hardware: { ...hardware, ...(lldp === undefined ? {} : { lldp }) } };
      if (before !== undefined && JSON.stringify(before) === JSON.stringify(now)) return;
      told.set(node, now);
      tell(body, macs.includes(body.mac) ? body.mac : (macs[0] ?? body.mac), node);
    },
  };
}
