/**
 * A real machine in software: QEMU with firmware, iPXE ROM, disk and serial console, behind a BMC (OpenIPMI's ipmi_sim)
 * that speaks IPMI 2.0 over RMCP+. The BMC's chassis program starts and stops it, so that nothing of ours is between them.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { isAlive, startOf } from "../../../agent/living.ts";
import type { RackConfig, RackNode } from "../config.ts";
import { startCable } from "./cable.ts";

const diskBytes = 64 * 1024 * 1024;

export interface MachineSettings {
  readonly node: RackNode;
  readonly config: Pick<RackConfig, "bootServer" | "credential" | "network">;
  readonly dir: string;
  readonly bmcPort: number;
  readonly sshPort: number;
  /** Where the BMC finds the serial port. */
  readonly consolePort: number;
  /** Its end of the lab's network; null: it has one of QEMU's own. */
  readonly tap: string | null;
}

export interface QemuMachine {
  readonly id: string;
  isOn(): boolean;
  /** In which phase it will hang when it is switched on next; null: in none. */
  hang(): string | null;
  setHang(phase: string | null): void;
  /** A frozen BMC has its port and answers nothing. */
  setFrozen(frozen: boolean): void;
  isFrozen(): boolean;
  /** At its next start it boots its disk, whatever its BMC was told. */
  setForgets(forgets: boolean): void;
  /** The plug is pulled; the disk keeps what is on it. */
  stop(): void;
}

export function createMachine({
  node,
  config,
  dir,
  bmcPort,
  sshPort,
  consolePort,
  tap,
}: MachineSettings): QemuMachine {
  const at = (name: string): string => join(dir, name);
  mkdirSync(at("state"), { recursive: true, mode: 0o700 });
  const { id, macs } = node;
  const mac = macs[0] ?? "";
  const settings = {
    name: id,
    mac,
    bootfile: `${config.bootServer}/boot/ipxe?mac=${mac}`,
    ssh_port: String(sshPort),
    namespace: config.network?.namespace ?? "",
    tap: tap ?? "",
    smbios: smbiosOf(node),
    // TCP and UDP have each their own.
    cable_port: node.hardware.lldp === undefined ? "" : String(sshPort),
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}='${value}'\n`);
  writeFileSync(at("settings"), lines.join(""));
  copyFileSync(join(import.meta.dirname, "chassis.sh"), at("chassis"));
  chmodSync(at("chassis"), 0o755);
  if (!existsSync(at("boot"))) writeFileSync(at("boot"), "none\n");
  if (!existsSync(at("disk.img"))) {
    writeFileSync(at("disk.img"), "");
    truncateSync(at("disk.img"), diskBytes);
  }
  const chassis = (...words: string[]): string =>
    spawnSync(at("chassis"), words, { encoding: "utf8" }).stdout.trim();
  if (node.hardware.lldp !== undefined) startCable(node.hardware.lldp, sshPort);
  const bmc = startBmc(id, dir, bmcPort, consolePort, config.credential);
  let frozen = false;
  return {
    id,
    isOn: () => chassis("get", "power") === "power:1",
    hang: () => (existsSync(at("hang")) ? readFileSync(at("hang"), "utf8").trim() : null),
    setHang: (phase) => {
      rmSync(at("hanging"), { force: true });
      if (phase === null) rmSync(at("hang"), { force: true });
      else writeFileSync(at("hang"), phase);
    },
    isFrozen: () => frozen,
    setForgets: (forgets) => {
      if (forgets) writeFileSync(at("forgets"), "");
      else rmSync(at("forgets"), { force: true });
    },
    setFrozen: (wanted) => {
      frozen = wanted;
      bmc.kill(wanted ? "SIGSTOP" : "SIGCONT");
    },
    stop: () => {
      bmc.kill("SIGKILL");
      rmSync(at("bmc.json"), { force: true });
      chassis("set", "power", "0");
    },
  };
}

/** What its firmware says of it, as an option of QEMU: nothing in it that QEMU or a shell reads otherwise. */
function smbiosOf({ hardware: { system = {} } }: RackNode): string {
  const { manufacturer, product, serial, uuid } = system;
  const fields = Object.entries({ manufacturer, product, serial, uuid }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value.replaceAll(/[^A-Za-z0-9 ._:-]/g, "")}`],
  );
  return ["type=1", ...fields].join(",");
}

const controllerSettings = `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02
sel_enable 0x20 1000 0x0a
mc_enable 0x20
`;

function startBmc(
  id: string,
  dir: string,
  port: number,
  consolePort: number,
  account: RackConfig["credential"],
): ChildProcess {
  const at = (name: string): string => join(dir, name);
  const kinds = ["callback", "user", "operator", "admin"];
  writeFileSync(
    at("lan.conf"),
    [
      `name "${id}"`,
      "set_working_mc 0x20",
      "startlan 1",
      `  addr 127.0.0.1 ${port}`,
      "  priv_limit admin",
      ...kinds.map((kind) => `  allowed_auths_${kind} none md2 md5 straight`),
      "  guid a123456789abcdefa123456789abcdef",
      "endlan",
      `chassis_control "${at("chassis")}"`,
      `sol "tcp:127.0.0.1:${consolePort}" 115200`,
      `user 2 true "${account.username}" "${account.password}" admin 10 none md2 md5 straight`,
      "",
    ].join("\n"),
    { mode: 0o600 },
  );
  writeFileSync(at("bmc.emu"), controllerSettings);
  endLeftBmc(at("bmc.json"));
  const bmc = spawn("ipmi_sim", ["-n", "-c", at("lan.conf"), "-f", at("bmc.emu"), "-s", at("state")], {
    stdio: "ignore",
  });
  bmc.once("error", (error) => process.stderr.write(`ipmi_sim did not start: ${error.message}\n`));
  bmc.once("exit", (code, signal) => process.stderr.write(`the BMC of ${id} ended with ${signal ?? code}\n`));
  if (bmc.pid !== undefined)
    writeFileSync(at("bmc.json"), JSON.stringify({ pid: bmc.pid, start: startOf(bmc.pid) }));
  return bmc;
}

/** The BMC of a rack that was killed still has its port; its machine lives on and gets the new one. */
function endLeftBmc(file: string): void {
  if (!existsSync(file)) return;
  const left = JSON.parse(readFileSync(file, "utf8"));
  if (isAlive(left)) process.kill(left.pid, "SIGKILL");
}
