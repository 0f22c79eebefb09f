/**
 * Takes files out of Debian's packages without root and without installing anything: what boots on a node comes from the
 * archive that the machine's own apt trusts.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Something that a build wants and that is not there: told with what to do. */
export class BuildError extends Error {
  override readonly name = "BuildError";
}

export function run(program: string, parameters: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, [...parameters], {
    cwd,
    encoding: "utf8",
    // Where Debian keeps programs that make file systems, for whoever is not root.
    env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` },
  });
  if (error !== undefined)
    throw new BuildError(`${program} does not run here (${error.message}): install its Debian package`);
  if (status === 0) return stdout;
  throw new BuildError(
    `${program} ${parameters.join(" ")} ended with ${status}: ${stderr.trim().slice(-500)}`,
  );
}

/** The folder into which the package was unpacked; fetched once, for `dir` keeps it. */
export function unpacked(name: string, dir: string): string {
  const folder = join(dir, name);
  if (existsSync(folder)) return folder;
  const fetched = join(dir, `${name}.part`);
  rmSync(fetched, { recursive: true, force: true });
  mkdirSync(fetched, { recursive: true });
  // Apt's own unprivileged user cannot write here, and says so on every call; it fetches as ours then.
  run("apt-get", ["download", "-qq", "-o", "APT::Sandbox::User=", name], fetched);
  const [archive] = readdirSync(fetched);
  if (archive === undefined) throw new BuildError(`apt-get download ${name} brought nothing: apt-get update`);
  run("dpkg-deb", ["-x", archive, "root"], fetched);
  renameSync(join(fetched, "root"), folder);
  rmSync(fetched, { recursive: true, force: true });
  return folder;
}

/** One file of a package. */
export const packaged = (name: string, file: string, dir: string): Buffer =>
  readFileSync(join(unpacked(name, dir), file));

/** The kernel that a metapackage stands for now: `linux-image-6.1.0-56-cloud-amd64`. */
export function kernelPackage(dir: string): string {
  const [, name] = /Depends: (linux-image-\S+)/.exec(run("apt-cache", ["depends", metapackage], dir)) ?? [];
  if (name === undefined)
    throw new BuildError(`apt knows no kernel behind ${metapackage}: run apt-get update, as root`);
  return name;
}

const metapackage = "linux-image-cloud-amd64";
