/**
 * Makes and unmakes virtual machines by virsh. The base of an image is uploaded to the storage pool once; a machine's disk
 * is an overlay on it. What a command changed counts only when it was read back over the same connection.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ImageContent } from "../../core/command.ts";
import { nodeFault } from "../../core/fault.ts";
import { DriverFault } from "../driver-fault.ts";
import { type BmcAccess, optionsOf } from "../power/driver.ts";
import { converse, libvirtOptions } from "../power/libvirt.ts";

export interface MachinePlan {
  readonly installation: string;
  readonly image: ImageContent & { readonly file: string };
  readonly memoryMib: number;
  readonly cpus: number;
  readonly diskGib: number;
  readonly macs: readonly string[];
  /** Told to the guest in SMBIOS OEM strings (type 11), where cloud-init and scripts find them. */
  readonly told: Readonly<Record<string, string>>;
}

type Place = ReturnType<typeof placeOf>;
export const placeOf = (bmc: BmcAccess) => optionsOf("libvirt", libvirtOptions, bmc);

const changeMs = 60_000;
/** An image goes over the network to the host. */
const uploadMs = 4 * 60_000;

const baseOf = ({ sha256 }: ImageContent): string => `rackwright-${sha256}`;
/** The volume that is a machine's disk. */
export const diskOf = ({ domain }: Place): string => `rackwright-disk-${domain}`;

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("'", "&apos;");

/** The machine's definition. Pure, for its tests. */
export function domainXml(place: Place, { installation, memoryMib, cpus, macs, told }: MachinePlan): string {
  const entries = Object.entries(told).map(
    ([name, value]) => `<entry>${escaped(`${name}=${value}`)}</entry>`,
  );
  const cards = macs.map(
    (mac) =>
      `<interface type='network'><mac address='${mac}'/><source network='${place.network}'/><model type='virtio'/></interface>`,
  );
  return `<domain type='${place.type}'>
  <name>${place.domain}</name>
  <title>${escaped(installation)}</title>
  <memory unit='MiB'>${memoryMib}</memory>
  <vcpu>${cpus}</vcpu>
  <sysinfo type='smbios'><oemStrings>${entries.join("")}</oemStrings></sysinfo>
  <os><type>hvm</type><boot dev='hd'/><smbios mode='sysinfo'/></os>
  <features><acpi/></features>
  <devices>
    <disk type='volume' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source pool='${place.pool}' volume='${diskOf(place)}'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    ${cards.join("\n    ")}
    <serial type='pty'/>
    <console type='pty'/>
  </devices>
</domain>
`;
}

/** A base without its mark was never whole: it is made anew. */
async function ensureBase(bmc: BmcAccess, { pool }: Place, image: MachinePlan["image"]): Promise<void> {
  const base = baseOf(image);
  const marked = await converse(bmc, [`vol-info ${base}.whole --pool ${pool}`]);
  if (marked.errors.length === 0) return;
  bmc.guard();
  await converse(bmc, [`vol-delete ${base} --pool ${pool}`]);
  const { errors } = await converse(
    bmc,
    [
      `vol-create-as ${pool} ${base} ${image.sizeBytes}b --format qcow2`,
      `vol-upload ${base} ${image.file} --pool ${pool}`,
      `vol-info ${base} --pool ${pool}`,
    ],
    uploadMs,
  );
  const [error] = errors;
  if (error !== undefined) {
    const message = `libvirt at ${bmc.address} does not take image ${image.sha256.slice(0, 12)}… into pool ${pool}: ${error}`;
    throw new DriverFault({ class: "infrastructure", code: "image-not-uploaded", message });
  }
  await converse(bmc, [`vol-create-as ${pool} ${base}.whole 1b --format raw`]);
}

/** The machine is off and made of this installation alone, or a DriverFault says what was read back instead. */
export async function createMachine(bmc: BmcAccess, plan: MachinePlan): Promise<void> {
  const place = placeOf(bmc);
  const { domain, pool } = place;
  await ensureBase(bmc, place, plan.image);
  const folder = mkdtempSync(join(tmpdir(), "rackwright-vm-"));
  try {
    const file = join(folder, "domain.xml");
    writeFileSync(file, domainXml(place, plan), { mode: 0o600 });
    bmc.guard();
    const { text, errors } = await converse(
      bmc,
      [
        `destroy ${domain}`,
        `undefine ${domain} --managed-save --snapshots-metadata`,
        `vol-delete ${diskOf(place)} --pool ${pool}`,
        `vol-create-as ${pool} ${diskOf(place)} ${plan.diskGib}GiB --format qcow2 --backing-vol ${baseOf(plan.image)} --backing-vol-format qcow2`,
        `define ${file}`,
        `vol-dumpxml ${diskOf(place)} --pool ${pool}`,
        `dumpxml --inactive ${domain}`,
        `domstate ${domain}`,
      ],
      changeMs,
    );
    const isMade =
      text.includes(`${baseOf(plan.image)}</path>`) &&
      text.includes(`<title>${escaped(plan.installation)}</title>`) &&
      /shut off\s*$/.test(text);
    if (isMade) return;
    const message = `libvirt at ${bmc.address} did not make ${domain} from the image: ${errors.at(-1) ?? "it is not what was asked for"}`;
    throw new DriverFault(nodeFault("machine-not-made", message));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The machine is off and its disk is gone, or a DriverFault says what is left. */
export async function removeDisk(bmc: BmcAccess): Promise<void> {
  const place = placeOf(bmc);
  bmc.guard();
  const { text, errors } = await converse(bmc, [
    `destroy ${place.domain}`,
    `vol-delete ${diskOf(place)} --pool ${place.pool}`,
    `vol-list ${place.pool}`,
    `domstate ${place.domain}`,
  ]);
  const left = text.split(/\s+/).includes(diskOf(place));
  if (!left && /shut off\s*$/.test(text)) return;
  const message = `libvirt at ${bmc.address} did not give ${place.domain} up: ${errors.at(-1) ?? "its disk is still there"}`;
  throw new DriverFault(nodeFault("machine-not-removed", message));
}
