/** A lab of real machines in software for the tests, and what a user and a person in the lab would do with it. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ssh2 from "ssh2";
import { labFile } from "../../lib/contracts/lab-file.ts";
import { defaultPolicy } from "../../lib/core/correction/policy.ts";
import { missingFor } from "../../lib/local/rack/kinds.ts";
import { rackFile } from "../../lib/local/rack/store.ts";

/** A lane that skips quietly proves nothing. */
export function requireBuilt(): void {
  const missing = missingFor("qemu");
  if (missing.length > 0) throw new Error(`${missing.join(", ")} is not there: npm run build:metal`);
}

/**
 * The lab of examples/metal.json and four nodes more, of which the first has a BMC with a credential of its own. What is to
 * be found late is found sooner than there; and half of its nodes are broken on purpose, for which nobody suspects the lab.
 */
export function writeLab(file: string, credential: string): void {
  const lab = labFile.parse(JSON.parse(readFileSync("examples/metal.json", "utf8")));
  const [model] = lab.nodes;
  if (model === undefined) throw new Error("examples/metal.json has no node");
  const more = [5, 6, 7, 8].map((number) => ({
    ...model,
    id: `node-0${number}`,
    macs: [`52:54:00:b2:00:0${number}`],
    bmc: { ...model.bmc, address: `10.30.0.1${number}`, ...(number === 5 ? { credential } : {}) },
  }));
  const { policy } = lab.correction;
  const correction = {
    ...lab.correction,
    policy: {
      ...policy,
      build: { firmwareMs: 90_000, noProgressMs: 60_000, overallMs: 600_000, diskBootMs: 120_000 },
      os: { linux: { firmware: [90_000], kernel: [60_000], init: [90_000] } },
      budget: { ...defaultPolicy.budget, suspectAtLeast: 8 },
    },
  };
  writeFileSync(file, JSON.stringify({ ...lab, correction, nodes: [...lab.nodes, ...more] }));
}

/** The machine dies, as by a short circuit: its BMC lives on, and says that it is off. */
export function kill(data: string, node: string): void {
  process.kill(Number(readFileSync(join(data, "rack/machines", node, "pid"), "utf8")), "SIGKILL");
}

export async function breakMachine(data: string, fault: Readonly<Record<string, string>>): Promise<void> {
  const { controlPort } = rackFile.parse(JSON.parse(readFileSync(join(data, "rack/rack.json"), "utf8")));
  const body = JSON.stringify({ add: [fault] });
  const { status } = await fetch(`http://127.0.0.1:${controlPort}/faults`, { method: "POST", body });
  if (status !== 200) throw new Error(`the rack refused the fault: ${status}`);
}

/** What was done to a machine's chassis, in order: `power 1`, `boot pxe`. */
export const effectsOn = (data: string, node: string): string[] =>
  readFileSync(join(data, "rack/machines", node, "effects"), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.slice(line.indexOf(" ") + 1));

/** What a person at the machine's serial port would have read; nothing of one that was never on. */
export function consoleOf(data: string, node: string): string {
  const file = join(data, "rack/machines", node, "console.log");
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

const diskFile = (data: string, node: string): string => join(data, "rack/machines", node, "disk.img");

/** What the machine's disk holds now. */
export const diskOf = (data: string, node: string): Buffer => readFileSync(diskFile(data, node));

/** Near the end of the disk. */
export function leaveOnDisk(data: string, node: string, text: string): void {
  const content = diskOf(data, node);
  content.write(text, content.length - 1024 * 1024);
  writeFileSync(diskFile(data, node), content);
}

/** Changes one byte of every image that the lab controller keeps. */
export function damageImage(data: string): void {
  const dir = join(data, "agent/images");
  const names = readdirSync(dir).filter((file) => /^[0-9a-f]{64}$/.test(file));
  if (names.length === 0) throw new Error("the lab controller has no image");
  for (const name of names) {
    const content = readFileSync(join(dir, name));
    const middle = Math.floor(content.length / 2);
    content.writeUInt8(content.readUInt8(middle) ^ 0xff, middle);
    writeFileSync(join(dir, name), content);
  }
}

/** Runs one command as the reservation's user, with the reservation's key; what it printed. */
export function ssh(address: string, user: string, keyFile: string, command: string): Promise<string> {
  const [host = "", port = "22"] = address.split(":");
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    let printed = "";
    client.once("error", reject);
    client.once("ready", () =>
      client.exec(command, (error, channel) => {
        if (error !== undefined) return reject(error);
        channel.on("data", (chunk: Buffer) => {
          printed += chunk.toString();
        });
        channel.once("close", () => {
          client.end();
          resolve(printed);
        });
      }),
    );
    client.connect({
      host,
      port: Number(port),
      username: user,
      privateKey: readFileSync(keyFile),
      readyTimeout: 120_000,
    });
  });
}

/** Ends what a run that died has left: a machine must not outlive its test. */
export function endMachines(data: string): void {
  const machines = join(data, "rack/machines");
  for (const node of readdirSync(machines)) {
    try {
      process.kill(Number(readFileSync(join(machines, node, "pid"), "utf8")), "SIGKILL");
    } catch {
      // It is off already.
    }
  }
}
