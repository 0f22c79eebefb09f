/**
 * `npm run build:demo-image`: a small Linux that boots from a disk, says where it has got to, and is reached over SSH: the
 * behaviour that the OS module `linux` wants. Made of Debian's packages without root and without mounting anything: a FAT
 * partition with SYSLINUX, kernel and initramfs, and an ext4 partition with the system.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { busybox, debianKernel, initramfs, packagesIn, put, script } from "../../agent/ramdisk/base.ts";
import type { Entry } from "../../agent/ramdisk/cpio.ts";
import { BuildError, packaged, run } from "../../agent/ramdisk/debian.ts";

const mebibyte = 1024 * 1024;
const sectorBytes = 512;
const guest = (name: string): string => join(import.meta.dirname, "guest", name);

/** What dropbear is linked with. */
const libraries = [
  ["libc6", "lib/x86_64-linux-gnu/libc.so.6"],
  ["libc6", "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"],
  ["libcrypt1", "lib/x86_64-linux-gnu/libcrypt.so.1"],
  ["zlib1g", "lib/x86_64-linux-gnu/libz.so.1"],
  ["libtomcrypt1", "usr/lib/x86_64-linux-gnu/libtomcrypt.so.1"],
  ["libtommath1", "usr/lib/x86_64-linux-gnu/libtommath.so.1"],
  ["libgmp10", "usr/lib/x86_64-linux-gnu/libgmp.so.10"],
] as const;

const text = (path: string, content: string): Entry => ({
  kind: "file",
  path,
  content: Buffer.from(content),
  executable: false,
});

function system(out: string): Entry[] {
  const packages = packagesIn(out);
  const program = (path: string): Entry => ({
    kind: "file",
    path,
    content: packaged("dropbear-bin", path, packages),
    executable: true,
  });
  const folders =
    "dev etc etc/rackwright home lib lib64 mnt proc root run sbin sys tmp usr usr/bin usr/sbin usr/lib var var/lib var/lib/rackwright";
  return [
    ...folders.split(" ").map((path): Entry => ({ kind: "directory", path })),
    ...busybox(out),
    { kind: "link", path: "sbin/init", target: "../bin/busybox" },
    { kind: "link", path: "lib64/ld-linux-x86-64.so.2", target: "../lib/ld-linux-x86-64.so.2" },
    ...libraries.map(
      ([name, path]): Entry => ({
        kind: "file",
        path: `lib/${path.split("/").at(-1)}`,
        content: packaged(name, path, packages),
        executable: true,
      }),
    ),
    program("usr/sbin/dropbear"),
    program("usr/bin/dropbearkey"),
    { kind: "link", path: "bin/dropbearkey", target: "../usr/bin/dropbearkey" },
    { kind: "link", path: "bin/rackwright-beacon", target: "../usr/sbin/rackwright-beacon" },
    { kind: "link", path: "bin/rackwright-address", target: "../usr/sbin/rackwright-address" },
    script("etc/start", guest("start.sh")),
    script("etc/sshd", guest("sshd.sh")),
    script("usr/sbin/rackwright-beacon", guest("beacon.sh")),
    script("usr/sbin/rackwright-address", guest("address.sh")),
    script("usr/sbin/rackwright-guest", guest("guest.sh")),
    text("etc/inittab", "::sysinit:/etc/start\n::respawn:/etc/sshd\n::ctrlaltdel:/bin/reboot\n"),
    text(
      "etc/passwd",
      "root:x:0:0:root:/root:/bin/sh\nrackwright:x:0:0:the lab:/var/lib/rackwright:/bin/sh\n",
    ),
    text("etc/group", "root:x:0:\n"),
    text("etc/shadow", "root:*:19000::::::\nrackwright:*:19000::::::\n"),
    text("etc/shells", "/bin/sh\n"),
    text("etc/issue", "Rackwright demonstration system\n"),
  ];
}

/** Puts the entries into a folder, from which mke2fs fills the file system. */
function materialize(entries: readonly Entry[], dir: string): void {
  for (const entry of entries) {
    const path = join(dir, entry.path);
    mkdirSync(dirname(path), { recursive: true });
    if (entry.kind === "directory") mkdirSync(path, { recursive: true });
    else if (entry.kind === "link") symlinkSync(entry.target, path);
    else {
      writeFileSync(path, entry.content);
      chmodSync(path, entry.executable ? 0o755 : 0o644);
    }
  }
}

const bootMenu =
  "DEFAULT linux\nPROMPT 0\nLABEL linux\nKERNEL vmlinuz\nINITRD initrd\nAPPEND quiet no_timer_check console=ttyS0,115200\n";

function fatPartition(work: string, kernel: string, initrd: Buffer): Buffer {
  const file = join(work, "boot.fat");
  const contentBytes = statSync(kernel).size + initrd.length;
  writeFileSync(file, Buffer.alloc(Math.ceil(contentBytes / mebibyte + 0.5) * mebibyte));
  // SYSLINUX finds itself by the sectors before its partition.
  run("mkfs.fat", ["-h", String(mebibyte / sectorBytes), "-n", "BOOT", file], work);
  writeFileSync(join(work, "initrd"), initrd);
  writeFileSync(join(work, "syslinux.cfg"), bootMenu);
  run("syslinux", ["--install", file], work);
  run("mcopy", ["-i", file, kernel, "::vmlinuz"], work);
  run("mcopy", ["-i", file, "initrd", "syslinux.cfg", "::"], work);
  return readFileSync(file);
}

const rootMebibytes = 8;

function ext4Partition(work: string, entries: readonly Entry[]): Buffer {
  const [tree, file] = [join(work, "root"), join(work, "root.ext4")];
  materialize(entries, tree);
  const features = ["-O", "^has_journal,^huge_file", "-m", "0", "-b", "1024", "-I", "256", "-N", "512"];
  run("mke2fs", ["-q", "-F", "-t", "ext4", ...features, "-d", tree, file, `${rootMebibytes}M`], work);
  return readFileSync(file);
}

interface Partition {
  readonly type: number;
  readonly active: boolean;
  readonly content: Buffer;
}

/** A disk with a DOS partition table; the first partition begins at 1 MiB. */
function disk(bootCode: Buffer, partitions: readonly Partition[]): Buffer {
  const first = Buffer.alloc(mebibyte);
  bootCode.copy(first, 0, 0, 440);
  let sector = mebibyte / sectorBytes;
  for (const [index, { type, active, content }] of partitions.entries()) {
    const at = 446 + 16 * index;
    first.writeUInt8(active ? 0x80 : 0, at);
    // Cylinders, heads and sectors beyond what they can tell: everybody reads the numbers behind them.
    first.set([0xfe, 0xff, 0xff], at + 1);
    first.writeUInt8(type, at + 4);
    first.set([0xfe, 0xff, 0xff], at + 5);
    first.writeUInt32LE(sector, at + 8);
    first.writeUInt32LE(content.length / sectorBytes, at + 12);
    sector += content.length / sectorBytes;
  }
  first.writeUInt16LE(0xaa55, 510);
  return Buffer.concat([first, ...partitions.map(({ content }) => content)]);
}

const bootCodeFile = "/usr/lib/syslinux/mbr/mbr.bin";

/** The image's file. */
function build(out: string): string {
  const work = join(out, "demo.work");
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  if (!existsSync(bootCodeFile))
    throw new BuildError(`there is no ${bootCodeFile}: install the Debian package syslinux-common`);
  const kernel = debianKernel(out);
  const boot = fatPartition(work, kernel.file, initramfs(out, kernel, guest("initrd.sh"), []));
  const root = ext4Partition(work, system(out));
  const file = join(out, "demo.img");
  const fat16 = { type: 0x0e, active: true, content: boot };
  put(file, disk(readFileSync(bootCodeFile), [fat16, { type: 0x83, active: false, content: root }]));
  rmSync(work, { recursive: true, force: true });
  return file;
}

try {
  const file = build(resolve(process.argv[2] ?? "dist/metal"));
  process.stdout.write(`${file}: ${(statSync(file).size / mebibyte).toFixed(1)} MiB\n`);
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  process.stderr.write(`build:demo-image: ${error.message}\n`);
  process.exitCode = 1;
}
