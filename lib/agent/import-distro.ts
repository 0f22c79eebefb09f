/**
 * `rackwright-agent import NAME --tree URL`: a distribution's tree is looked at, and registered on this controller under
 * that name, as Beaker's import does for its labs (R47). Nothing is registered whose installer cannot be had.
 */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "./config.ts";
import { type Distro, distro } from "./installer.ts";

type Found = Pick<Distro, "kind" | "kernel" | "initrd"> & { readonly what: string };

/** Where Debian's and Ubuntu's media have their installers; those of the Red Hat family say it in `.treeinfo`. */
const layouts: readonly Found[] = [
  {
    what: "Debian's installer",
    kind: "preseed",
    kernel: "install.amd/vmlinuz",
    initrd: "install.amd/initrd.gz",
  },
  {
    what: "Debian's network installer",
    kind: "preseed",
    kernel: "debian-installer/amd64/linux",
    initrd: "debian-installer/amd64/initrd.gz",
  },
  { what: "Ubuntu's live server", kind: "autoinstall", kernel: "casper/vmlinuz", initrd: "casper/initrd" },
];

export interface DistroWish {
  readonly name: string;
  readonly tree: string;
  /** Appended to the installer's kernel arguments. */
  readonly arguments: string;
}

/** From the command line. */
export function distroWish(
  name: string | undefined,
  given: { readonly tree?: string; readonly arguments?: string },
): DistroWish {
  if (name === undefined || !/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name))
    throw new ConfigError("import: a NAME is wanted: lower case letters, digits, dots and dashes");
  if (given.tree === undefined || !/^https?:\/\//.test(given.tree))
    throw new ConfigError("import: --tree http://… is wanted: where this lab has the distribution's tree");
  return { name, tree: given.tree.replace(/\/+$/, ""), arguments: given.arguments ?? "" };
}

/** Returns what to print; throws a ConfigError that says what was looked for. */
export async function importDistro(distrosDir: string, wish: DistroWish): Promise<string> {
  const { name, tree } = wish;
  const found = (await fromTreeinfo(tree)) ?? (await fromLayout(tree));
  if (found === null)
    throw new ConfigError(
      `import: ${tree} has no .treeinfo, and none of ${layouts.map(({ kernel }) => kernel).join(", ")}: name the folder that has them, or write ${name}.json by hand`,
    );
  for (const path of [found.kernel, found.initrd]) {
    const { status } = await ask(`${tree}/${path}`, "HEAD");
    if (status !== 200) throw new ConfigError(`import: ${tree}/${path} cannot be had: ${status}`);
  }
  const { what, ...rest } = found;
  const value = distro.parse({ schema: "rackwright.distro/1", tree, ...rest, arguments: wish.arguments });
  mkdirSync(distrosDir, { recursive: true });
  const file = join(distrosDir, `${name}.json`);
  writeFileSync(`${file}.new`, `${JSON.stringify(value, null, 2)}\n`);
  renameSync(`${file}.new`, file);
  return `${name}: ${what}, by ${value.kind}; registered as ${file}`;
}

function ask(url: string, method: "GET" | "HEAD"): Promise<Response> {
  return fetch(url, { method, signal: AbortSignal.timeout(20_000) }).catch((error: unknown) => {
    const cause =
      error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new ConfigError(`import: ${url} cannot be had: ${cause}`);
  });
}

async function fromTreeinfo(tree: string): Promise<Found | null> {
  const response = await ask(`${tree}/.treeinfo`, "GET");
  if (!response.ok) return null;
  const sections = sectionsOf(await response.text());
  const { name, family = "", version = "", arch = "x86_64" } = sections.get("general") ?? {};
  const { kernel, initrd } = sections.get(`images-${arch}`) ?? {};
  if (kernel === undefined || initrd === undefined)
    throw new ConfigError(`import: ${tree}/.treeinfo names no kernel and initrd in [images-${arch}]`);
  return { what: name ?? `${family} ${version}`.trim(), kind: "kickstart", kernel, initrd };
}

async function fromLayout(tree: string): Promise<Found | null> {
  for (const layout of layouts)
    if ((await ask(`${tree}/${layout.kernel}`, "HEAD")).status === 200) return layout;
  return null;
}

/** `[section]` and `key = value`, as .treeinfo has them. Pure, for its tests. */
export function sectionsOf(text: string): ReadonlyMap<string, Readonly<Record<string, string>>> {
  const sections = new Map<string, Record<string, string>>();
  let current: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const [, section] = /^\[(.+)\]\s*$/.exec(line) ?? [];
    const [, key, value] = /^([\w.-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (section !== undefined) {
      current = sections.get(section) ?? {};
      sections.set(section, current);
    } else if (key !== undefined && value !== undefined) current[key] = value;
  }
  return sections;
}
