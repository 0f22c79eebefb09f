/** Network boots in which our ramdisk leaves the disk as it is. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Boots, createBoots } from "../../lib/agent/boots.ts";
import type { Journal } from "../../lib/agent/journal.ts";
import type { Beacon, Visit } from "../../lib/core/command.ts";
import { branded, isBootId, isInstallationId, isRevisionId } from "../../lib/core/ids.ts";
import { temporaryFolder } from "../support/stack.ts";
import { aCommand, aJournal } from "./support.ts";

const mac = "52:54:00:00:00:01";
let folder: ReturnType<typeof temporaryFolder>;
let journal: Journal;
let boots: Boots;
let told: Beacon[];

async function reopen(): Promise<void> {
  journal = await aJournal(folder.path);
  boots = createBoots({
    journal,
    publicUrl: "http://agent",
    peers: [],
    managementKey: "ssh-ed25519 AAAA",
    now: () => Date.now(),
    report: (beacon) => told.push(beacon),
  });
}
beforeEach(async () => {
  folder = temporaryFolder();
  told = [];
  await reopen();
});
afterEach(async () => {
  await journal.close();
  folder.remove();
});

const installation = branded(isInstallationId, "visit.1");
const boot = branded(isBootId, "visit.1.b1");
const tokenIn = (script: string): string => /rackwright\.token=(\S+)/.exec(script)?.[1] ?? "";

async function visit(what: Visit): Promise<string> {
  const command = aCommand();
  await boots.arm(command, { verb: "netboot.visit", installation, boot, visit: what });
  await boots.poweringOn(command.node);
  return boots.script(mac);
}

/** A system that an installation has left on the disk, and may speak for the node. */
async function aSystem(): Promise<string> {
  const command = aCommand();
  const old = branded(isInstallationId, "old.1");
  const { beacon } = await boots.voice(command, old, true);
  if (beacon === null) throw new Error("it has no voice");
  return beacon.token;
}

describe("a rescue", () => {
  test("field.md 55: is told to the ramdisk on its command line, has no plan, and is allowed once", async () => {
    const script = await visit({ kind: "rescue" });
    expect(script).toContain("rackwright.visit=rescue");
    const bearer = boots.bearer(tokenIn(script));
    if (bearer?.kind !== "boot") throw new Error("no token was issued");
    expect(boots.plan(bearer.boot)).toBeNull();
    expect(await boots.script(mac)).toContain("boot your disk");
    expect(told.some(({ fault }) => fault !== undefined)).toBe(false);
  });

  test("leaves the system on the disk its voice, through a restart of the agent too", async () => {
    const token = await aSystem();
    await visit({ kind: "rescue" });
    await journal.close();
    await reopen();
    expect(boots.bearer(token)).toMatchObject({ kind: "os", installed: { installation: "old.1" } });
    await boots.disarm("node-01");
    expect(await boots.script(mac)).toContain("boot your disk");
    expect(told.at(-1)).toMatchObject({ installation: "old.1", boot: null, phase: "firmware" });
  });

  test("is no load: the same machine that is loaded afterwards loses its old voice as ever", async () => {
    const token = await aSystem();
    await visit({ kind: "rescue" });
    await boots.arm(aCommand(), {
      verb: "netboot.set",
      installation: branded(isInstallationId, "new.1"),
      boot: branded(isBootId, "new.1.b1"),
      revision: branded(isRevisionId, "demo:1"),
      image: { sha256: "ab".repeat(32), sizeBytes: 100 },
    });
    expect(boots.bearer(token)).toBeNull();
  });
});

test("field.md 56: a test of the machine is told for how long, and its verdict is the boot's own", async () => {
  const script = await visit({ kind: "test", seconds: 3600 });
  expect(script).toContain("rackwright.visit=test rackwright.seconds=3600");
  const bearer = boots.bearer(tokenIn(script));
  if (bearer === null) throw new Error("no token was issued");
  await boots.beacon(bearer, { phase: "build", tested: { result: "failed", findings: ["memory: bit 7"] } });
  expect(told.at(-1)).toMatchObject({
    boot,
    installation,
    tested: { result: "failed", findings: ["memory: bit 7"] },
  });
});
