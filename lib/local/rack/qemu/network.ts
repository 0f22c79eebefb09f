/**
 * The machines' own network (`--net tap`), as a lab has it: a bridge in a network namespace, a tap for each machine, and
 * dnsmasq with the very configuration that `rackwright-agent dnsmasq` prints. Nothing of QEMU's stands between machine
 * and boot service. It wants root.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { dnsmasqConfiguration, dnsmasqSettings } from "../../../agent/dnsmasq.ts";
import { isAlive, startOf } from "../../../agent/living.ts";

export const labNetwork = z.strictObject({
  namespace: z.string(),
  /** The lab controller's interface towards the nodes, and its address there. */
  link: z.string(),
  host: z.string(),
});
export type LabNetwork = z.infer<typeof labNetwork>;

/** Pure: one data directory has one network, so that machines which live on are in it still. 198.18.0.0/15: RFC 2544. */
export function labNetworkOf(dataDir: string): LabNetwork {
  const hash = createHash("sha256").update(dataDir).digest();
  const name = `rw-${hash.toString("hex", 0, 4)}`;
  return { namespace: name, link: name, host: `198.${18 + (hash.readUInt8(4) & 1)}.${hash.readUInt8(5)}.1` };
}

const loaders = "/usr/lib/ipxe";

/** What keeps this computer from having such a network: in words, with what to do. */
export function networkMissing(): string[] {
  const missing = [];
  if (process.getuid?.() !== 0)
    missing.push("root, for network namespaces (or --net user, which needs none)");
  for (const [program, name] of [
    ["ip", "iproute2"],
    ["dnsmasq", "dnsmasq-base"],
  ] as const)
    if (spawnSync(program, ["--version"], { env: withSystemPrograms() }).error !== undefined)
      missing.push(`${program} (Debian package ${name})`);
  if (!existsSync(loaders)) missing.push(`${loaders} (Debian package ipxe)`);
  return missing;
}

const withSystemPrograms = (): NodeJS.ProcessEnv => ({
  ...process.env,
  PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`,
});

function ip(...words: readonly string[]): void {
  const { status, stderr } = spawnSync("ip", [...words], { encoding: "utf8", env: withSystemPrograms() });
  if (status !== 0) throw new Error(`ip ${words.join(" ")}: ${stderr.trim()}`);
}

export interface OpenNetwork {
  /** The machine's end of the cable; done twice, it is the same. */
  tap(index: number): string;
  /** Every cable is pulled. */
  close(): void;
}

/** Done again after a rack that was killed, it finds the network with its machines in it. */
export function openNetwork(network: LabNetwork, publicUrl: string, dir: string): OpenNetwork {
  const { namespace, link, host } = network;
  const within = (...words: readonly string[]): void => ip("-n", namespace, ...words);
  if (!existsSync(`/run/netns/${namespace}`)) {
    ip("netns", "add", namespace);
    ip("link", "add", link, "type", "veth", "peer", "name", "uplink", "netns", namespace);
    ip("addr", "add", `${host}/24`, "dev", link);
    ip("link", "set", link, "up");
    // Of a router without an address of IPv6 dnsmasq advertises nothing, and iPXE waits a quarter of a minute for it.
    const first = `fd00:${namespace.slice(3, 7)}:${namespace.slice(7)}::1/64`;
    spawnSync("ip", ["-6", "addr", "add", first, "dev", link, "nodad"], { env: withSystemPrograms() });
    within("link", "add", "lab", "type", "bridge");
    within("link", "set", "uplink", "master", "lab", "up");
    within("link", "set", "lab", "up");
  }
  const dnsmasq = startDnsmasq(network, publicUrl, dir);
  return {
    tap: (index) => {
      const name = `tap${index}`;
      const known = spawnSync("ip", ["-n", namespace, "link", "show", name], { env: withSystemPrograms() });
      if (known.status !== 0) {
        within("tuntap", "add", "dev", name, "mode", "tap");
        within("link", "set", name, "master", "lab", "up");
      }
      return name;
    },
    close: () => {
      dnsmasq.kill("SIGKILL");
      ip("netns", "del", namespace);
    },
  };
}

function startDnsmasq({ link, host }: LabNetwork, publicUrl: string, dir: string): ChildProcess {
  const at = (name: string): string => join(dir, `dnsmasq.${name}`);
  const net = host.slice(0, host.lastIndexOf("."));
  const settings = dnsmasqSettings(publicUrl, { interface: link, range: `${net}.100,${net}.250` });
  writeFileSync(at("conf"), dnsmasqConfiguration(settings));
  endLeft(at("json"));
  const files = [`--conf-file=${at("conf")}`, `--dhcp-leasefile=${at("leases")}`, "--pid-file="];
  const dnsmasq = spawn(
    "dnsmasq",
    ["--keep-in-foreground", ...files, `--log-facility=${at("log")}`, "--log-dhcp", "--user=root"],
    { env: withSystemPrograms(), stdio: ["ignore", "ignore", "inherit"] },
  );
  dnsmasq.once("error", (error) => process.stderr.write(`dnsmasq did not start: ${error.message}\n`));
  dnsmasq.once("exit", (code, signal) => process.stderr.write(`dnsmasq ended with ${signal ?? code}\n`));
  if (dnsmasq.pid !== undefined)
    writeFileSync(at("json"), JSON.stringify({ pid: dnsmasq.pid, start: startOf(dnsmasq.pid) }));
  return dnsmasq;
}

/** That of a rack which was killed. */
function endLeft(file: string): void {
  if (!existsSync(file)) return;
  const left = JSON.parse(readFileSync(file, "utf8"));
  if (isAlive(left)) process.kill(left.pid, "SIGKILL");
}
