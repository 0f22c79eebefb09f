import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Boots, createBoots } from "../../lib/agent/boots.ts";
import type { Journal } from "../../lib/agent/journal.ts";
import { command } from "../../lib/contracts/command.ts";
import type { Action, Beacon } from "../../lib/core/command.ts";
import { branded, isInstallationId } from "../../lib/core/ids.ts";
import { temporaryFolder } from "../support/stack.ts";
import { aCommand, aJournal } from "./support.ts";

const mac = "52:54:00:00:00:01";
const image = { sha256: "ab".repeat(32), sizeBytes: 3000 };
let folder: ReturnType<typeof temporaryFolder>;
let journal: Journal;
let boots: Boots;
let told: Beacon[];
let peers: string[] = [];

async function reopen(): Promise<void> {
  journal = await aJournal(folder.path);
  boots = createBoots({
    journal,
    publicUrl: "http://agent",
    peers,
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

function netboot(attempt = 1): { arm: () => Promise<void>; node: string } {
  const given = {
    ...aCommand(),
    actions: [
      {
        verb: "netboot.set",
        installation: `i.${attempt}`,
        boot: `i.${attempt}.b1`,
        revision: "demo:1",
        image,
      },
    ],
  };
  const parsed = command.parse(given);
  const action = parsed.actions[0];
  const isNetboot = (each: Action | undefined): each is Extract<Action, { verb: "netboot.set" }> =>
    each?.verb === "netboot.set";
  if (!isNetboot(action)) throw new Error("not a network boot");
  return { arm: () => boots.arm(parsed, action), node: parsed.node };
}

const tokenIn = (script: string): string => /rackwright\.token=(\S+)/.exec(script)?.[1] ?? "";

/** Armed, switched on by us, and the script fetched. */
async function issued() {
  const { arm, node } = netboot();
  await arm();
  await boots.poweringOn(node);
  const token = tokenIn(await boots.script(mac));
  const bearer = boots.bearer(token);
  if (bearer?.kind !== "boot") throw new Error("no token was issued");
  return { token, boot: bearer.boot, bearer };
}

describe("netboot permission is one-shot, and the default answer is: boot your disk", () => {
  test("a machine that nobody has allowed anything boots its disk", async () => {
    expect(await boots.script(mac)).toContain("sanboot");
    expect(tokenIn(await boots.script(mac))).toBe("");
  });

  test("where the lab has another controller, that one is asked before the disk is booted; it asks nobody else", async () => {
    peers = ["http://other:8750"];
    await journal.close();
    await reopen();
    expect(await boots.script(mac)).toBe(
      `#!ipxe\nchain http://other:8750/boot/ipxe?mac=${mac}&passed-on=1 ||\nsanboot --no-describe --drive 0x80 || exit\n`,
    );
    expect(await boots.script(mac, true)).not.toContain("chain");
    expect(await boots.script("$(reboot)")).not.toContain("chain");
    peers = [];
  });

  test("an armed boot is given only after we ourselves have switched the machine on", async () => {
    const { arm, node } = netboot();
    await arm();
    expect(tokenIn(await boots.script(mac))).toBe("");
    await boots.poweringOn(node);
    expect(tokenIn(await boots.script(mac))).not.toBe("");
    expect(told.at(-1)).toMatchObject({ phase: "firmware", boot: "i.1.b1" });
  });

  test("a second fetch voids the boot: its token is dead, the machine boots its disk, and the fault is told", async () => {
    const { token } = await issued();
    expect(tokenIn(await boots.script(mac))).toBe("");
    expect(boots.bearer(token)).toBeNull();
    expect(told.at(-1)?.fault?.code).toBe("boot-repeated");
  });

  test("a boot outlives a restart of the agent", async () => {
    const { token } = await issued();
    await journal.close();
    await reopen();
    expect(boots.bearer(token)).toMatchObject({ kind: "boot" });
  });
});

describe("a verified write is believed", () => {
  const verify = async (token: string, sha256 = image.sha256) => {
    const bearer = boots.bearer(token);
    if (bearer === null) throw new Error("the token is dead");
    await boots.beacon(bearer, { phase: "build", verified: { sha256 } });
    return told.at(-1);
  };

  test("only when all bytes of the image were served under its token", async () => {
    const { token, boot } = await issued();
    await boots.serving(boot, 0, 2000);
    expect((await verify(token))?.fault?.code).toBe("verification-unproved");
    await boots.serving(boot, 2000, 3000);
    expect(await verify(token)).toMatchObject({ verified: { sha256: image.sha256 } });
  });

  test("only with the image's checksum", async () => {
    const { token, boot } = await issued();
    await boots.serving(boot, 0, 3000);
    expect((await verify(token, "cd".repeat(32)))?.fault?.code).toBe("image-checksum-mismatch");
  });

  test("once for each installation", async () => {
    const { token, boot } = await issued();
    await boots.serving(boot, 0, 3000);
    await verify(token);
    expect((await verify(token))?.fault?.code).toBe("verified-twice");
  });

  test("and from then on the installed system may speak for the node, until a newer installation is armed", async () => {
    const { token, boot } = await issued();
    const osToken = boots.plan(boot)?.os.token ?? "";
    expect(boots.bearer(osToken)).toBeNull();
    await boots.serving(boot, 0, 3000);
    await verify(token);
    const os = boots.bearer(osToken);
    if (os === null) throw new Error("the installed system has no voice");
    await boots.beacon(os, {
      phase: "run",
      address: "10.0.0.1:22",
      hostKey: "ssh-ed25519 BBBB",
      osBoot: "b",
    });
    expect(told.at(-1)).toMatchObject({
      phase: "run",
      boot: null,
      installation: "i.1",
      address: "10.0.0.1:22",
    });
    expect(journal.state.installed.get("node-01")).toMatchObject({ hostKey: "ssh-ed25519 BBBB" });
    await netboot(2).arm();
    expect(boots.bearer(osToken)).toBeNull();
  });

  test("R18: who was seen to answer for it is pinned on disk, and forgotten when a newer installation is armed", async () => {
    const { token, boot } = await issued();
    await boots.serving(boot, 0, 3000);
    await verify(token);
    const installed = journal.state.installed.get("node-01");
    if (installed === undefined) throw new Error("nothing is installed");
    await boots.pin(installed, "ssh", "ssh-ed25519 CCCC");
    await boots.pin(installed, "winrm", "AA:BB");
    await journal.close();
    await reopen();
    expect(journal.state.installed.get("node-01")).toMatchObject({
      hostKey: "ssh-ed25519 CCCC",
      certificate: "AA:BB",
    });
    await netboot(2).arm();
    await boots.pin(installed, "ssh", "ssh-ed25519 CCCC");
    expect(journal.state.installed.get("node-01")).toBeUndefined();
  });
});

describe("another build system's installation", () => {
  test("gives its system one voice, asked twice or not, and takes it from the one before; a boot that was allowed is void", async () => {
    const { token } = await issued();
    const external = aCommand();
    const first = branded(isInstallationId, "x.1");
    expect((await boots.voice(external, first, false)).beacon).toBeNull();
    const voice = await boots.voice(external, first, true);
    expect(await boots.voice(external, first, true)).toEqual(voice);
    expect(await boots.voice(external, first, false)).toEqual(voice);
    expect(boots.bearer(token)).toBeNull();
    const second = await boots.voice(external, branded(isInstallationId, "x.2"), true);
    expect(boots.bearer(voice.beacon?.token ?? "")).toBeNull();
    expect(boots.bearer(second.beacon?.token ?? "")).toMatchObject({ kind: "os" });
  });
});
