/** How the ramdisk is packed: as the kernel unpacks it, and with modules in an order in which they load. */
import { execFileSync } from "node:child_process";
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { cpio } from "../../lib/agent/ramdisk/cpio.ts";
import { modulesInOrder } from "../../lib/agent/ramdisk/modules.ts";
import { temporaryFolder } from "../support/stack.ts";

const folder = temporaryFolder();
afterAll(folder.remove);

/** Reads what the kernel would (format newc): every header, name and content begins at a multiple of four. */
function unpacked(archive: Buffer): { path: string; mode: string; user: number; content: string }[] {
  const found = [];
  for (let at = 0; ; ) {
    const field = (index: number) =>
      Number.parseInt(archive.toString("latin1", at + 6 + 8 * index, at + 14 + 8 * index), 16);
    expect(archive.toString("latin1", at, at + 6)).toBe("070701");
    const [mode, user, size, nameLength] = [field(1), field(2), field(6), field(11)];
    const path = archive.toString("latin1", at + 110, at + 109 + nameLength);
    const from = Math.ceil((at + 110 + nameLength) / 4) * 4;
    if (path === "TRAILER!!!") return found;
    found.push({
      path,
      mode: mode.toString(8),
      user,
      content: archive.toString("latin1", from, from + size),
    });
    at = Math.ceil((from + size) / 4) * 4;
  }
}

test("what is packed comes out again, and belongs to root", () => {
  const archive = cpio([
    { kind: "directory", path: "bin" },
    { kind: "file", path: "bin/busybox", content: Buffer.from("abcde"), executable: true },
    { kind: "file", path: "order", content: Buffer.alloc(0), executable: false },
    { kind: "link", path: "bin/sh", target: "busybox" },
  ]);
  expect(unpacked(archive)).toEqual([
    { path: "bin", mode: "40755", user: 0, content: "" },
    { path: "bin/busybox", mode: "100755", user: 0, content: "abcde" },
    { path: "order", mode: "100644", user: 0, content: "" },
    { path: "bin/sh", mode: "120777", user: 0, content: "busybox" },
  ]);
});

test("a module stands behind all that it needs, once, and one that is not there is named", () => {
  const modules = join(folder.path, "lib/modules/6.1/kernel");
  mkdirSync(modules, { recursive: true });
  const add = (name: string, needs: string) =>
    writeFileSync(join(modules, `${name}.ko`), `\u007fELF\0license=GPL\0depends=${needs}\0retpoline=Y\0`);
  add("virtio-net", "net_failover,virtio,virtio_ring");
  add("net_failover", "failover");
  add("failover", "");
  add("virtio", "virtio_ring");
  add("virtio_ring", "");
  const order = modulesInOrder(folder.path, ["virtio", "virtio_net"]).map(({ name }) => name);
  expect(order).toEqual(["virtio_ring", "virtio", "failover", "net_failover", "virtio_net"]);
  expect(() => modulesInOrder(folder.path, ["e1000"])).toThrow("has no module e1000");
});

test("a capture reads no piece in which the file system has nothing, and every one in which it has something", () => {
  const [disk, tree] = [join(folder.path, "ext4"), join(folder.path, "tree")];
  mkdirSync(tree);
  writeFileSync(join(tree, "kept"), "what must be in the image\n".repeat(50_000));
  writeFileSync(disk, "");
  truncateSync(disk, 48 * 1024 * 1024);
  const run = (program: string, ...words: readonly string[]): string =>
    execFileSync(program, [...words], {
      encoding: "utf8",
      maxBuffer: 32 * 1024 * 1024,
      env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` },
    });
  run("mke2fs", "-q", "-F", "-t", "ext4", "-b", "1024", "-d", tree, disk);
  const piece = 2 * 1024 * 1024;
  // In the middle of a piece, as partitions begin where they like.
  const sector = 2048 + 34;
  const layout = join(folder.path, "layout");
  writeFileSync(layout, `@ 2048\nno file system\n@ ${sector}\n${run("dumpe2fs", disk)}`);
  const filter = join(import.meta.dirname, "../../lib/agent/ramdisk/free.sh");
  const free = run("sh", "-c", `. ${filter}; free_pieces ${piece} <${layout}`)
    .split("\n")
    .filter((line) => line !== "")
    .map(Number);
  expect(free.length).toBeGreaterThan(12);
  expect(free).toEqual(free.toSorted((a, b) => a - b));
  // By the file system's own word, block by block.
  const blocks = Array.from({ length: 48 * 1024 }, (_, block) => block);
  const asked = join(folder.path, "asked");
  writeFileSync(
    asked,
    blocks
      .slice(1)
      .map((block) => `testb ${block}\n`)
      .join(""),
  );
  const used = run("debugfs", "-f", asked, disk)
    .split("\n")
    .flatMap((line) => /^Block (\d+) marked in use/.exec(line)?.[1] ?? [])
    .map((block) => Math.floor((sector * 512 + Number(block) * 1024) / piece));
  expect(used.length).toBeGreaterThan(1200);
  expect(free.filter((each) => used.includes(each))).toEqual([]);
});
