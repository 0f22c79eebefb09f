/**
 * A libvirt of the tests' own, with real QEMU machines behind it: its files are in a folder of theirs, its machines on a
 * bridge of theirs with a DHCP server, and nothing of the computer's own libvirt is touched. It wants root, as libvirtd does.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { eventually } from "../support/stack.ts";

/** .ci/run installs them. */
const packages = "libvirt-daemon libvirt-clients dnsmasq-base iproute2 qemu-system-x86 qemu-utils";

export interface Hypervisor {
  /** What a node's power settings name. */
  readonly address: string;
  readonly pool: string;
  readonly network: string;
  /** What this computer is to the machines. */
  readonly host: string;
  virsh(...command: readonly string[]): string;
  /** Machines reach this loopback port under `host` and `from`. */
  forward(from: number, to: number): Promise<void>;
  stop(): Promise<void>;
}

const [libvirtUser, kvmGroup] = [64_055, 64_056];

/** Debian's libvirtd asks for a user that only its system package makes; what it is told of here ends with it. */
const inOwnMounts = (dir: string): string => `set -e
for each in /etc/libvirt /var/lib /var/cache /run; do mkdir -p $each; mount -t tmpfs tmpfs $each; done
mkdir -p /run/libvirt /var/lib/libvirt /var/cache/libvirt
cp ${dir}/qemu.conf /etc/libvirt/
mount --bind ${dir}/passwd /etc/passwd
mount --bind ${dir}/group /etc/group
exec libvirtd -f ${dir}/libvirtd.conf -p ${dir}/libvirtd.pid`;

const qemuConf = `user="root"
group="root"
security_driver="none"
cgroup_controllers=[]
namespaces=[]
dynamic_ownership=0
remember_owner=0
stdio_handler="file"
`;

function must(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8", timeout: 60_000 });
  if (error !== undefined) throw new Error(`${program}: ${error.message}: apt-get install ${packages}`);
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr.trim()}`);
  return stdout;
}

export async function startHypervisor(dir: string): Promise<Hypervisor> {
  const number = process.pid % 200;
  const [bridge, net] = [`rwt${number}`, `10.213.${number}`];
  const children: ChildProcess[] = [];
  const servers: Server[] = [];
  mkdirSync(join(dir, "pool"), { recursive: true });
  const put = (name: string, text: string): void => writeFileSync(join(dir, name), text);
  put("qemu.conf", qemuConf);
  put(
    "libvirtd.conf",
    `unix_sock_dir = "${dir}"\nauth_unix_rw = "none"\nlog_outputs = "3:file:${dir}/libvirtd.log"\n`,
  );
  put(
    "passwd",
    `${readFileSync("/etc/passwd", "utf8")}libvirt-qemu:x:${libvirtUser}:${libvirtUser}::/:/bin/false\n`,
  );
  put("group", `${readFileSync("/etc/group", "utf8")}libvirt-qemu:x:${libvirtUser}:\nkvm:x:${kvmGroup}:\n`);
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;
  const start = (program: string, ...args: readonly string[]): void => {
    const child = spawn(program, args, {
      env: { ...process.env, PATH: path },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => appendFileSync(join(dir, "said.log"), chunk));
    child.once("error", (error) => appendFileSync(join(dir, "said.log"), `${program}: ${error.message}\n`));
    children.push(child);
  };
  const address = `qemu+unix:///system?socket=${dir}/libvirt-sock`;
  const virsh = (...command: readonly string[]): string => must("virsh", "-q", "-c", address, ...command);

  must("ip", "link", "add", bridge, "type", "bridge");
  must("ip", "addr", "add", `${net}.1/24`, "dev", bridge);
  must("ip", "link", "set", bridge, "up");
  start("unshare", "--mount", "sh", "-c", inOwnMounts(dir));
  start(
    "dnsmasq",
    ...["--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--bind-interfaces"],
    ...[`--interface=${bridge}`, `--dhcp-range=${net}.10,${net}.250,1h`, `--dhcp-leasefile=${dir}/leases`],
  );
  await eventually(
    () => existsSync(join(dir, "libvirt-sock")),
    `libvirtd, see ${dir}/said.log (${packages})`,
    30_000,
  );
  const network = `<network><name>tests</name><forward mode='bridge'/><bridge name='${bridge}'/></network>\n`;
  put("network.xml", network);
  virsh("net-define", join(dir, "network.xml"));
  virsh("net-start", "tests");
  virsh("pool-define-as", "tests", "dir", "--target", join(dir, "pool"));
  virsh("pool-start", "tests");

  return {
    address,
    pool: "tests",
    network: "tests",
    host: `${net}.1`,
    virsh,
    forward: async (from, to) => {
      const server = createServer((socket) => {
        const other = connect(to, "127.0.0.1");
        for (const [one, end] of [
          [socket, other],
          [other, socket],
        ] as const) {
          one.on("error", () => end.destroy());
          one.pipe(end);
        }
      });
      servers.push(server);
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(from, `${net}.1`, resolve);
      });
    },
    stop: async () => {
      for (const server of servers) server.close();
      for (const name of virsh("list", "--name").split("\n"))
        if (name.trim() !== "") spawnSync("virsh", ["-q", "-c", address, "destroy", name.trim()]);
      const ended = children.map(
        (child) =>
          new Promise<void>((resolve) => {
            if (child.exitCode !== null || child.signalCode !== null) return resolve();
            child.once("exit", () => resolve());
          }),
      );
      for (const child of children) child.kill("SIGTERM");
      await Promise.all(ended);
      must("ip", "link", "del", bridge);
    },
  };
}
