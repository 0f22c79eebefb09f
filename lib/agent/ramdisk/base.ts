/** What our ramdisk and the initramfs of the demonstration image have in common: busybox, kernel modules, our scripts. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { cpio, type Entry } from "./cpio.ts";
import { BuildError, kernelPackage, run, unpacked } from "./debian.ts";
import { type Module, modulesInOrder } from "./modules.ts";

export interface Kernel {
  /** The bootable kernel. */
  readonly file: string;
  readonly modules: readonly Module[];
}

/** Packages are kept in a folder of the output, so that a second build fetches nothing. */
export const packagesIn = (out: string): string => {
  const dir = join(out, "packages");
  mkdirSync(dir, { recursive: true });
  return dir;
};

/** The Debian cloud kernel with the modules for virtio disks, networks and random numbers; ext4 is built in. */
export function debianKernel(out: string): Kernel {
  const packages = packagesIn(out);
  const name = kernelPackage(packages);
  const root = unpacked(name, packages);
  const file = join(root, "boot", name.replace("linux-image-", "vmlinuz-"));
  if (!existsSync(file)) throw new BuildError(`${name} has no kernel ${basename(file)}`);
  return { file, modules: modulesInOrder(root, ["virtio_pci", "virtio_blk", "virtio_net", "virtio_rng"]) };
}

/** Busybox with its applets as links, and HTTP for our scripts, in `bin/`. */
export function busybox(out: string): Entry[] {
  const file = join(unpacked("busybox-static", packagesIn(out)), "bin/busybox");
  const content = readFileSync(file);
  const applets = run(file, ["--list"], out)
    .split("\n")
    .filter((name) => name !== "" && name !== "busybox");
  return [
    { kind: "directory", path: "bin" },
    { kind: "file", path: "bin/busybox", content, executable: true },
    script("bin/facts.sh", join(import.meta.dirname, "facts.sh")),
    script("bin/http.sh", join(import.meta.dirname, "http.sh")),
    ...applets.map((name): Entry => ({ kind: "link", path: `bin/${name}`, target: "busybox" })),
  ];
}

/** A script of ours. */
export const script = (path: string, source: string): Entry => ({
  kind: "file",
  path,
  content: readFileSync(source),
  executable: true,
});

/** The root file system that a kernel starts with: `init` first, then the modules in `modules/order`. */
export function initramfs(out: string, { modules }: Kernel, init: string, more: readonly Entry[]): Buffer {
  const directories = ["dev", "proc", "sys", "run", "tmp", "mnt", "modules"];
  const order = modules.map(({ name }) => `${name}.ko\n`).join("");
  return gzipSync(
    cpio([
      ...directories.map((path): Entry => ({ kind: "directory", path })),
      ...busybox(out),
      script("init", init),
      script("udhcpc.sh", join(import.meta.dirname, "udhcpc.sh")),
      { kind: "file", path: "modules/order", content: Buffer.from(order), executable: false },
      ...modules.map(
        ({ name, file }): Entry => ({
          kind: "file",
          path: `modules/${name}.ko`,
          content: readFileSync(file),
          executable: false,
        }),
      ),
      ...more,
    ]),
  );
}

/** Whole or not at all, so that a build that was stopped leaves nothing that boots half. */
export function put(file: string, content: Buffer): void {
  writeFileSync(`${file}.part`, content);
  renameSync(`${file}.part`, file);
}

export function putCopy(file: string, source: string): void {
  copyFileSync(source, `${file}.part`);
  renameSync(`${file}.part`, file);
}
