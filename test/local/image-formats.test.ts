/** What an image may come as, and what becomes of one that is not whole. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { formatOf } from "../../lib/local/image-formats.ts";
import { importImage } from "../../lib/local/image-store.ts";
import { temporaryFolder } from "../support/stack.ts";

const folder = temporaryFolder();
afterAll(folder.remove);
const store = join(folder.path, "store");
const raw = Buffer.concat([Buffer.from("a boot sector"), Buffer.alloc(3 * 1024 * 1024, 7)]);
const sha256 = createHash("sha256").update(raw).digest("hex");

const given = (name: string, content: Buffer): string => {
  const file = join(folder.path, name);
  writeFileSync(file, content);
  return file;
};

/** A qcow2 header, version 3. */
const qcow2 = (backingFileOffset: bigint, incompatible: bigint): Buffer => {
  const header = Buffer.alloc(104);
  header.write("QFI\xfb", 0, "latin1");
  header.writeUInt32BE(3, 4);
  header.writeBigUInt64BE(backingFileOffset, 8);
  header.writeBigUInt64BE(incompatible, 72);
  return header;
};

test.each([
  ["raw", raw],
  ["gzip", gzipSync(raw)],
  ["zstd", zstdCompressSync(raw)],
])(
  "an image that comes as %s is stored raw, once, under the checksum of its raw bytes",
  async (name, content) => {
    const imported = await importImage(given(`image.${name}`, content), store);
    expect(imported).toEqual({ sha256, sizeBytes: raw.length });
    expect(readdirSync(store)).toEqual([sha256]);
    expect(readFileSync(join(store, sha256)).equals(raw)).toBe(true);
  },
);

test("an archive that is cut off is refused, and nothing of it stays", async () => {
  const cut = gzipSync(raw).subarray(0, 1000);
  await expect(importImage(given("cut.gz", cut), store)).rejects.toThrow();
  expect(readdirSync(store)).toEqual([sha256]);
});

test("a qcow2 image that would bring in other files of this computer is refused before anything reads it", () => {
  expect(formatOf(qcow2(0n, 0n), "whole.qcow2")).toBe("qcow2");
  expect(() => formatOf(qcow2(104n, 0n), "thin.qcow2")).toThrow("names another file");
  expect(() => formatOf(qcow2(0n, 4n), "split.qcow2")).toThrow("names another file");
});
