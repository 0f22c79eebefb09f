/** A disk image to show: the right size and look for one, the same bytes on every machine, and nobody's software. */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";

const blockBytes = 1024 * 1024;

/** Writes 16 MiB of noise behind a boot sector with its signature: the same bytes for the same variant. */
export async function makeDemoImage(file: string, variant = "", megabytes = 16): Promise<void> {
  const handle = await open(file, "w");
  try {
    for (let block = 0; block < megabytes; block += 1) {
      const bytes = noise(`rackwright demo image ${variant}, block ${block}`);
      if (block === 0) {
        bytes.fill(0, 0, 512);
        bytes.write("Rackwright demonstration image", 0, "ascii");
        bytes.writeUInt16LE(0xaa55, 510);
      }
      await handle.write(bytes);
    }
  } finally {
    await handle.close();
  }
}

/** Incompressible, so that what is measured with it is not flattered. */
function noise(seed: string): Buffer {
  return createHash("shake256", { outputLength: blockBytes }).update(seed).digest();
}
