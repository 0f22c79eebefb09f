/** The systems that an agent has installed, over real SSH to the guest of the virtual rack, and over WinRM. */
import { createServer } from "node:net";
import ssh2 from "ssh2";
import { afterEach, describe, expect, test } from "vitest";
import { type GuestTools, reachGuest, runOnGuest } from "../../lib/agent/guests.ts";
import { emptyState, type Installed } from "../../lib/agent/state.ts";
import { guestStatus } from "../../lib/contracts/boot.ts";
import { branded, isInstallationId, isNodeId, isRevisionId } from "../../lib/core/ids.ts";
import type { GuestDriver } from "../../lib/drivers/os/guest-driver.ts";
import { newKeyPair, ssh } from "../../lib/drivers/os/ssh.ts";
import { winrmAt } from "../../lib/drivers/os/winrm.ts";
import { type GuestOs, startGuestOs } from "../../lib/local/rack/guest-os.ts";
import type { Disk } from "../../lib/local/rack/node-state.ts";
import { startWinrm } from "../support/winrm-server.ts";

const patience = () => AbortSignal.timeout(10_000);
const node = "node-01";
const manager = newKeyPair("agent");
const revision = branded(isRevisionId, "demo:abababababab");

const cleanUp: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const each of cleanUp.splice(0).reverse()) await each();
});

/** A port that is free now; whoever listens on it next gets it. */
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = address === null || typeof address === "string" ? 0 : address.port;
      probe.close(() => resolve(port));
    });
  });

/** The system that an installation has written, running. */
async function boot(port: number, installation: string) {
  let disk: Disk = {
    installation: branded(isInstallationId, installation),
    sha256: "ab".repeat(32),
    sizeBytes: 1000,
    os: {
      revision,
      token: "t".repeat(24),
      beaconUrl: "http://127.0.0.1/beacon",
      managementKey: manager.public,
    },
    hostKey: newKeyPair(installation).private,
    users: [],
  };
  let logins = 0;
  const os: GuestOs = await startGuestOs({
    node,
    port,
    disk: () => disk,
    diskFile: "/dev/null",
    machine: () => ({ phase: "run", osBoot: `${installation}.boot`, startedAtMs: 0, logins }),
    setUsers: (users) => {
      disk = { ...disk, users };
    },
    login: () => {
      logins += 1;
    },
  });
  cleanUp.push(() => os.stop());
  return os;
}

/** An agent that has installed it, and was told where it is reached; not who it is, unless that is given. */
function agentOf(address: string, change: Partial<Installed> = {}, drivers: readonly GuestDriver[] = [ssh]) {
  const state = emptyState();
  const know = (installed: Installed) => state.installed.set(node, installed);
  const installed: Installed = {
    node: branded(isNodeId, node),
    macs: [],
    installation: branded(isInstallationId, "res-1.node-01.v1.1"),
    token: "the installation's own token",
    hostKey: null,
    certificate: null,
    address,
    ...change,
  };
  know(installed);
  const tools: GuestTools = {
    guestDrivers: drivers,
    state,
    privateKey: manager.private,
    certified: () => null,
    boots: {
      pin: async (of, channel, seen) => {
        know({ ...of, ...(channel === "ssh" ? { hostKey: seen } : { certificate: seen }) });
      },
    },
  };
  return { tools, state, know, installed };
}

const logIn = (port: number, username: string, privateKey: string) =>
  new Promise<ssh2.Client>((resolve, reject) => {
    const client = new ssh2.Client();
    client.once("ready", () => resolve(client)).once("error", reject);
    client.connect({ host: "127.0.0.1", port, username, privateKey });
  });

describe("over SSH", () => {
  test("R18: the host key is read when sshd is up, and not before: it is waited for, and then pinned", async () => {
    const port = await freePort();
    const { tools, state } = agentOf(`127.0.0.1:${port}`);
    const reached = reachGuest(tools, node, "ssh", 60_000, patience());
    const os = await boot(port, "res-1.node-01.v1.1");
    await reached;
    expect(state.installed.get(node)?.hostKey).toBe(os.hostKey);
    expect(await runOnGuest(tools, node, "ssh", "status", {}, patience())).toMatchObject({
      revision,
      logins: 0,
      users: [],
      sessions: 0,
    });
  });

  test("R18: a node that is loaded anew has new host keys, and nobody ever complains of a mismatch", async () => {
    const port = await freePort();
    const first = await boot(port, "res-1.node-01.v1.1");
    const { tools, know, state, installed } = agentOf(`127.0.0.1:${port}`);
    await reachGuest(tools, node, "ssh", 60_000, patience());
    await first.stop();
    // The journal forgets what was pinned with the installation that it was pinned to.
    know({ ...installed, installation: branded(isInstallationId, "res-1.node-01.v1.2") });
    const second = await boot(port, "res-1.node-01.v1.2");
    expect(second.hostKey).not.toBe(first.hostKey);
    await reachGuest(tools, node, "ssh", 60_000, patience());
    expect(state.installed.get(node)?.hostKey).toBe(second.hostKey);
    await expect(runOnGuest(tools, node, "ssh", "status", {}, patience())).resolves.toBeDefined();
  });

  test("somebody else who answers in the place of a pinned system is told nothing", async () => {
    const port = await freePort();
    await boot(port, "res-1.node-01.v1.1");
    const { tools, state } = agentOf(`127.0.0.1:${port}`, { hostKey: newKeyPair("other").public });
    const pinned = state.installed.get(node)?.hostKey;
    for (const act of [
      () => reachGuest(tools, node, "ssh", 0, patience()),
      () => runOnGuest(tools, node, "ssh", "grant-access", { user: "ada", publicKey: "k" }, patience()),
    ])
      await expect(act()).rejects.toMatchObject({
        fault: { code: expect.stringMatching(/host-key-changed|os-unreachable/) },
      });
    expect(state.installed.get(node)?.hostKey).toBe(pinned);
  });

  test("nothing is said to a system that nobody has pinned", async () => {
    const { tools } = agentOf("127.0.0.1:1");
    await expect(runOnGuest(tools, node, "ssh", "status", {}, patience())).rejects.toMatchObject({
      fault: { code: "host-key-unknown" },
    });
  });

  test("R37: the end of a reservation ends its user's live session, and nothing of him is left", async () => {
    const port = await freePort();
    await boot(port, "res-1.node-01.v1.1");
    const { tools } = agentOf(`127.0.0.1:${port}`);
    await reachGuest(tools, node, "ssh", 60_000, patience());
    const user = newKeyPair("ada");
    const run = (task: Parameters<typeof runOnGuest>[3], parameters: Record<string, string>) =>
      runOnGuest(tools, node, "ssh", task, parameters, patience());
    expect(await run("grant-access", { user: "ada", publicKey: user.public })).toMatchObject({
      users: ["ada"],
    });
    const session = await logIn(port, "ada", user.private);
    expect(await run("status", {})).toMatchObject({ logins: 1, sessions: 1 });
    const closed = new Promise<void>((resolve) => session.once("close", () => resolve()));
    expect(await run("revoke-access", { user: "ada" })).toMatchObject({ users: [], sessions: 0, logins: 1 });
    await closed;
    await expect(logIn(port, "ada", user.private)).rejects.toThrow("authentication");
  });
});

describe("over WinRM", () => {
  test("R13: the same agent reaches, pins and asks a system over another channel", async () => {
    const status = guestStatus.parse({
      revision,
      osBoot: "boot-1",
      address: "127.0.0.1",
      logins: 0,
      users: [],
      sessions: 0,
    });
    const server = await startWinrm("the installation's own token", () => ({
      stdout: JSON.stringify(status),
    }));
    cleanUp.push(() => server.stop());
    const { tools, state } = agentOf("127.0.0.1", {}, [ssh, winrmAt({ port: server.port })]);
    await reachGuest(tools, node, "winrm", 60_000, patience());
    expect(state.installed.get(node)).toMatchObject({ certificate: server.fingerprint, hostKey: null });
    expect(await runOnGuest(tools, node, "winrm", "status", {}, patience())).toEqual(status);
  });
});
