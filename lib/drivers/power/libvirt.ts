/**
 * Virtual machines by libvirt's virsh. The address is a connection URI, the option `domain` the machine's name. A change
 * and its reading back go over one connection. libvirt has no “boot once”: the order is changed for as long as the machine
 * has not been started, and put back by the start.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import type { BootDevice, PowerState } from "../../core/command.ts";
import { configurationFault, nodeFault } from "../../core/fault.ts";
import { DriverFault } from "../driver-fault.ts";
import {
  type BmcAccess,
  firstLine,
  optionsOf,
  type PowerDriver,
  unreachable,
  unsupported,
} from "./driver.ts";

/** What a node's power settings say of its virtual machine. */
export const libvirtOptions = z.strictObject({
  domain: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, "is not the name of a virtual machine"),
  /** For the build system libvirt: where disks are made, what the machine is connected to, and how it is run. */
  pool: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "is not the name of a storage pool")
    .default("default"),
  network: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "is not the name of a network")
    .default("default"),
  type: z.enum(["kvm", "qemu", "test"]).default("kvm"),
});
const uri = /^[a-z][a-z0-9+]*:\/\/[A-Za-z0-9@.:_/-]*(\?[A-Za-z0-9=&._/%-]*)?$/;
const callMs = 60_000;

export interface Heard {
  readonly text: string;
  /** What went wrong, line by line: a command that fails does not end the connection. */
  readonly errors: readonly string[];
}

/** Runs commands over one connection. Throws a DriverFault where there was none. */
export async function converse(
  bmc: BmcAccess,
  commands: readonly string[],
  timeoutMs = callMs,
): Promise<Heard> {
  if (!uri.test(bmc.address)) {
    const message = `${JSON.stringify(bmc.address)} is no libvirt connection: qemu:///system or qemu+ssh://host/system is wanted`;
    throw new DriverFault(configurationFault("power-address", message));
  }
  const args = ["-q", "-c", bmc.address, commands.join("; ")];
  const { code, stdout, stderr } = await bmc.tool("virsh", args, { timeoutMs }, bmc.signal);
  if (code === null || /failed to connect|cannot recv|end of file|connection refused/i.test(stderr))
    throw unreachable(bmc.address, firstLine(stderr, stdout));
  return { text: stdout, errors: stderr.match(/^error: .*/gm) ?? [] };
}

/** As `converse`, for a machine that must be there; the last command reads back. */
async function virsh(
  bmc: BmcAccess,
  ...commands: readonly string[]
): Promise<{ readonly text: string; readonly error: string | null }> {
  const { text, errors } = await converse(bmc, commands);
  const lost = errors.find((line) => /failed to get domain|no domain with matching name/i.test(line));
  if (lost !== undefined)
    throw new DriverFault(configurationFault("domain-unknown", `libvirt at ${bmc.address}: ${lost}`));
  return { text, error: errors[0] ?? null };
}

const nameOf = (bmc: BmcAccess): string => optionsOf("libvirt", libvirtOptions, bmc).domain;

function stateIn(text: string): PowerState {
  const last = text.trim().split("\n").at(-1)?.trim() ?? "";
  if (["running", "idle", "paused", "in shutdown", "pmsuspended"].includes(last)) return "on";
  return ["shut off", "crashed"].includes(last) ? "off" : "unknown";
}

const read = async (bmc: BmcAccess): Promise<PowerState> =>
  stateIn((await virsh(bmc, `domstate ${nameOf(bmc)}`)).text);

/** That a machine is already as wanted is no failure: what counts is what is read back over the same connection. */
async function change(
  bmc: BmcAccess,
  verb: "start" | "destroy" | "reset",
  wanted: PowerState,
): Promise<PowerState> {
  bmc.guard();
  const name = nameOf(bmc);
  const { text, error } = await virsh(bmc, `${verb} ${name}`, `domstate ${name}`);
  const seen = stateIn(text);
  if (error !== null && (verb === "reset" || seen !== wanted)) {
    throw new DriverFault(
      nodeFault("bmc-refused", `libvirt at ${bmc.address} refused ${verb} of ${name}: ${error}`),
    );
  }
  if (seen === wanted) return seen;
  const message = `libvirt at ${bmc.address} took ${verb}, but ${name} is ${seen}`;
  throw new DriverFault(nodeFault("power-unchanged", message));
}

/** Title of a machine whose boot order is to be put back by its next start. */
const markName = "rackwright-boot-once";
const bootLines = /^[ \t]*<boot dev=(['"])[a-z]+\1\/>\n/gm;
const orders: Readonly<Record<BootDevice, readonly string[]>> = {
  network: ["network", "hd"],
  disk: ["hd", "network"],
};

/** The definition with another boot order. Pure, for its tests. */
export function withBootOrder(xml: string, device: BootDevice, once: boolean): string {
  const lines = orders[device].map((each) => `    <boot dev='${each}'/>\n`).join("");
  const title = once ? `  <title>${markName}</title>\n` : "";
  return xml
    .replace(bootLines, "")
    .replace(/^[ \t]*<title>rackwright-boot-once<\/title>\n/m, "")
    .replace(/<\/os>/, `${lines.trimStart()}  </os>`)
    .replace(/(<name>[^<]*<\/name>\n)/, `$1${title}`);
}

const firstBootDevice = (xml: string): string | null => /<boot dev=['"]([a-z]+)['"]/.exec(xml)?.[1] ?? null;

async function define(bmc: BmcAccess, xml: string, device: BootDevice): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "rackwright-libvirt-"));
  try {
    const file = join(folder, "domain.xml");
    writeFileSync(file, xml, { mode: 0o600 });
    bmc.guard();
    const { text, error } = await virsh(bmc, `define ${file}`, `dumpxml --inactive ${nameOf(bmc)}`);
    const [first] = orders[device];
    if (error !== null || firstBootDevice(text) !== first) {
      const message = `libvirt at ${bmc.address} was asked to boot from ${device}, but has ${firstBootDevice(text)}${error === null ? "" : ` (${error})`}`;
      throw new DriverFault(nodeFault("boot-device-unchanged", message));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What runs keeps the order it was started with; the next start gets the disk again. */
async function forgetOnce(bmc: BmcAccess): Promise<void> {
  const { text: xml } = await virsh(bmc, `dumpxml --inactive ${nameOf(bmc)}`);
  if (xml.includes(`<title>${markName}</title>`))
    await define(bmc, withBootOrder(xml, "disk", false), "disk");
}

async function on(bmc: BmcAccess): Promise<PowerState> {
  if ((await read(bmc)) === "on") return "on";
  const seen = await change(bmc, "start", "on");
  await forgetOnce(bmc);
  return seen;
}

const off = async (bmc: BmcAccess): Promise<PowerState> =>
  (await read(bmc)) === "off" ? "off" : change(bmc, "destroy", "off");

export const libvirt: PowerDriver = {
  name: "libvirt",
  needsCredential: false,
  bootDevice: "settable",
  on,
  off,
  cycle: async (bmc) => {
    await off(bmc);
    return on(bmc);
  },
  reset: async (bmc) => ((await read(bmc)) === "off" ? on(bmc) : change(bmc, "reset", "on")),
  status: read,
  setBootDevice: async (bmc, device, persistence) => {
    const { text } = await virsh(bmc, `dumpxml --inactive ${nameOf(bmc)}`);
    await define(bmc, withBootOrder(text, device, persistence === "once" && device === "network"), device);
  },
  identify: () => Promise.reject(unsupported("libvirt", "light a machine up")),
};
