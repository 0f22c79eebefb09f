/** The project as it was in a commit: its files in a folder of their own, with the packages that are installed here. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

const git = (...parameters: readonly string[]) =>
  execFileSync("git", parameters, { cwd: root, maxBuffer: 256 * 1024 * 1024 });

export interface Tree {
  readonly commit: string;
  readonly path: string;
  remove(): void;
}

/** Null where a clone without history does not have the commit. */
export function treeOf(revision: string): Tree | null {
  let commit: string;
  try {
    commit = git("rev-parse", "--verify", "--quiet", "--short=10", `${revision}^{commit}`).toString().trim();
  } catch {
    return null;
  }
  const path = mkdtempSync(join(tmpdir(), "rackwright-tree-"));
  execFileSync("tar", ["-x", "-C", path], { input: git("archive", "--format=tar", commit) });
  mkdirSync(join(path, "test/upgrade"), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(path, "node_modules"));
  return { commit, path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
