/** A small tree in a temporary folder, under the project's own checker settings, to plant violations in. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

export const projectRoot: string = join(import.meta.dirname, "..", "..");

const settings = ["dependency-cruiser.config.mjs", "biome.json", "package.json"];

/** Writes the files (by path, with their text) beside copies of the settings, and removes all after the test. */
export function plant(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "rackwright-arch-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const file of settings) copyFileSync(join(projectRoot, file), join(root, file));
  symlinkSync(join(projectRoot, "node_modules"), join(root, "node_modules"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}
