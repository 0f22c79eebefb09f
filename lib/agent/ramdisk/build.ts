/**
 * `npm run build:ramdisk`: the kernel and the ramdisk that the boot service gives to a node which is to be imaged, made of
 * Debian's packages, without root. Both belong into the agent's `bootFilesDir`.
 */
import { mkdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { debianKernel, initramfs, put, putCopy, script } from "./base.ts";
import { BuildError } from "./debian.ts";

const source = (name: string): string => join(import.meta.dirname, name);
const out = resolve(process.argv[2] ?? "dist/metal");
try {
  mkdirSync(out, { recursive: true });
  const kernel = debianKernel(out);
  putCopy(join(out, "kernel"), kernel.file);
  put(
    join(out, "ramdisk"),
    initramfs(out, kernel, source("init.sh"), [
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
