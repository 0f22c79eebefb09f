/** Kernel modules in the order in which they can be loaded: each names those that it needs. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { BuildError } from "./debian.ts";

export interface Module {
  readonly name: string;
  readonly file: string;
}

/** Every wanted module after all that it needs; `root` is the unpacked kernel package. */
export function modulesInOrder(root: string, wanted: readonly string[]): Module[] {
  const files = new Map<string, string>();
  for (const file of readdirSync(join(root, "lib/modules"), { recursive: true, encoding: "utf8" }))
    if (file.endsWith(".ko")) files.set(nameOf(file), join(root, "lib/modules", file));
  const ordered = new Map<string, Module>();
  const add = (name: string): void => {
    if (ordered.has(name)) return;
    const file = files.get(name);
    if (file === undefined) throw new BuildError(`the kernel in ${root} has no module ${name}`);
    for (const needed of needs(readFileSync(file))) add(needed);
    ordered.set(name, { name, file });
  };
  for (const name of wanted) add(name);
  return [...ordered.values()];
}

const nameOf = (file: string): string => basename(file, ".ko").replaceAll("-", "_");

/** What the module itself says (`modinfo -F depends`). */
function needs(content: Buffer): string[] {
  const marker = Buffer.from("\0depends=");
  const at = content.indexOf(marker);
  if (at === -1) return [];
  const from = at + marker.length;
  const text = content.toString("latin1", from, content.indexOf(0, from));
  return text === "" ? [] : text.split(",").map((name) => name.replaceAll("-", "_"));
}
