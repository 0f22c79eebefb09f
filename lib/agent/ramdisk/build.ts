/**
 * `npm run build:ramdisk`: the kernel and the ramdisk that the boot service gives to a node which is to be imaged, made of
 * Debian's packages, without root. Both belong into the agent's `bootFilesDir`.
 */
import { mkdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { debianKernel, initramfs, packagesIn, put, putCopy, script } from "./base.ts";
import type { Entry } from "./cpio.ts";
import { BuildError, packaged } from "./debian.ts";

const source = (name: string): string => join(import.meta.dirname, name);

/**
 * What knows partitions and file systems, Perl for raw sockets (of it the program alone), and what they are linked with: by
 * package, the file in it, where it goes.
 */
const programs = [
  ["fdisk", "sbin/sfdisk", "bin/sfdisk"],
  ["e2fsprogs", "sbin/resize2fs", "bin/resize2fs"],
  ["e2fsprogs", "sbin/dumpe2fs", "bin/dumpe2fs"],
  ["perl-base", "usr/bin/perl", "bin/perl"],
  ["libc6", "lib/x86_64-linux-gnu/libc.so.6", "lib/libc.so.6"],
  ["libc6", "lib/x86_64-linux-gnu/libm.so.6", "lib/libm.so.6"],
  ["libcrypt1", "lib/x86_64-linux-gnu/libcrypt.so.1", "lib/libcrypt.so.1"],
  ["libc6", "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "lib64/ld-linux-x86-64.so.2"],
  ["libfdisk1", "usr/lib/x86_64-linux-gnu/libfdisk.so.1", "lib/libfdisk.so.1"],
  ["libsmartcols1", "usr/lib/x86_64-linux-gnu/libsmartcols.so.1", "lib/libsmartcols.so.1"],
  ["libblkid1", "usr/lib/x86_64-linux-gnu/libblkid.so.1", "lib/libblkid.so.1"],
  ["libuuid1", "usr/lib/x86_64-linux-gnu/libuuid.so.1", "lib/libuuid.so.1"],
  ["libreadline8", "lib/x86_64-linux-gnu/libreadline.so.8", "lib/libreadline.so.8"],
  ["libtinfo6", "lib/x86_64-linux-gnu/libtinfo.so.6", "lib/libtinfo.so.6"],
  ["libext2fs2", "lib/x86_64-linux-gnu/libe2p.so.2", "lib/libe2p.so.2"],
  ["libext2fs2", "lib/x86_64-linux-gnu/libext2fs.so.2", "lib/libext2fs.so.2"],
  ["libcom-err2", "lib/x86_64-linux-gnu/libcom_err.so.2", "lib/libcom_err.so.2"],
] as const;

const tools = (out: string): Entry[] => [
  ...["lib", "lib64"].map((path): Entry => ({ kind: "directory", path })),
  ...programs.map(
    ([name, file, path]): Entry => ({
      kind: "file",
      path,
      content: packaged(name, file, packagesIn(out)),
      executable: true,
    }),
  ),
];
const out = resolve(process.argv[2] ?? "dist/metal");
try {
  mkdirSync(out, { recursive: true });
  const kernel = debianKernel(out);
  putCopy(join(out, "kernel"), kernel.file);
  put(
    join(out, "ramdisk"),
    initramfs(out, kernel, source("init.sh"), [
      ...tools(out),
      script("bin/grow.sh", source("grow.sh")),
      script("bin/free.sh", source("free.sh")),
      script("bin/neighbours.pl", source("neighbours.pl")),
      script("bin/reader.sh", source("reader.sh")),
      script("bin/visit.sh", source("visit.sh")),
    ]),
  );
  for (const name of ["kernel", "ramdisk"])
    process.stdout.write(
      `${join(out, name)}: ${(statSync(join(out, name)).size / 1024 / 1024).toFixed(1)} MiB\n`,
    );
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  process.stderr.write(`build:ramdisk: ${error.message}\n`);
  process.exitCode = 1;
}
