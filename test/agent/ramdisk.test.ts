/** How the ramdisk is packed: as the kernel unpacks it, and with modules in an order in which they load. */
import { mkdirSync, writeFileSync } from "node:fs";
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
