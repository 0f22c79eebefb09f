/**
 * `rackwright-agent dnsmasq`: what a lab's own network needs so that its machines find the boot service, as a configuration
 * for dnsmasq. Firmware of either kind gets iPXE by TFTP; iPXE asks the boot service what to boot, each time anew.
 */
import { ConfigError } from "./config.ts";

export interface DnsmasqSettings {
  readonly publicUrl: string;
  /** The controller's network interface towards the nodes. */
  readonly interface: string;
  readonly addresses: Addresses;
}

/** `range`: dnsmasq gives the addresses. `proxy`: the site's own DHCP does, and dnsmasq only says what to boot. */
export type Addresses =
  | { readonly kind: "range"; readonly first: string; readonly last: string }
  /** iPXE passes over the word of a proxy that names no next server, which for a URL is never asked. */
  | { readonly kind: "proxy"; readonly network: string; readonly nextServer: string };

/** Where Debian's package `ipxe` puts them. */
const tftpRoot = "/usr/lib/ipxe";
const [biosLoader, uefiLoader] = ["undionly.kpxe", "ipxe.efi"];

/** Client architectures of RFC 4578 that are 64-bit UEFI: machines say 7 or 9 for the same. */
const uefiArchitectures = [7, 9];

/** Pure. */
export function dnsmasqConfiguration({ publicUrl, interface: name, addresses }: DnsmasqSettings): string {
  const lines = [
    "# Made by: rackwright-agent dnsmasq. It wants the Debian packages dnsmasq and ipxe.",
    `interface=${name}`,
    "bind-interfaces",
    "# Names are somebody else's.",
    "port=0",
    "enable-tftp",
    `tftp-root=${tftpRoot}`,
    "# What already is iPXE (it sends option 175) goes on to the boot service, which knows the node by its MAC.",
    "dhcp-match=set:ipxe,175",
    // iPXE itself puts the address of the interface that it booted from in here.
    `dhcp-boot=tag:ipxe,${publicUrl}/boot/ipxe?mac=\${netX/mac}${addresses.kind === "proxy" ? `,,${addresses.nextServer}` : ""}`,
    ...(addresses.kind === "range" ? ownAddresses(addresses, name) : proxied(addresses.network)),
  ];
  return `${lines.join("\n")}\n`;
}

const ownAddresses = (range: { first: string; last: string }, name: string): string[] => [
  `dhcp-range=${range.first},${range.last},12h`,
  ...uefiArchitectures.map((number) => `dhcp-match=set:uefi,option:client-arch,${number}`),
  `dhcp-boot=tag:!ipxe,tag:uefi,${uefiLoader}`,
  `dhcp-boot=tag:!ipxe,tag:!uefi,${biosLoader}`,
  "# iPXE need not wait for a proxyDHCP, nor for a router that never speaks of IPv6.",
  "dhcp-option=encap:175,176,1b",
  "enable-ra",
  `dhcp-range=::,constructor:${name},ra-only`,
];

const proxied = (network: string): string[] => [
  `dhcp-range=${network},proxy`,
  `pxe-service=tag:!ipxe,x86PC,"Rackwright",${biosLoader}`,
  `pxe-service=tag:!ipxe,X86-64_EFI,"Rackwright",${uefiLoader}`,
  `pxe-service=tag:!ipxe,BC_EFI,"Rackwright",${uefiLoader}`,
];

const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;

function address(option: string, text: string | undefined): string {
  if (text !== undefined && ipv4.test(text)) return text;
  throw new ConfigError(`dnsmasq: ${option}: ${JSON.stringify(text ?? "")} is no IPv4 address`);
}

/** From the command line: `--interface NAME` and one of `--range FIRST,LAST` and `--proxy NETWORK`. */
export function dnsmasqSettings(
  publicUrl: string,
  given: { readonly interface?: string; readonly range?: string; readonly proxy?: string },
): DnsmasqSettings {
  const { interface: name = "", range, proxy } = given;
  if (!/^[A-Za-z0-9._-]{1,15}$/.test(name))
    throw new ConfigError(
      "dnsmasq: --interface NAME is wanted: the controller's interface towards the nodes",
    );
  if ((range === undefined) === (proxy === undefined))
    throw new ConfigError(
      "dnsmasq: --range FIRST,LAST is wanted, or --proxy NETWORK where the site has its own DHCP",
    );
  if (proxy !== undefined) {
    const { hostname } = new URL(publicUrl);
    const nextServer = address("--proxy wants a publicUrl with an address in it", hostname);
    return {
      publicUrl,
      interface: name,
      addresses: { kind: "proxy", network: address("--proxy", proxy), nextServer },
    };
  }
  const [first, last] = range?.split(",") ?? [];
  const addresses: Addresses = {
    kind: "range",
    first: address("--range", first),
    last: address("--range", last),
  };
  return { publicUrl, interface: name, addresses };
}
