/** What iPXE is told: the ramdisk, another controller, or the machine's own disk. Pure. */
import type { Visit } from "../core/command.ts";

const tries = 4;

/** Waits between tries, so that a machine that cannot get its kernel does not hammer us (field.md C48). */
export const ramdiskScript = (
  { url, token, mac }: { readonly url: string; readonly token: string; readonly mac: string },
  does: Visit | "discovery" | null,
): string => {
  const told = [`rackwright.url=${url}`, `rackwright.token=${token}`, `rackwright.mac=${mac}`];
  if (does === "discovery") told.push("rackwright.mode=discovery", "panic=30");
  else if (does !== null) told.push(`rackwright.visit=${does.kind}`);
  if (typeof does === "object" && does?.kind === "test") told.push(`rackwright.seconds=${does.seconds}`);
  const attempt = `kernel ${url}/boot/kernel ${told.join(" ")} && initrd ${url}/boot/ramdisk && boot ||`;
  const attempts = Array.from({ length: tries }, () => attempt).join("\nsleep 5\n");
  return `#!ipxe\n${attempts}\nsanboot --no-describe --drive 0x80 || exit\n`;
};

/** DHCP names one controller, but another may have the lease: it is asked before the disk is booted. */
export function othersScript(peers: readonly string[], mac: string, otherwise: string): string {
  if (peers.length === 0 || !isMac(mac)) return otherwise;
  const chains = peers.map((url) => `chain ${url}/boot/ipxe?mac=${mac}&passed-on=1 ||`);
  return otherwise.replace("#!ipxe\n", `#!ipxe\n${chains.join("\n")}\n`);
}

export const isMac = (text: string): boolean => /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(text);

export const nextScript = "#!ipxe\nexit\n";

export const bootDisk = "#!ipxe\nsanboot --no-describe --drive 0x80 || exit\n";

export const diskScript = bootDisk.replace("\n", "\necho Rackwright: boot your disk\n");
