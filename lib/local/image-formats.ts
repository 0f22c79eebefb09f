/**
 * What images come as: raw, gzip, zstd, or qcow2. Told by their first bytes, never by their names. What is stored is raw,
 * for that is what a disk gives back and what its checksum is of.
 */
import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";

/** An image that cannot be taken in: told with what to do. */
export class ImageError extends Error {
  override readonly name = "ImageError";
}

type Format = "raw" | "gzip" | "zstd" | "qcow2";

const headerBytes = 80;

/** Pure: by the first bytes of the file. Throws for a qcow2 that would bring in other files of this computer. */
export function formatOf(header: Buffer, file: string): Format {
  if (header.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b]))) return "gzip";
  if (header.subarray(0, 4).equals(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]))) return "zstd";
  if (!header.subarray(0, 4).equals(Buffer.from("QFI\xfb", "latin1"))) return "raw";
  if (header.length < headerBytes) throw new ImageError(`${file} is cut off: it ends in its qcow2 header`);
  const version = header.readUInt32BE(4);
  const usesBackingFile = header.readBigUInt64BE(8) !== 0n;
  const usesDataFile = version >= 3 && (header.readBigUInt64BE(72) & 4n) !== 0n;
  if (usesBackingFile || usesDataFile)
    throw new ImageError(
      `${file} is only a part: its qcow2 header names another file; convert it to one whole`,
    );
  return "qcow2";
}

/** The raw bytes of the image. `work` is a file that it may use meanwhile. */
export async function rawBytes(file: string, work: string): Promise<Readable> {
  switch (formatOf(await firstBytes(file), file)) {
    case "raw":
      return createReadStream(file);
    case "gzip":
      return unpackedBy(createGunzip(), file);
    case "zstd":
      return unpackedBy(createZstdDecompress(), file);
    case "qcow2":
      await convert(file, work);
      return createReadStream(work);
  }
}

async function firstBytes(file: string): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function unpackedBy(unpack: NodeJS.ReadWriteStream, file: string): Readable {
  const source = createReadStream(file);
  source.once("error", (error) => unpack.emit("error", error));
  return Readable.from(source.pipe(unpack));
}

function convert(file: string, work: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("qemu-img", ["convert", "-f", "qcow2", "-O", "raw", file, work], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (chunk) => {
      said = `${said}${chunk}`.slice(0, 500);
    });
    child.once("error", () =>
      reject(new ImageError(`${file} is a qcow2 image: install the Debian package qemu-utils to take it in`)),
    );
    child.once("close", (code) =>
      code === 0 ? resolve() : reject(new ImageError(`${file} is no whole qcow2 image: ${said.trim()}`)),
    );
  });
}
