/** What a virtual machine is made of: the same as all others, but for what its configuration says. */
import { createHash } from "node:crypto";
import type { MachineBody } from "../../contracts/found.ts";
import type { RackNode } from "./config.ts";

const diskBytes = 480e9;

/** What its ramdisk finds out about it. `memoryLeft`: so much, where some is lost. */
export function machineBodyOf(
  { id, macs, hardware, tellsBmcAddress }: RackNode,
  bmcPort: number,
  memoryLeft?: number,
): MachineBody {
  const [mac = "00:00:00:00:00:00"] = macs;
  return {
    mac,
    hardware: {
      cpus: 8,
      memoryMiB: 32_768,
      disks: [{ name: "sda", sizeBytes: diskBytes, serial: `disk-of-${id}` }],
      nics: macs.map((each, index) => ({ mac: each, name: `eth${index}`, link: "up", speedMbps: 10_000 })),
      firmware: { vendor: "Rackwright", version: "1.0" },
      system: {
        manufacturer: "Rackwright",
        product: "Virtual machine",
        uuid: uuidOf(id),
        serial: `serial-of-${id}`,
      },
      ...hardware,
      ...(memoryLeft === undefined ? {} : { memoryMiB: memoryLeft }),
    },
    bmcAddress: tellsBmcAddress ? `127.0.0.1:${bmcPort}` : null,
  };
}

/** The same machine has the same one for ever (RFC 9562, version 8: of our own making). */
function uuidOf(id: string): string {
  const hex = createHash("sha256").update(id).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
