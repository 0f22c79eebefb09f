/**
 * Who may boot from the network, and what he gets: one boot, bound to one installation, by one-time token. The answer to
 * everybody else is: boot your disk (R53 of the ancestors' complaints: a machine must never reinstall itself).
 */
import { randomBytes } from "node:crypto";
import { type BeaconBody, type BootPlan, type CapturePlan, capturePieceBytes } from "../contracts/boot.ts";
import type { Action, Beacon, Command, GuestChannel, ImageContent } from "../core/command.ts";
import { type Fault, nodeFault } from "../core/fault.ts";
import type { BootId, InstallationId, NodeId } from "../core/ids.ts";
import { instant } from "../core/time.ts";
import { bootDisk, diskScript, isMac, nextScript, othersScript, ramdiskScript } from "./boot-scripts.ts";
import type { Discovery } from "./discovery.ts";
import { fileFor, type InstallerPlace, installerScript, proveUsable } from "./installer.ts";
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
  /** A node's firmware asks what to boot. */
  readonly asked?: (node: NodeId) => void;
  /** Gives machines that nobody knows the ramdisk, to tell what they are; without it they boot their disk. */
  readonly discovery?: Pick<Discovery, "begin">;
  /** Where this lab's distributions and templates are. */
  readonly distrosDir?: string;
  readonly templatesDir?: string;
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
  asked = () => {},
  discovery,
  distrosDir = "",
  templatesDir = "",
  newToken = randomToken,
}: BootsSettings) {
  const { state } = journal;
  const place: InstallerPlace = { distrosDir, templatesDir, publicUrl, managementKey };

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
    if (boot.image === null || sha256 !== boot.image.sha256) {
      const message = `the disk of ${boot.node} holds checksum ${sha256.slice(0, 12)}…, the image is ${boot.image?.sha256.slice(0, 12) ?? "an installer's"}…`;
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
    await giveVoice(boot);
    return { ...told, verified: { sha256 } };
  }

  /** What is on the disk now may speak for the node. */
  async function giveVoice(boot: ArmedBoot): Promise<void> {
    await change(boot, { state: "verified" });
    await journal.append({
      t: "installed",
      installed: {
        node: boot.node,
        macs: boot.macs,
        installation: boot.installation,
        token: boot.osToken ?? newToken(),
        hostKey: null,
        certificate: null,
        address: null,
      },
    });
  }

  /** The one that a boot which reads finds on the disk; after it, it has keys of its own anew. */
  function systemOf({ node, macs }: ArmedBoot, installation: InstallationId): Installed {
    const known = state.installed.get(node);
    const unknown = { hostKey: null, certificate: null, address: null };
    return known?.installation === installation
      ? { ...known, ...unknown }
      : { node, macs, installation, token: "", ...unknown };
  }

  /** An installer's last word; said twice, as what is tried again is, it is the same word. */
  async function installed(boot: ArmedBoot): Promise<Beacon> {
    if (boot.installer === null) {
      const message = `${boot.node} was to be written by our ramdisk, and speaks as an installer`;
      return { ...beaconOf(boot, "build"), fault: nodeFault("installed-unproved", message) };
    }
    if (boot.state === "issued") await giveVoice(boot);
    return { ...beaconOf(boot, "build"), installed: true };
  }

  return {
    /** Only for a node whose power was proved off by this very command. */
    arm: async (
      { node, target }: Command,
      action: Extract<
        Action,
        { verb: "netboot.set" | "netboot.install" | "netboot.visit" | "image.capture" }
      >,
    ): Promise<void> => {
      const { installation, boot } = action;
      const revision = action.verb === "netboot.visit" ? null : action.revision;
      const visit = action.verb === "netboot.visit" ? { ...action.visit } : null;
      const image = action.verb === "netboot.set" ? action.image : null;
      const installer =
        action.verb !== "netboot.install"
          ? null
          : { distro: action.distro, template: action.template, variables: { ...action.variables } };
      const { grow = null, wipe = null } = action.verb === "netboot.set" ? action : {};
      const reads = action.verb === "image.capture" ? action.installed : null;
      const before = state.boots.get(node);
      // What an earlier try may have left on the disk is still its system's voice.
      const isRetry = reads !== null && before?.reads === reads && before.state !== "verified";
      await journal.append({
        t: "boot",
        boot: {
          node,
          macs: [...target.macs],
          installation,
          boot,
          revision,
          visit,
          image,
          grow,
          wipe,
          installer,
          reads,
          poweredOn: false,
          state: "armed",
          token: null,
          osToken: isRetry ? before.osToken : null,
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
      const armed = state.boots.get(node);
      if (begins && armed !== undefined && armed.state !== "verified")
        await change(armed, { state: "voided", token: null });
      if (voiced === null && token !== null) {
        const unknown = { hostKey: null, certificate: null, address: null };
        const fresh = { node, macs: [...target.macs], installation, token, ...unknown };
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
      const node = boot?.node ?? installed?.node;
      if (node !== undefined) asked(node);
      if (boot?.state === "armed" && boot.poweredOn) {
        const token = newToken();
        await change(boot, { state: "issued", token, osToken: boot.osToken ?? newToken() });
        report(beaconOf(boot, "firmware"), "kept");
        return boot.installer === null
          ? ramdiskScript({ url: publicUrl, token, mac }, boot.visit)
          : installerScript(place, boot.installer, token);
      }
      if (boot?.state === "issued" && boot.visit !== null) {
        // Whoever visits may restart the machine: then the visit is over, and nothing is wrong.
        await change(boot, { state: "voided", token: null });
      } else if (boot?.state === "issued") {
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
      if (boot === null && installed === null && discovery !== undefined && isMac(mac)) {
        // Another controller has asked: it goes on by itself.
        if (passedOn) return nextScript;
        const token = await discovery.begin(mac);
        if (token !== null)
          return othersScript(peers, mac, ramdiskScript({ url: publicUrl, token, mac }, "discovery"));
      }
      return passedOn || peers.length === 0 ? diskScript : othersScript(peers, mac, bootDisk);
    },
    /** Which boot of a node is under way, as far as anybody has seen it begin. Null: not known. */
    current: (node: string): { boot: BootId | null; installation: InstallationId } | null => {
      const boot = state.boots.get(node);
      if (boot?.state === "issued" || (boot?.state === "armed" && boot.poweredOn)) return boot;
      // It is off, and whatever is heard is late.
      if (boot?.state === "armed") return null;
      const installation = state.installed.get(node)?.installation;
      return installation === undefined ? null : { boot: null, installation };
    },
    bearer: (token: string): Bearer | null => {
      for (const boot of state.boots.values()) {
        if (boot.token === token && (boot.state === "issued" || boot.state === "verified"))
          return { kind: "boot", boot };
      }
      for (const each of state.installed.values())
        if (each.token === token) return { kind: "os", installed: each };
      for (const boot of state.boots.values())
        if (boot.reads !== null && boot.osToken === token)
          return { kind: "os", installed: { ...systemOf(boot, boot.reads), token } };
      return null;
    },
    /** Null: it is not our ramdisk that was booted. */
    plan: ({
      node,
      installation,
      image,
      grow,
      wipe,
      reads,
      revision,
      osToken,
    }: ArmedBoot): BootPlan | CapturePlan | null => {
      if (revision === null) return null;
      const os = { revision, token: osToken ?? "", beaconUrl: `${publicUrl}/beacon`, managementKey };
      if (reads !== null) {
        const capture = { path: "/capture", pieceBytes: capturePieceBytes } as const;
        return { schema: "rackwright.capture-plan/1", node, installation: reads, capture, os };
      }
      return image === null
        ? null
        : {
            schema: "rackwright.boot-plan/1",
            node,
            installation,
            image: { path: `/images/${image.sha256}`, ...image },
            ...(grow === null ? {} : { grow }),
            ...(wipe === null ? {} : { wipe }),
            os,
          };
    },
    /** The whole disk is in the image store. */
    captured: async (boot: ArmedBoot, content: ImageContent): Promise<void> => {
      const current = state.boots.get(boot.node);
      if (current?.boot !== boot.boot || current.state !== "issued") return;
      await change(current, { state: "verified" });
      report({ ...beaconOf(boot, "build"), captured: content }, "kept");
    },
    notCaptured: async (boot: ArmedBoot, fault: Fault): Promise<void> =>
      report({ ...beaconOf(boot, "build"), fault }, "kept"),
    /** A file for the installer that was given this token; null: there is none. Throws a DriverFault. */
    answers: (token: string, name: string): string | null => {
      const boot = [...state.boots.values()].find((each) => each.token === token && each.state === "issued");
      if (boot?.installer == null || boot.revision === null) return null;
      const { installer, revision } = boot;
      return fileFor(place, { ...boot, installer, revision, token }, name);
    },
    /** Before a machine is switched on for it: an installer that could not be given what it needs is not booted. */
    proveInstaller: (installer: NonNullable<ArmedBoot["installer"]>, signal: AbortSignal): Promise<void> =>
      proveUsable(place, installer, signal),
    /** Noted before the bytes go out: after a crash too much is believed to be served, by at most one piece, never too little. */
    serving: (boot: ArmedBoot, from: number, to: number): Promise<void> =>
      journal.append({ t: "served", boot: boot.boot, from, to }),
    /** Who was seen to answer for a system that told nothing of itself; of an installation that is over, nothing is kept. */
    pin: async ({ node, installation }: Installed, channel: GuestChannel, seen: string): Promise<void> => {
      const current = state.installed.get(node);
      if (current === undefined || current.installation !== installation) return;
      const pinned = channel === "ssh" ? { hostKey: seen } : { certificate: seen };
      await journal.append({ t: "installed", installed: { ...current, ...pinned } });
    },
    beacon: async (bearer: Bearer, body: BeaconBody): Promise<void> => {
      const { hostKey, certificate, verified: proof, installed: isInstalled, ...rest } = body;
      if (bearer.kind === "boot") {
        if (isInstalled === true) return report(await installed(bearer.boot), "kept");
        if (proof !== undefined) return report(await verified(bearer.boot, proof.sha256), "kept");
        return report(
          { ...beaconOf(bearer.boot, rest.phase), ...rest },
          rest.progress === undefined ? "kept" : "volatile",
        );
      }
      const { installed: os } = bearer;
      if (rest.phase === "run" && (hostKey ?? certificate ?? rest.address) !== undefined) {
        await journal.append({
          t: "installed",
          installed: {
            ...os,
            hostKey: hostKey ?? os.hostKey,
            certificate: certificate ?? os.certificate,
            address: rest.address ?? os.address,
          },
        });
      }
      report(
        {
          node: os.node,
          boot: null,
          installation: os.installation,
          at: instant(now()),
          ...rest,
        },
        "kept",
      );
    },
  };
}
