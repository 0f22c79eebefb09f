/**
 * Who may boot from the network, and what he gets: one boot, bound to one installation, by one-time token. The answer to
 * everybody else is: boot your disk (R53 of the ancestors' complaints: a machine must never reinstall itself).
 */
import { randomBytes } from "node:crypto";
import type { BeaconBody, BootPlan } from "../contracts/boot.ts";
import type { Action, Beacon, Command } from "../core/command.ts";
import { nodeFault } from "../core/fault.ts";
import type { InstallationId } from "../core/ids.ts";
import { instant } from "../core/time.ts";
import type { Journal } from "./journal.ts";
import { type ArmedBoot, allServed, type Installed } from "./state.ts";

export interface BootsSettings {
  readonly journal: Journal;
  readonly publicUrl: string;
  /** Where the other controllers of the lab are. */
  readonly peers: readonly string[];
  readonly managementKey: string;
  readonly now: () => number;
  /** `volatile`: progress, of which only the newest counts. */
  readonly report: (beacon: Beacon, kind: "kept" | "volatile") => void;
  /** A secret that nobody can guess; a simulation gives its own. */
  readonly newToken?: () => string;
}

/** Whose token it is. */
export type Bearer =
  | { readonly kind: "boot"; readonly boot: ArmedBoot }
  | { readonly kind: "os"; readonly installed: Installed };

export type Boots = ReturnType<typeof createBoots>;

const randomToken = (): string => randomBytes(24).toString("base64url");

export function createBoots({
  journal,
  publicUrl,
  peers,
  managementKey,
  now,
  report,
  newToken = randomToken,
}: BootsSettings) {
  const { state } = journal;

  const beaconOf = (boot: ArmedBoot, phase: Beacon["phase"]): Beacon => ({
    node: boot.node,
    boot: boot.boot,
    installation: boot.installation,
    phase,
    at: instant(now()),
  });

  async function change(boot: ArmedBoot, to: Partial<ArmedBoot>): Promise<ArmedBoot> {
    const changed = { ...boot, ...to };
    await journal.append({ t: "boot", boot: changed });
    return changed;
  }

  function byMac(mac: string): { boot: ArmedBoot | null; installed: Installed | null } {
    const boot = [...state.boots.values()].find(({ macs }) => macs.includes(mac)) ?? null;
    const installed = [...state.installed.values()].find(({ macs }) => macs.includes(mac)) ?? null;
    return { boot, installed };
  }

  /** A verified beacon is believed if all bytes of the image went out under this very token, and it is the first. */
  async function verified(boot: ArmedBoot, sha256: string): Promise<Beacon> {
    const told = beaconOf(boot, "build");
    if (boot.state === "verified")
      return {
        ...told,
        fault: nodeFault("verified-twice", `installation ${boot.installation} was written twice`),
      };
    if (sha256 !== boot.image.sha256) {
      const message = `the disk of ${boot.node} holds checksum ${sha256.slice(0, 12)}…, the image is ${boot.image.sha256.slice(0, 12)}…`;
      return { ...told, fault: nodeFault("image-checksum-mismatch", message) };
    }
    if (!allServed(boot)) {
      return {
        ...told,
        fault: nodeFault(
          "verification-unproved",
          `${boot.node} claims a write of bytes that it was never given`,
        ),
      };
    }
    await change(boot, { state: "verified" });
    await journal.append({
      t: "installed",
      installed: {
        node: boot.node,
        macs: boot.macs,
        installation: boot.installation,
        token: boot.osToken ?? newToken(),
        hostKey: null,
        address: null,
      },
    });
    return { ...told, verified: { sha256 } };
  }

  return {
    /** Only for a node whose power was proved off by this very command. */
    arm: async (
      { node, target }: Command,
      action: Extract<Action, { verb: "netboot.set" }>,
    ): Promise<void> => {
      const { installation, boot, revision, image } = action;
      await journal.append({
        t: "boot",
        boot: {
          node,
          macs: [...target.macs],
          installation,
          boot,
          revision,
          image,
          poweredOn: false,
          state: "armed",
          token: null,
          osToken: null,
          served: [],
        },
      });
    },
    /** With what the system of an installation speaks for itself, where another build system puts it on the disk. */
    voice: async (
      { node, target }: Command,
      installation: InstallationId,
      begins: boolean,
    ): Promise<{ beacon: { url: string; token: string } | null; managementKey: string }> => {
      const known = state.installed.get(node);
      const voiced = known?.installation === installation ? known : null;
      const token = voiced?.token ?? (begins ? newToken() : null);
      if (voiced === null && token !== null) {
        const fresh = { node, macs: [...target.macs], installation, token, hostKey: null, address: null };
        await journal.append({ t: "installed", installed: fresh });
      }
      return { beacon: token === null ? null : { url: `${publicUrl}/beacon`, token }, managementKey };
    },
    disarm: async (node: string): Promise<void> => {
      const boot = state.boots.get(node);
      if (boot !== undefined && boot.state !== "verified") await change(boot, { state: "voided" });
    },
    /** Called before the node is switched on. */
    poweringOn: async (node: string): Promise<void> => {
      const boot = state.boots.get(node);
      if (boot?.state === "armed" && !boot.poweredOn) await change(boot, { poweredOn: true });
    },
    /** The answer to a network boot. `passedOn`: another controller has been asked and has nothing for it. */
    script: async (mac: string, passedOn = false): Promise<string> => {
      const { boot, installed } = byMac(mac);
      if (boot?.state === "armed" && boot.poweredOn) {
        const token = newToken();
        await change(boot, { state: "issued", token, osToken: newToken() });
        report(beaconOf(boot, "firmware"), "kept");
        return ramdiskScript(publicUrl, token);
      }
      if (boot?.state === "issued") {
        // The machine has booted once more, so what the first boot was about to write is not what is on the disk.
        await change(boot, { state: "voided", token: null });
        report(
          {
            ...beaconOf(boot, "firmware"),
            fault: nodeFault("boot-repeated", `${boot.node} asked twice for boot ${boot.boot}: it is void`),
          },
          "kept",
        );
      } else if (installed !== null) {
        report(
          {
            node: installed.node,
            boot: null,
            installation: installed.installation,
            phase: "firmware",
            at: instant(now()),
          },
          "kept",
        );
      }
      return passedOn ? diskScript : othersScript(peers, mac);
    },
    bearer: (token: string): Bearer | null => {
      for (const boot of state.boots.values()) {
        if (boot.token === token && (boot.state === "issued" || boot.state === "verified"))
          return { kind: "boot", boot };
      }
      for (const each of state.installed.values())
        if (each.token === token) return { kind: "os", installed: each };
      return null;
    },
    plan: (boot: ArmedBoot): BootPlan => ({
      schema: "rackwright.boot-plan/1",
      node: boot.node,
      installation: boot.installation,
      image: { path: `/images/${boot.image.sha256}`, ...boot.image },
      os: {
        revision: boot.revision,
        token: boot.osToken ?? "",
        beaconUrl: `${publicUrl}/beacon`,
        managementKey,
      },
    }),
    /** Noted before the bytes go out: after a crash too much is believed to be served, by at most one piece, never too little. */
    serving: (boot: ArmedBoot, from: number, to: number): Promise<void> =>
      journal.append({ t: "served", boot: boot.boot, from, to }),
    beacon: async (bearer: Bearer, body: BeaconBody): Promise<void> => {
      const { hostKey, verified: proof, ...rest } = body;
      if (bearer.kind === "boot") {
        if (proof !== undefined) return report(await verified(bearer.boot, proof.sha256), "kept");
        return report(
          { ...beaconOf(bearer.boot, rest.phase), ...rest },
          rest.progress === undefined ? "kept" : "volatile",
        );
      }
      const { installed } = bearer;
      if (rest.phase === "run" && (hostKey !== undefined || rest.address !== undefined)) {
        await journal.append({
          t: "installed",
          installed: {
            ...installed,
            hostKey: hostKey ?? installed.hostKey,
            address: rest.address ?? installed.address,
          },
        });
      }
      report(
        {
          node: installed.node,
          boot: null,
          installation: installed.installation,
          at: instant(now()),
          ...rest,
        },
        "kept",
      );
    },
  };
}

const tries = 4;

/** Waits between tries, so that a machine that cannot get its kernel does not hammer us (field.md C48). */
const ramdiskScript = (url: string, token: string): string => {
  const attempt = `kernel ${url}/boot/kernel rackwright.url=${url} rackwright.token=${token} && initrd ${url}/boot/ramdisk && boot ||`;
  const attempts = Array.from({ length: tries }, () => attempt).join("\nsleep 5\n");
  return `#!ipxe\n${attempts}\nsanboot --no-describe --drive 0x80 || exit\n`;
};

/** DHCP names one controller, but another may have the lease: it is asked before the disk is booted. */
function othersScript(peers: readonly string[], mac: string): string {
  if (peers.length === 0 || !/^[0-9a-f:]{17}$/.test(mac)) return diskScript;
  const chains = peers.map((url) => `chain ${url}/boot/ipxe?mac=${mac}&passed-on=1 ||`);
  return `#!ipxe\n${chains.join("\n")}\nsanboot --no-describe --drive 0x80 || exit\n`;
}

const diskScript = `#!ipxe
echo Rackwright: boot your disk
sanboot --no-describe --drive 0x80 || exit
`;
