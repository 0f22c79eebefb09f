/** The virtual rack as others see it: a Redfish client, a fence agent, a boot service, a person with an SSH key. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ssh2 from "ssh2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startBootService } from "../../lib/agent/boot-service.ts";
import { type Boots, createBoots } from "../../lib/agent/boots.ts";
import { createCaptures } from "../../lib/agent/captures.ts";
import type { Discovery } from "../../lib/agent/discovery.ts";
import { createImages, type Images } from "../../lib/agent/images.ts";
import type { Journal } from "../../lib/agent/journal.ts";
import type { Found } from "../../lib/contracts/found.ts";
import type { Beacon, Visit } from "../../lib/core/command.ts";
import { branded, isBootId, isInstallationId, isRevisionId } from "../../lib/core/ids.ts";
import { newKeyPair, runGuest } from "../../lib/drivers/os/ssh.ts";
import type { BmcAccess } from "../../lib/drivers/power/driver.ts";
import { redfish } from "../../lib/drivers/power/redfish.ts";
import { makeDemoImage } from "../../lib/local/demo-image.ts";
import { importImage, startImageStore } from "../../lib/local/image-store.ts";
import { pickPort } from "../../lib/local/rack/ports.ts";
import { type RackFile, rackFile } from "../../lib/local/rack/store.ts";
import { aCommand, aDiscovery, aJournal } from "../agent/support.ts";
import { eventually, temporaryFolder } from "../support/stack.ts";

const folder = temporaryFolder();
const credential = { username: "admin", password: "a secret of the rack" };
const driver = redfish({ retryMs: 20, settleMs: 5000, pollMs: 20 });
const key = newKeyPair("tests");
const macOf = (node: string) => `52:54:00:00:00:${node.slice(-2)}`;

let rack: ChildProcess;
let file: RackFile;
let journal: Journal;
let boots: Boots;
let discovery: Discovery;
let images: Images;
let bootPort: number;
let service: Awaited<ReturnType<typeof startBootService>>;
let store: Awaited<ReturnType<typeof startImageStore>>;
let image: { sha256: string; sizeBytes: number };
const told: Beacon[] = [];
const foundMachines: Found[] = [];

async function startRack(): Promise<void> {
  rack = spawn(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      "lib/local/rack/main.ts",
      "--config",
      join(folder.path, "rack-config.json"),
    ],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let text = "";
  rack.stdout?.on("data", (chunk) => {
    text += String(chunk);
  });
  await eventually(() => text.includes("\n"), "the rack's start");
  file = rackFile.parse(JSON.parse(readFileSync(join(folder.path, "rack", "rack.json"), "utf8")));
}

const startService = async () => {
  service = await startBootService({
    host: "127.0.0.1",
    port: bootPort,
    boots,
    images,
    captures: createCaptures({
      dir: join(folder.path, "captures"),
      images,
      done: boots.captured,
      failed: boots.notCaptured,
    }),
    discovery,
    bootFilesDir: join(folder.path, "boot"),
    health: () => {
      throw new Error("nobody asks for it here");
    },
    log: () => {},
  });
};

beforeAll(async () => {
  bootPort = await pickPort(new Set());
  mkdirSync(join(folder.path, "boot"));
  for (const name of ["kernel", "ramdisk"]) writeFileSync(join(folder.path, "boot", name), name);
  const raw = join(folder.path, "raw.img");
  await makeDemoImage(raw, "", 6);
  image = await importImage(raw, join(folder.path, "store"));
  const storePort = await pickPort(new Set());
  store = await startImageStore({ port: storePort, dir: join(folder.path, "store") });
  images = createImages(join(folder.path, "images"), `http://127.0.0.1:${storePort}/images`);
  await images.prefetch(image, AbortSignal.timeout(10_000));
  journal = await aJournal(join(folder.path, "journal"));
  discovery = aDiscovery(journal, (found) => foundMachines.push(found));
  boots = createBoots({
    discovery,
    journal,
    publicUrl: `http://127.0.0.1:${bootPort}`,
    peers: [],
    managementKey: key.public,
    now: () => Date.now(),
    report: (beacon) => told.push(beacon),
  });
  await startService();
  const nodes = ["node-01", "node-02", "node-03", "node-04", "node-05"].map((id) => ({
    id,
    macs: [macOf(id)],
  }));
  writeFileSync(
    join(folder.path, "rack-config.json"),
    JSON.stringify({
      schema: "rackwright.rack/1",
      dir: join(folder.path, "rack"),
      bootServer: `http://127.0.0.1:${bootPort}`,
      credential,
      speed: { powerMs: 30, postMs: 50, networkWaitMs: 500, kernelMs: 50, initMs: 50, runMs: 50 },
      nodes,
    }),
  );
  await startRack();
});
afterAll(async () => {
  rack.kill("SIGKILL");
  await Promise.all([service.stop(), store.stop()]);
  await journal.close();
  folder.remove();
});

const portOf = (node: string) => file.nodes.find(({ id }) => id === node)?.bmcPort ?? 0;
const bmc = (node: string, change: Partial<BmcAccess> = {}): BmcAccess => ({
  address: `http://127.0.0.1:${portOf(node)}`,
  options: {},
  credential,
  signal: AbortSignal.timeout(20_000),
  guard: () => {},
  tool: () => Promise.reject(new Error("Redfish needs no tool")),
  note: () => {},
  helpersDir: "",
  who: "rackwright-agent/test",
  scriptsDir: "",
  ...change,
});
const control = async (path: string, body?: unknown): Promise<unknown> => {
  const response = await fetch(
    `http://127.0.0.1:${file.controlPort}${path}`,
    body === undefined ? {} : { method: "POST", body: JSON.stringify(body) },
  );
  const text = await response.text();
  return JSON.parse(text);
};

let installation = 0;
/** The load's own steps: off, one network boot allowed, on. */
async function install(node: string): Promise<string> {
  installation += 1;
  const name = `inst.${installation}`;
  const command = { ...aCommand({ node }), target: { ...aCommand({ node }).target, macs: [macOf(node)] } };
  await driver.off(bmc(node));
  await boots.arm(command, {
    verb: "netboot.set",
    installation: branded(isInstallationId, name),
    boot: branded(isBootId, `${name}.b`),
    revision: branded(isRevisionId, `demo:${installation}`),
    image,
  });
  await driver.setBootDevice(bmc(node), "network", "once");
  await boots.poweringOn(command.node);
  await driver.on(bmc(node));
  return name;
}
const reached = (node: string, name: string, phase: string) => (): boolean =>
  told.some(
    (beacon) =>
      beacon.node === node && beacon.installation === name && beacon.boot === null && beacon.phase === phase,
  );

async function visit(node: string, what: Visit): Promise<string> {
  installation += 1;
  const name = `visit.${installation}`;
  const command = { ...aCommand({ node }), target: { ...aCommand({ node }).target, macs: [macOf(node)] } };
  await driver.off(bmc(node));
  await boots.arm(command, {
    verb: "netboot.visit",
    installation: branded(isInstallationId, name),
    boot: branded(isBootId, `${name}.b`),
    visit: what,
  });
  await driver.setBootDevice(bmc(node), "network", "once");
  await boots.poweringOn(command.node);
  await driver.on(bmc(node));
  return name;
}

describe("a machine that our ramdisk visits", () => {
  test("field.md 55, 56: says so, tells what its test has found, and boots the disk that it had", async () => {
    const name = await install("node-04");
    await eventually(reached("node-04", name, "run"), "the system");
    const test = await visit("node-04", { kind: "test", seconds: 1 });
    const verdict = () => told.find(({ installation: of, tested }) => of === test && tested !== undefined);
    await eventually(() => verdict() !== undefined, "the verdict");
    expect(verdict()?.tested?.result).toBe("passed");
    const rescue = await visit("node-04", { kind: "rescue" });
    const isThere = () => told.some(({ installation: of, phase }) => of === rescue && phase === "build");
    await eventually(isThere, "the rescue");
    told.length = 0;
    await boots.disarm("node-04");
    await driver.setBootDevice(bmc("node-04"), "disk", "once");
    await driver.cycle(bmc("node-04"));
    await eventually(reached("node-04", name, "run"), "its own system");
  });
});

const guestOf = (node: string) => {
  const installed = journal.state.installed.get(node);
  if (installed?.address == null || installed.hostKey === null)
    throw new Error(`${node} has told no address`);
  return { node, address: installed.address, hostKey: installed.hostKey, privateKey: key.private };
};

describe("its BMCs", () => {
  test("switch on and off as read back, and boot from where they are told", async () => {
    expect(await driver.status(bmc("node-01"))).toBe("off");
    expect(await driver.on(bmc("node-01"))).toBe("on");
    expect(await driver.on(bmc("node-01"))).toBe("on");
    expect(await driver.reset(bmc("node-01"))).toBe("on");
    expect(await driver.cycle(bmc("node-01"))).toBe("on");
    await driver.setBootDevice(bmc("node-01"), "disk", "continuous");
    expect(await driver.off(bmc("node-01"))).toBe("off");
  });

  test("refuse a wrong password, which is told from one that does not answer", async () => {
    const wrong = { ...credential, password: "guess" };
    await expect(driver.status(bmc("node-01", { credential: wrong }))).rejects.toMatchObject({
      fault: { code: "bmc-authentication" },
    });
    await control("/faults", { add: [{ kind: "dead-bmc", node: "node-01" }] });
    await expect(driver.status(bmc("node-01"))).rejects.toMatchObject({ fault: { code: "bmc-unreachable" } });
    await control("/faults", { clear: [{ node: "node-01" }] });
    expect(await driver.status(bmc("node-01"))).toBe("off");
  });

  test("that take a request and do nothing are not believed", async () => {
    await control("/faults", { add: [{ kind: "ignore-power", node: "node-01" }] });
    const quick = redfish({ settleMs: 200, pollMs: 20 });
    await expect(quick.on(bmc("node-01"))).rejects.toMatchObject({ fault: { code: "power-unchanged" } });
    await control("/faults", { clear: [{ node: "node-01" }] });
  });

  test("tell what the machine is made of, while it is off too; a module that is lost is missed at once", async () => {
    const before = await driver.look?.(bmc("node-03"));
    expect(before).toMatchObject({ power: "off", machine: { cpus: 8, memoryMiB: 32_768, firmware: "1.0" } });
    expect(before?.machine.serial).toBe("serial-of-node-03");
    await control("/faults", { add: [{ kind: "lost-memory", node: "node-03", memoryMiB: 24_576 }] });
    expect((await driver.look?.(bmc("node-03")))?.machine.memoryMiB).toBe(24_576);
    await control("/faults", { clear: [{ node: "node-03" }] });
  });

  test("R79: tell of firmware; what is asked for holds after the next power-on, and not before", async () => {
    const { bios } = driver;
    if (bios === undefined) throw new Error("redfish tells nothing of firmware");
    const of = async (name: string) => (await bios.read(bmc("node-03")))[name];
    expect(await of("ProcVirtualization")).toBe("Disabled");
    await bios.apply(bmc("node-03"), { ProcVirtualization: "Enabled", NumaNodesPerSocket: 2 });
    expect(await of("ProcVirtualization")).toBe("Disabled");
    await driver.cycle(bmc("node-03"));
    expect([await of("ProcVirtualization"), await of("NumaNodesPerSocket")]).toEqual(["Enabled", 2]);
    await expect(bios.apply(bmc("node-03"), { NoSuchThing: 1 })).rejects.toMatchObject({
      fault: { class: "configuration", message: expect.stringContaining("NoSuchThing") },
    });
    await driver.off(bmc("node-03"));
  });

  const fence = "/usr/sbin/fence_redfish";
  if (!existsSync(fence))
    console.warn("SKIPPED: fence_redfish is not installed (Debian package fence-agents)");
  test.skipIf(!existsSync(fence))(
    "R63: pass Debian's fence_redfish, unchanged: status, on, off, reboot",
    async () => {
      const act = (action: string): Promise<number> =>
        new Promise((resolve) => {
          const child = execFile(fence, (error) => resolve(typeof error?.code === "number" ? error.code : 0));
          child.stdin?.end(
            [
              `ip=127.0.0.1`,
              `ipport=${portOf("node-02")}`,
              `username=${credential.username}`,
              `password=${credential.password}`,
              "ssl_insecure=1",
              "systems_uri=/redfish/v1/Systems/1",
              `action=${action}`,
              "",
            ].join("\n"),
          );
        });
      expect(await act("status")).toBe(2);
      expect(await act("on")).toBe(0);
      expect(await act("status")).toBe(0);
      expect(await act("reboot")).toBe(0);
      expect(await act("off")).toBe(0);
      expect(await act("status")).toBe(2);
    },
  );
});

describe("its machines", () => {
  test("that nobody knows tell what they are, and boot their disk then", async () => {
    await control("/power", { node: "node-05", change: "on" });
    await eventually(() => foundMachines.some(({ mac }) => mac === macOf("node-05")), "the machine's word");
    const [found] = foundMachines.filter(({ mac }) => mac === macOf("node-05"));
    expect(found).toMatchObject({
      node: null,
      hardware: { memoryMiB: 32_768, system: { serial: "serial-of-node-05" } },
    });
    const log = async () => JSON.stringify(await control("/nodes/node-05/log"));
    await eventually(async () => (await log()).includes('"source":"none"'), "the boot of its own disk");
    expect(foundMachines.filter(({ mac }) => mac === macOf("node-05"))).toHaveLength(1);
  });

  test("boot from the network once, write, verify, boot their disk, and can be reached by SSH with their own host key", async () => {
    const name = await install("node-03");
    await eventually(reached("node-03", name, "run"), "a running system");
    const phases = told
      .filter((beacon) => beacon.installation === name)
      .map(({ phase, boot }) => `${boot === null ? "disk" : "net"} ${phase}`);
    expect([...new Set(phases)]).toEqual([
      "net firmware",
      "net build",
      "disk firmware",
      "disk kernel",
      "disk init",
      "disk run",
    ]);
    const status = await runGuest(guestOf("node-03"), "status", {}, AbortSignal.timeout(10_000));
    expect(status).toMatchObject({ revision: `demo:${installation}`, logins: 0, users: [] });
    const other = { ...guestOf("node-03"), hostKey: newKeyPair("other").public };
    await expect(runGuest(other, "status", {}, AbortSignal.timeout(10_000))).rejects.toMatchObject({
      fault: { code: "host-key-changed" },
    });
  });

  test("let in whom they were told, count his login and tell it, and end his session when access is revoked", async () => {
    const user = newKeyPair("user");
    await runGuest(
      guestOf("node-03"),
      "grant-access",
      { user: "ada", publicKey: user.public },
      AbortSignal.timeout(10_000),
    );
    const [host = "", port = ""] = guestOf("node-03").address.split(":");
    const connect = (privateKey: string) =>
      new Promise<ssh2.Client>((resolve, reject) => {
        const client = new ssh2.Client();
        client.once("ready", () => resolve(client)).once("error", reject);
        client.connect({ host, port: Number(port), username: "ada", privateKey });
      });
    await expect(connect(newKeyPair("stranger").private)).rejects.toThrow("authentication");
    const client = await connect(user.private);
    const closed = new Promise<void>((resolve) => client.on("close", () => resolve()));
    await eventually(() => told.some(({ login }) => login?.user === "ada"), "the login's beacon");
    const status = await runGuest(
      guestOf("node-03"),
      "revoke-access",
      { user: "ada" },
      AbortSignal.timeout(10_000),
    );
    expect(status).toMatchObject({ logins: 1, users: [] });
    await closed;
    await expect(connect(user.private)).rejects.toThrow("authentication");
  });

  test("go on with a write where it was when the boot service comes back", async () => {
    const name = await install("node-04");
    await eventually(
      () => told.some(({ installation: each, phase }) => each === name && phase === "build"),
      "the ramdisk",
    );
    await service.stop();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await startService();
    await eventually(reached("node-04", name, "run"), "a running system");
  });

  test("hang in a phase until their power is cycled; a reset does not help", async () => {
    await control("/faults", { add: [{ kind: "hang", node: "node-04", phase: "kernel" }] });
    const name = journal.state.installed.get("node-04")?.installation ?? "";
    told.length = 0;
    await driver.reset(bmc("node-04"));
    await eventually(reached("node-04", name, "kernel"), "the kernel");
    await driver.reset(bmc("node-04"));
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(reached("node-04", name, "init")()).toBe(false);
    await driver.cycle(bmc("node-04"));
    await eventually(reached("node-04", name, "run"), "a running system");
  });

  test("live on through a restart of their rack: frozen and thawed, with the same ports and the same system", async () => {
    const before = await runGuest(guestOf("node-03"), "status", {}, AbortSignal.timeout(10_000));
    const ports = file.nodes;
    const ended = new Promise((resolve) => rack.once("exit", resolve));
    rack.kill("SIGTERM");
    await ended;
    await startRack();
    expect(file.nodes).toEqual(ports);
    expect(await driver.status(bmc("node-03"))).toBe("on");
    expect(await driver.status(bmc("node-01"))).toBe("off");
    await eventually(
      () =>
        runGuest(guestOf("node-03"), "status", {}, AbortSignal.timeout(5_000)).then(
          ({ osBoot }) => osBoot === before.osBoot,
          () => false,
        ),
      "the same boot of the same system",
    );
  });
});
