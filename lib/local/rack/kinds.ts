/** What the machines of a stack are: virtual ones with Redfish, or real ones in software (QEMU) with IPMI. */
import { copyFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LabNode } from "../../contracts/lab-file.ts";
import type { LabNetwork } from "./qemu/network.ts";

export const rackKinds = ["virtual", "qemu"] as const;
export type RackKindName = (typeof rackKinds)[number];

export interface RackKind {
  /** The lab that is run unless another is named. */
  readonly lab: string;
  /** The program that is the rack. */
  readonly program: string;
  /** How many of these machines a computer carries, if that is few. */
  readonly usualCount: number;
  /** The address at which the agent listens. */
  readonly agentHost: string;
  /** Where a machine finds the agent that listens on this port. */
  agentUrl(port: number): string;
  /** The machines' own network, if they have one. */
  readonly network?: LabNetwork;
  /** How a BMC on this loopback port is reached. */
  bmc(port: number): { readonly driver: string; readonly address: string };
  /** How the console of a machine is listened to; undefined: not at all. */
  console(ports: { readonly bmcPort: number; readonly consolePort?: number }): LabNode["console"];
  /** Puts `kernel` and `ramdisk` where the boot service looks for them; throws if they were not built. */
  fillBootFiles(dir: string): void;
  /** The image that is loaded unless another is named; null: one is made up. */
  readonly image: string | null;
}

const root = join(import.meta.dirname, "../../..");
/** What `npm run build:metal` makes. */
const built = join(root, "dist/metal");

/** A machine of QEMU's user networking reaches the loopback of its host under this address. */
const hostOfQemu = "10.0.2.2";

export const rackKindOf: Readonly<Record<RackKindName, RackKind>> = {
  virtual: {
    lab: "examples/lab.json",
    program: join(root, "lib/local/rack/main.ts"),
    usualCount: 3,
    agentHost: "127.0.0.1",
    agentUrl: (port) => `http://127.0.0.1:${port}`,
    bmc: (port) => ({ driver: "redfish", address: `http://127.0.0.1:${port}` }),
    console: ({ consolePort }) =>
      consolePort === undefined
        ? undefined
        : { driver: "tcp", address: `127.0.0.1:${consolePort}`, options: {} },
    fillBootFiles: (dir) => {
      for (const name of ["kernel", "ramdisk"]) writeFileSync(join(dir, name), `virtual ${name}\n`);
    },
    image: null,
  },
  qemu: {
    lab: "examples/metal.json",
    program: join(root, "lib/local/rack/qemu/main.ts"),
    usualCount: 2,
    agentHost: "127.0.0.1",
    agentUrl: (port) => `http://${hostOfQemu}:${port}`,
    bmc: (port) => ({ driver: "ipmi", address: `127.0.0.1:${port}` }),
    console: ({ bmcPort, consolePort }) =>
      consolePort === undefined
        ? undefined
        : { driver: "ipmi-sol", address: `127.0.0.1:${bmcPort}`, options: {} },
    fillBootFiles: (dir) => {
      for (const name of ["kernel", "ramdisk"]) copyFileSync(join(built, name), join(dir, name));
    },
    image: join(built, "demo.img"),
  },
};

/** QEMU machines in a network of their own. */
export const qemuIn = (network: LabNetwork): RackKind => ({
  ...rackKindOf.qemu,
  agentHost: network.host,
  agentUrl: (port) => `http://${network.host}:${port}`,
  network,
});

/** What a QEMU rack boots and loads, of which something is not there yet. */
export const missingFor = (kind: RackKindName): string[] =>
  kind === "virtual"
    ? []
    : ["kernel", "ramdisk", "demo.img"].map((name) => join(built, name)).filter((file) => !existsSync(file));
