/**
 * What only one node can have: a MAC, a UUID, a serial number anywhere; a BMC, an outlet, a console, a switch port, a unit
 * of a rack in its lab, since labs number their networks as they like. Pure.
 */
import type { NodeDescription } from "./description.ts";

export type Path = readonly (string | number)[];

export interface Claim {
  /** The same for whoever claims the same. */
  readonly key: string;
  /** In words: `MAC 52:54:00:b1:00:01`. */
  readonly what: string;
  /** Where it stands in the node. */
  readonly path: Path;
}

/** By power driver: the option that tells apart what is behind one address. */
const selectors: Readonly<Record<string, string>> = {
  redfish: "system",
  fence: "plug",
  libvirt: "domain",
  exec: "id",
};

/** Two labs may have the same of anything else. */
export const isUniqueAnywhere = (key: string): boolean => /^(mac|uuid|serial)#/.test(key);

export const nodeKey = (id: string): string => `node#${id}`;

export const macKey = (mac: string): string => `mac#${mac}`;

export function claimsOf(node: NodeDescription, lab: string): readonly Claim[] {
  const { macs, uuid, serial, bmc, outlets = [], console, switchPort, rack } = node;
  const here = (...words: readonly (string | number)[]): string => words.join("#");
  const selected = bmc.options[selectors[bmc.driver] ?? ""] ?? "";
  return [
    ...macs.map((mac, index) => ({ key: macKey(mac), what: `MAC ${mac}`, path: ["macs", index] })),
    ...(uuid === undefined ? [] : [{ key: here("uuid", uuid), what: `UUID ${uuid}`, path: ["uuid"] }]),
    ...(serial === undefined
      ? []
      : [{ key: here("serial", serial), what: `serial number ${serial}`, path: ["serial"] }]),
    {
      key: here("bmc", lab, bmc.address, selected),
      what: `BMC ${[bmc.address, ...(selected === "" ? [] : [selected])].join(" ")}`,
      path: ["bmc", "address"],
    },
    ...outlets.map(({ domain, outlet }, index) => ({
      key: here("outlet", lab, domain, outlet),
      what: `outlet ${outlet} of ${domain}`,
      path: ["outlets", index],
    })),
    ...(console === undefined
      ? []
      : [
          {
            key: here("console", lab, console.driver, console.address, ...consoleOptions(console.options)),
            what: `console ${console.driver} ${console.address}`,
            path: ["console"],
          },
        ]),
    ...(switchPort === undefined
      ? []
      : [
          {
            key: here("switch-port", lab, switchPort.switch, switchPort.port),
            what: `port ${switchPort.port} of switch ${switchPort.switch}`,
            path: ["switchPort"],
          },
        ]),
    ...(rack === undefined
      ? []
      : Array.from({ length: rack.height }, (_, index) => rack.unit + index).map((unit) => ({
          key: here("rack", lab, rack.name, unit),
          what: `unit ${unit} of rack ${rack.name}`,
          path: ["rack"],
        }))),
  ];
}

/** A console server has one address for all its lines. */
const consoleOptions = (options: Readonly<Record<string, string>> = {}): readonly string[] =>
  Object.entries(options)
    .map(([name, value]) => `${name}=${value}`)
    .sort();
