/**
 * What a distribution's installer is told. A lab registers its trees and templates as files on the controller; the boot
 * service fills a template in for one installation, under that installation's token (R47).
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { explain } from "../contracts/scalars.ts";
import { configurationFault } from "../core/fault.ts";
import type { RevisionId } from "../core/ids.ts";
import { DriverFault } from "../drivers/driver-fault.ts";
import type { ArmedBoot } from "./state.ts";

/** `NAME.json` in the folder of distributions: where this lab has the tree, and how its installer is started. */
export const distro = z.strictObject({
  schema: z.literal("rackwright.distro/1"),
  kind: z.enum(["kickstart", "preseed", "autoinstall"]),
  tree: z.url({ protocol: /^https?$/ }),
  /** Within the tree. */
  kernel: z.string().regex(/^[A-Za-z0-9._/-]+$/),
  initrd: z.string().regex(/^[A-Za-z0-9._/-]+$/),
  arguments: z
    .string()
    .regex(/^[\x20-\x7e]*$/, "holds something else than printable ASCII")
    .default(""),
});
export type Distro = z.infer<typeof distro>;

export interface InstallerPlace {
  readonly distrosDir: string;
  readonly templatesDir: string;
  readonly publicUrl: string;
  readonly managementKey: string;
}

type Installer = NonNullable<ArmedBoot["installer"]>;
type Installing = Pick<ArmedBoot, "node" | "installation" | "osToken"> & {
  readonly revision: RevisionId;
  readonly installer: Installer;
  readonly token: string;
};

const unusable = (message: string): DriverFault =>
  new DriverFault(configurationFault("distro-unusable", message));

/** Throws a DriverFault that says which file is wrong, and how. */
export function readDistro({ distrosDir }: Pick<InstallerPlace, "distrosDir">, name: string): Distro {
  const file = join(distrosDir, `${name}.json`);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw unusable(`distribution ${name} is not registered in this lab: ${file}: ${why}`);
  }
  const parsed = distro.safeParse(value);
  if (!parsed.success) throw unusable(`distribution ${name}: ${file}: ${explain(parsed.error)}`);
  return parsed.data;
}

const urlIn = ({ tree }: Distro, path: string): string => `${tree.replace(/\/+$/, "")}/${path}`;

/** Before a machine is switched on: the tree answers, and the template can be filled in. Throws a DriverFault. */
export async function proveUsable(
  place: InstallerPlace,
  installer: Installer,
  signal: AbortSignal,
): Promise<void> {
  const found = readDistro(place, installer.distro);
  for (const path of [found.kernel, found.initrd]) {
    const url = urlIn(found, path);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(20_000)]);
    const status = await fetch(url, { method: "HEAD", signal: limit }).then(
      (response) => response.status,
      (error: unknown) => String(error),
    );
    signal.throwIfAborted();
    if (status !== 200) throw unusable(`distribution ${installer.distro}: ${url} cannot be had: ${status}`);
  }
  fill(place, {
    node: "node",
    installation: "installation",
    revision: "revision",
    osToken: "token",
    token: "token",
    installer,
  });
}

const placeholder = /\{\{\s*([A-Za-z][A-Za-z0-9-]*)\s*\}\}/g;

function fill(
  place: InstallerPlace,
  { node, installation, revision, osToken, token, installer }: FillIn,
): string {
  const file = join(place.templatesDir, installer.template);
  let template: string;
  try {
    template = readFileSync(file, "utf8");
  } catch (error) {
    throw unusable(
      `template ${installer.template} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const values: Readonly<Record<string, string>> = {
    user: "",
    ...installer.variables,
    node,
    installation,
    revision,
    tree: readDistro(place, installer.distro).tree,
    beaconUrl: `${place.publicUrl}/beacon`,
    bootToken: token,
    osToken: osToken ?? "",
    managementKey: place.managementKey,
  };
  return template.replace(placeholder, (_, name: string) => {
    const value = values[name];
    if (value !== undefined) return value;
    throw unusable(`template ${installer.template} wants ${name}, which the image's settings do not have`);
  });
}

type FillIn = Omit<Installing, "node" | "installation" | "revision"> & {
  readonly node: string;
  readonly installation: string;
  readonly revision: string;
};

/** The file that an installer asks for by the name that its kind knows, or null. */
export function fileFor(place: InstallerPlace, boot: Installing, name: string): string | null {
  const { kind } = readDistro(place, boot.installer.distro);
  const main = { kickstart: "ks.cfg", preseed: "preseed.cfg", autoinstall: "user-data" }[kind];
  if (name === main) return fill(place, boot);
  if (kind !== "autoinstall") return null;
  if (name === "meta-data") return `instance-id: ${boot.installation}\n`;
  return name === "vendor-data" ? "" : null;
}

/** The iPXE script that starts the installer; from there on it is the distribution's own affair. */
export function installerScript(place: InstallerPlace, installer: Installer, token: string): string {
  const found = readDistro(place, installer.distro);
  const answers = `${place.publicUrl}/install/${token}`;
  const told = {
    kickstart: `inst.ks=${answers}/ks.cfg inst.repo=${found.tree}`,
    preseed: `auto=true priority=critical url=${answers}/preseed.cfg`,
    autoinstall: `autoinstall ds=nocloud-net;s=${answers}/`,
  }[found.kind];
  const kernel = `kernel ${urlIn(found, found.kernel)} ${told} ${found.arguments}`.trim();
  return `#!ipxe\n${kernel} && initrd ${urlIn(found, found.initrd)} && boot ||\nsanboot --no-describe --drive 0x80 || exit\n`;
}
