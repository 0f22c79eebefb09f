/**
 * Power hardware in software that speaks the real protocols to the real tools: IPMI BMCs (OpenIPMI's ipmi_sim), a PDU
 * (PowerMan's vpcd behind powermand), Redfish BMCs (our virtual rack). Each keeps its own record of what was done to it.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { pickPort } from "../../lib/local/rack/ports.ts";
import { rackFile } from "../../lib/local/rack/store.ts";
import { eventually } from "../support/stack.ts";

export const bmcPassword = "Korrekt-Pferd_42";

/** What these tests stand on; .ci/run installs it. */
export const needed = {
  ipmi_sim: "openipmi",
  ipmitool: "ipmitool",
  vpcd: "powerman",
  powermand: "powerman",
  fence_ipmilan: "fence-agents",
  virsh: "libvirt-clients",
} as const;

/** Fails with the packages to install: a lane that skips quietly proves nothing. */
export function requireTools(): void {
  const missing = Object.entries(needed).filter(
    ([tool]) => spawnSync("sh", ["-c", `command -v ${tool} /usr/sbin/${tool}`]).status !== 0,
  );
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(([, name]) => name))].join(" ");
  throw new Error(`these tests want real tools: apt-get install -y --no-install-recommends ${packages}`);
}

export interface Effect {
  readonly atMs: number;
  readonly what: string;
}

export interface IpmiBmc {
  readonly address: string;
  /** What was done to the chassis, in order: `power 1`, `reset`, `boot pxe`. Reading is not recorded. */
  effects(): Effect[];
  /** Every request that reached the chassis, reading included. */
  requests(): number;
  power(): "on" | "off";
  /** Each change takes so long from now on. */
  slow(seconds: number): void;
  stop(): Promise<void>;
}

/** Stands for the machine behind the BMC: ipmi_sim calls it for every chassis command. */
const chassisProgram = (dir: string): string => `#!/bin/sh
note() { echo "$(date +%s%3N) $*" >> '${dir}/effects'; }
echo >> '${dir}/requests'
case "$1 $2" in
  "get power") echo "power:$(cat '${dir}/power')" ;;
  "get boot") echo "boot:$(cat '${dir}/boot')" ;;
  "set power") [ -e '${dir}/slow' ] && sleep "$(cat '${dir}/slow')"; note "power $3"; echo "$3" > '${dir}/power' ;;
  "set reset") note reset ;;
  "set boot") note "boot $3"; echo "$3" > '${dir}/boot' ;;
  "set identify") note "identify $3" ;;
esac
exit 0
`;

/** With a `consolePort`, what is printed there goes out by Serial over LAN. */
export async function ipmiBmc(
  folder: string,
  name: string,
  taken: Set<number>,
  consolePort: number | null = null,
): Promise<IpmiBmc> {
  const dir = join(folder, name);
  mkdirSync(join(dir, "state"), { recursive: true });
  for (const [file, text] of Object.entries({ power: "0\n", boot: "none\n", effects: "", requests: "" }))
    writeFileSync(join(dir, file), text);
  writeFileSync(join(dir, "chassis"), chassisProgram(dir), { mode: 0o755 });
  const port = await pickPort(taken);
  taken.add(port);
  writeFileSync(
    join(dir, "lan.conf"),
    `name "${name}"
set_working_mc 0x20
startlan 1
  addr 127.0.0.1 ${port}
  priv_limit admin
  allowed_auths_callback none md2 md5 straight
  allowed_auths_user none md2 md5 straight
  allowed_auths_operator none md2 md5 straight
  allowed_auths_admin none md2 md5 straight
  guid a123456789abcdefa123456789abcdef
endlan
chassis_control "${join(dir, "chassis")}"
${consolePort === null ? "" : `sol "tcp:127.0.0.1:${consolePort}" 115200`}
user 2 true "admin" "${bmcPassword}" admin 10 none md2 md5 straight
`,
  );
  writeFileSync(
    join(dir, "bmc.emu"),
    `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02
sel_enable 0x20 1000 0x0a
mc_enable 0x20
`,
  );
  const files = ["-c", join(dir, "lan.conf"), "-f", join(dir, "bmc.emu"), "-s", join(dir, "state")];
  const child = spawn("ipmi_sim", ["-n", ...files], { stdio: "ignore", detached: true });
  const read = (file: string): string => readFileSync(join(dir, file), "utf8");
  await eventually(() => answers(port), `the BMC ${name}`);
  return {
    address: `127.0.0.1:${port}`,
    effects: () =>
      read("effects")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => ({ atMs: Number(line.slice(0, 13)), what: line.slice(14) })),
    requests: () => read("requests").length,
    power: () => (read("power").trim() === "1" ? "on" : "off"),
    slow: (seconds) => writeFileSync(join(dir, "slow"), String(seconds)),
    stop: () => stop(child),
  };
}

const answers = (port: number): boolean =>
  spawnSync(
    "ipmitool",
    [
      "-I",
      "lanplus",
      "-C",
      "3",
      "-H",
      "127.0.0.1",
      "-p",
      String(port),
      "-U",
      "admin",
      "-E",
      "-N",
      "1",
      "-R",
      "1",
      "mc",
      "guid",
    ],
    {
      env: { ...process.env, IPMI_PASSWORD: bmcPassword },
    },
  ).status === 0;

/** A PDU with sixteen outlets `t0` … `t15`, as fence_powerman reaches it. */
export async function pdu(folder: string): Promise<{ address: string; stop: () => Promise<void> }> {
  const port = await pickPort(new Set());
  const config = join(folder, "powerman.conf");
  writeFileSync(
    config,
    `include "/etc/powerman/vpc.dev"
listen "127.0.0.1:${port}"
device "vpc0" "vpc" "/usr/sbin/vpcd |&"
node "t[0-15]" "vpc0"
`,
  );
  const child = spawn("/usr/sbin/powermand", ["-f", "-Y", "-c", config], { stdio: "ignore", detached: true });
  const asked = () => spawnSync("powerman", ["-h", `127.0.0.1:${port}`, "-q", "t0"]).stdout.toString();
  await eventually(() => /(on|off): +t0/.test(asked()), "the PDU");
  return { address: `127.0.0.1:${port}`, stop: () => stop(child) };
}

const logAnswer = z.looseObject({ log: z.array(z.looseObject({ at: z.number(), kind: z.string() })) });
export type LogEntry = z.infer<typeof logAnswer>["log"][number];

export interface Rack {
  url(node: string, scheme?: "http" | "https"): string;
  faults(change: unknown): Promise<void>;
  /** What was asked of the node's BMC, and what became of it. */
  log(node: string): Promise<readonly LogEntry[]>;
  stop(): Promise<void>;
}

/** Virtual machines with Redfish BMCs, over HTTP and HTTPS with a self-signed certificate. */
export async function rack(
  folder: string,
  nodes: readonly { id: string; quirks?: readonly string[] }[],
  powerMs = 30,
): Promise<Rack> {
  const dir = join(folder, "rack");
  const config = join(folder, "rack.json");
  writeFileSync(
    config,
    JSON.stringify({
      schema: "rackwright.rack/1",
      dir,
      bootServer: "http://127.0.0.1:9",
      credential: { username: "admin", password: bmcPassword },
      speed: { powerMs, postMs: 60_000, networkWaitMs: 500, kernelMs: 50, initMs: 50, runMs: 50 },
      nodes: nodes.map((node, index) => ({ ...node, macs: [`52:54:00:00:01:${String(index + 10)}`] })),
    }),
    { mode: 0o600 },
  );
  const child = spawn(process.execPath, ["lib/local/rack/main.ts", "--config", config], {
    stdio: ["ignore", "ignore", "inherit"],
    detached: true,
  });
  const file = join(dir, "rack.json");
  const read = () => rackFile.parse(JSON.parse(readFileSync(file, "utf8")));
  await eventually(() => existsSync(file) && read().pid === child.pid, "the rack");
  const told = read();
  const control = `http://127.0.0.1:${told.controlPort}`;
  return {
    url: (node, scheme = "http") =>
      `${scheme}://127.0.0.1:${told.nodes.find(({ id }) => id === node)?.bmcPort ?? 0}`,
    faults: async (change) => {
      const body = JSON.stringify(change);
      const { status } = await fetch(`${control}/faults`, { method: "POST", body });
      if (status !== 200) throw new Error(`the rack refused the fault: ${status}`);
    },
    log: async (node) => {
      const response = await fetch(`${control}/nodes/${node}/log`);
      return logAnswer.parse(await response.json()).log;
    },
    stop: () => stop(child),
  };
}

/** What it has started ends with it. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  process.kill(-child.pid, "SIGKILL");
  await ended;
}

/** A power script as a lab has them: a machine in a folder, which notes what is done to it. */
export function powerScript(dir: string): string {
  mkdirSync(dir, { recursive: true });
  appendFileSync(join(dir, "effects"), "");
  return `#!/bin/sh
cd '${dir}' || exit 1
[ "$power_user" = admin ] && [ "$power_pass" = '${bmcPassword}' ] || { echo "login failed" >&2; exit 1; }
case "$power_mode" in
  status) [ "$(cat "state-$power_id" 2>/dev/null)" = on ] || exit 2 ;;
  on|off) echo "$power_id $power_mode" >> effects; echo "$power_mode" > "state-$power_id" ;;
  reboot) echo "$power_id reboot" >> effects; echo on > "state-$power_id" ;;
  *) echo "unknown mode $power_mode" >&2; exit 1 ;;
esac
`;
}
