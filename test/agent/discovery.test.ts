/** Machines that nobody has allowed a boot: told from those that have one, asked once, and left to their own disk. */
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startBootService } from "../../lib/agent/boot-service.ts";
import { type Boots, createBoots } from "../../lib/agent/boots.ts";
import { createCaptures } from "../../lib/agent/captures.ts";
import { type Discovery, diskForMs } from "../../lib/agent/discovery.ts";
import type { Journal } from "../../lib/agent/journal.ts";
import type { Found } from "../../lib/contracts/found.ts";
import { branded, isBootId, isInstallationId, isRevisionId } from "../../lib/core/ids.ts";
import { temporaryFolder } from "../support/stack.ts";
import { aCommand, aDiscovery, aJournal } from "./support.ts";

const mac = "52:54:00:00:00:99";
const machine = {
  mac,
  hardware: { cpus: 2, memoryMiB: 512, nics: [{ mac, link: "up" }], system: { uuid: "u-1" } },
};
let folder: ReturnType<typeof temporaryFolder>;
let journal: Journal;
let discovery: Discovery;
let boots: Boots;
let service: Awaited<ReturnType<typeof startBootService>>;
let found: Found[];
let peers: string[] = [];
let nowMs = 1_700_000_000_000;

async function open(): Promise<void> {
  journal = await aJournal(folder.path);
  discovery = aDiscovery(
    journal,
    (each) => found.push(each),
    () => nowMs,
  );
  boots = createBoots({
    journal,
    publicUrl: "http://agent",
    peers,
    managementKey: "ssh-ed25519 AAAA",
    now: () => nowMs,
    report: () => {},
    discovery,
  });
  const images = {
    prefetch: async () => {},
    adopt: async () => {},
    publish: async () => {},
    remove: async () => {},
    file: () => null,
  };
  service = await startBootService({
    host: "127.0.0.1",
    port: 0,
    boots,
    discovery,
    images,
    captures: createCaptures({
      dir: join(folder.path, "captures"),
      images,
      done: boots.captured,
      failed: boots.notCaptured,
    }),
    bootFilesDir: folder.path,
    health: () => {
      throw new Error("nobody asks");
    },
    log: () => {},
  });
}
const close = () => Promise.all([service.stop(), journal.close()]);
beforeEach(async () => {
  folder = temporaryFolder();
  found = [];
  await open();
});
afterEach(async () => {
  peers = [];
  await close();
  folder.remove();
});

const ask = (path: string, token: string, init: RequestInit = {}) =>
  fetch(`http://127.0.0.1:${service.port}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${token}` },
  });
const tell = async (token: string, body: unknown = machine) =>
  (await ask("/machine", token, { method: "POST", body: JSON.stringify(body) })).status;
const tokenIn = (script: string): string => /rackwright\.token=(\S+)/.exec(script)?.[1] ?? "";

test("one that nobody knows gets the ramdisk once, tells what it is, and boots its own disk then", async () => {
  const script = await boots.script(mac);
  expect(script).toContain("rackwright.mode=discovery");
  expect(await tell(tokenIn(script))).toBe(204);
  expect(found).toEqual([
    {
      lab: "blue",
      node: null,
      at: nowMs,
      mac,
      bmcAddress: null,
      hardware: { disks: [], ...machine.hardware },
    },
  ]);
  expect(await boots.script(mac)).not.toContain("kernel");
  nowMs += diskForMs;
  expect(await boots.script(mac)).toContain("rackwright.mode=discovery");
});

test("its token is good for one word about the machine, and for nothing else", async () => {
  const token = tokenIn(await boots.script(mac));
  expect((await ask("/boot/plan", token)).status).toBe(401);
  expect((await ask(`/images/${"ab".repeat(32)}`, token)).status).toBe(401);
  const beacon = { method: "POST", body: JSON.stringify({ phase: "run" }) };
  expect((await ask("/beacon", token, beacon)).status).toBe(401);
  expect(await tell(token, { ...machine, node: "node-01" })).toBe(400);
  expect(await tell(token)).toBe(204);
  expect(await tell(token)).toBe(401);
  expect(found).toHaveLength(1);
});

test("a ramdisk that cannot run on it keeps it from its disk no more than once, whatever becomes of the agent", async () => {
  expect(await boots.script(mac)).toContain("rackwright.mode=discovery");
  await close();
  await open();
  expect(await boots.script(mac)).not.toContain("kernel");
});

test("a machine speaks for the interface that was given the token, whatever it says", async () => {
  const token = tokenIn(await boots.script(mac));
  await tell(token, { ...machine, mac: "52:54:00:00:00:01" });
  expect(found).toMatchObject([{ mac, node: null }]);
});

/** The token of the next load of node-01. */
async function load(attempt: number): Promise<string> {
  const verb = "netboot.set";
  await boots.arm(
    { ...aCommand(), target: { ...aCommand().target, macs: [mac] } },
    {
      verb,
      installation: branded(isInstallationId, `i.${attempt}`),
      boot: branded(isBootId, `i.${attempt}.b`),
      revision: branded(isRevisionId, "demo:1"),
      image: { sha256: "ab".repeat(32), sizeBytes: 1000 },
    },
  );
  expect(await boots.script(mac)).not.toContain("discovery");
  await boots.poweringOn("node-01");
  return tokenIn(await boots.script(mac));
}

test("a node that was allowed a boot is not asked; what its ramdisk tells during a load is told on when it is new", async () => {
  for (const attempt of [1, 2]) expect(await tell(await load(attempt))).toBe(204);
  expect(found).toMatchObject([{ node: "node-01", mac }]);
  const less = { ...machine, hardware: { ...machine.hardware, memoryMiB: 256 } };
  expect(await tell(await load(3), less)).toBe(204);
  expect(found.map(({ hardware }) => hardware.memoryMiB)).toEqual([512, 256]);
});

test("a ramdisk tells its neighbours when it has heard them: told of once, and not again with every load", async () => {
  const lldp = [{ mac, chassis: "c", port: "Ethernet1/1" }];
  const heard = { ...machine, hardware: { ...machine.hardware, lldp } };
  for (const attempt of [1, 2]) {
    const token = await load(attempt);
    expect(await tell(token)).toBe(204);
    expect(await tell(token, heard)).toBe(204);
  }
  expect(found.map(({ hardware }) => hardware.lldp)).toEqual([undefined, lldp]);
  const moved = {
    ...machine,
    hardware: { ...machine.hardware, lldp: [{ ...lldp[0], port: "Ethernet1/2" }] },
  };
  expect(await tell(await load(3), moved)).toBe(204);
  expect(found).toHaveLength(3);
});

test("a ramdisk is told from which interface the machine has booted", async () => {
  expect(await boots.script(mac)).toContain(`rackwright.mac=${mac}`);
});

test("where the lab has another controller, that one is asked first, and leaves the machine to whoever asks", async () => {
  await close();
  peers = ["http://other:8750"];
  await open();
  const script = await boots.script(mac);
  expect(script.indexOf("chain http://other:8750")).toBeGreaterThan(0);
  expect(script.indexOf("rackwright.mode=discovery")).toBeGreaterThan(script.indexOf("chain"));
  expect(await boots.script("52:54:00:00:00:98", true)).toBe("#!ipxe\nexit\n");
});

test("what no interface can be called is given nothing", async () => {
  for (const name of ["", "52:54", "52:54:00:00:00:zz", `${mac}&x=1`])
    expect(await boots.script(name)).not.toContain("kernel");
});
