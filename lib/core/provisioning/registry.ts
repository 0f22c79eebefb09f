/** The build systems and OS modules that ship. Adding one touches its own file and one line here (R45). */
import { external } from "./build-systems/external.ts";
import { libvirt } from "./build-systems/libvirt.ts";
import { netbootImage } from "./build-systems/netboot-image.ts";
import { netbootInstaller } from "./build-systems/netboot-installer.ts";
import { generic } from "./os-modules/generic.ts";
import { linux, linuxByBeacon } from "./os-modules/linux.ts";
import { windows, windowsOverSsh } from "./os-modules/windows.ts";
import type { BuildSystem, OsModule } from "./step.ts";

export interface Modules {
  readonly buildSystems: readonly BuildSystem[];
  readonly osModules: readonly OsModule[];
}

export const shipped: Modules = {
  buildSystems: [netbootImage, netbootInstaller, libvirt, external],
  osModules: [linux, linuxByBeacon, windows, windowsOverSsh, generic],
};
