/** Copies the disk of a machine that is off: flattened on its host, with nothing behind it, then fetched as a qcow2 file. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeFault } from "../../core/fault.ts";
import { DriverFault } from "../driver-fault.ts";
import type { BmcAccess } from "../power/driver.ts";
import { converse } from "../power/libvirt.ts";
import { diskOf, placeOf } from "./libvirt.ts";

/** A large disk is flattened and fetched for a long time. */
const copyMs = 2 * 60 * 60_000;

/** The file is whole, or a DriverFault says what was read back instead. The machine's own disk is only read. */
export async function copyDisk(bmc: BmcAccess, file: string): Promise<void> {
  const place = placeOf(bmc);
  const { domain, pool } = place;
  const failed = (message: string): DriverFault =>
    new DriverFault(nodeFault("disk-not-copied", `libvirt at ${bmc.address}: ${message}`));
  const about = await converse(bmc, [`vol-dumpxml ${diskOf(place)} --pool ${pool}`, `domstate ${domain}`]);
  const [, capacity] = /<capacity unit='bytes'>(\d+)<\/capacity>/.exec(about.text) ?? [];
  if (capacity === undefined) throw failed(about.errors.at(-1) ?? `${domain} has no disk ${diskOf(place)}`);
  if (!/shut off\s*$/.test(about.text)) throw failed(`${domain} is not off: its disk is copied only then`);
  const copy = `rackwright-copy-${domain}`;
  const folder = mkdtempSync(join(tmpdir(), "rackwright-copy-"));
  try {
    const definition = join(folder, "volume.xml");
    writeFileSync(definition, volumeXml(copy, capacity));
    bmc.guard();
    const { text, errors } = await converse(
      bmc,
      [
        `vol-delete ${copy} --pool ${pool}`,
        `vol-create-from ${pool} ${definition} ${diskOf(place)} --inputpool ${pool}`,
        `vol-download ${copy} ${file} --pool ${pool}`,
        `domstate ${domain}`,
        `vol-delete ${copy} --pool ${pool}`,
      ],
      copyMs,
    );
    // The copy of an earlier try is usually not there to be deleted.
    const wrong = errors.filter((line) => !/no storage vol|failed to get vol/i.test(line));
    if (wrong.length > 0) throw failed(wrong[0] ?? "");
    if (!/shut off/.test(text)) throw failed(`${domain} was switched on while its disk was copied`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Without a backing store: the copy stands alone. Pure, for its tests. */
export const volumeXml = (name: string, capacityBytes: string): string =>
  `<volume><name>${name}</name><capacity unit='bytes'>${capacityBytes}</capacity><target><format type='qcow2'/></target></volume>\n`;
