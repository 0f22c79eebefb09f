/**
 * The files of a virtual machine's system. They lie in the last bytes of its disk, so that whoever copies the disk has them,
 * and whoever writes it anew has lost them.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import * as z from "zod";

/** Of the disk; less where it is smaller. */
const mostBytes = 64 * 1024;
const mark = "rackwright-files/1\n";
const shape = z.record(z.string(), z.string());

export type Files = Readonly<Record<string, string>>;

/** None where nothing was ever written since the disk was. */
export function readFiles(disk: string): Files {
  const [file, from, size] = placeOn(disk, "r");
  try {
    const bytes = Buffer.alloc(size);
    readSync(file, bytes, 0, size, from);
    const text = bytes.toString("latin1", 0, mark.length);
    if (text !== mark) return {};
    const end = bytes.indexOf(0, mark.length);
    return shape.parse(JSON.parse(bytes.toString("utf8", mark.length, end < 0 ? size : end)));
  } finally {
    closeSync(file);
  }
}

/** Throws when the disk has no room for it. */
export function writeFile(disk: string, name: string, text: string): void {
  const files = { ...readFiles(disk), [name]: text };
  const [file, from, size] = placeOn(disk, "r+");
  try {
    const bytes = Buffer.alloc(size);
    const content = Buffer.from(`${mark}${JSON.stringify(files)}`);
    if (content.length >= size) throw new Error("No space left on device");
    content.copy(bytes);
    writeSync(file, bytes, 0, size, from);
  } finally {
    closeSync(file);
  }
}

function placeOn(disk: string, flags: "r" | "r+"): [file: number, from: number, size: number] {
  const file = openSync(disk, flags);
  const { size } = fstatSync(file);
  const length = Math.min(size, mostBytes);
  return [file, size - length, length];
}
