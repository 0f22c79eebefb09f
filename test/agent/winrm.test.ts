import { afterEach, expect, test } from "vitest";
import { winrmAt } from "../../lib/drivers/os/winrm.ts";
import { type Ran, startWinrm, type WinrmServer } from "../support/winrm-server.ts";

const patience = () => AbortSignal.timeout(10_000);
const password = "the installation's own";
const status = {
  revision: "win:abababababab",
  osBoot: "boot-1",
  address: "10.0.0.7",
  logins: 0,
  users: ["ada"],
  sessions: 0,
};

const servers: WinrmServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function windows(program: (command: string, input: string) => Ran) {
  const server = await startWinrm(password, program);
  servers.push(server);
  const driver = winrmAt({ port: server.port });
  // The port that its user was told is another one (RDP).
  const place = { node: "node-01", address: "127.0.0.1:3389" };
  const guest = { ...place, identity: server.fingerprint, privateKey: "", certified: null, password };
  return { server, driver, place, guest };
}

test("R13: the guest program is run over WinRM, with its parameters on standard input and none in its arguments", async () => {
  const { server, driver, guest } = await windows(() => ({ stdout: `${JSON.stringify(status)}\r\n` }));
  const parameters = { user: "ada", publicKey: "ssh-ed25519 AAAA <&> 'é'" };
  expect(await driver.run(guest, "grant-access", parameters, patience())).toEqual(status);
  expect(server.ran).toEqual([
    { command: "rackwright-guest grant-access", input: JSON.stringify(parameters) },
  ]);
  expect(server.actions).toEqual([
    "Create",
    "Command",
    "Send",
    "Receive",
    "Receive",
    "Receive",
    "Signal",
    "Delete",
  ]);
});

test("who answers is known by the fingerprint of his certificate, before anything is told to him", async () => {
  const { server, driver, place } = await windows(() => ({ stdout: "" }));
  expect(await driver.identify(place, patience())).toBe(server.fingerprint);
  expect(server.actions).toEqual([]);
});

test("the password is told to nobody whose certificate is another than the pinned one", async () => {
  const { server, driver, guest } = await windows(() => ({ stdout: JSON.stringify(status) }));
  const other = { ...guest, identity: `${"AA:".repeat(31)}AA` };
  await expect(driver.run(other, "status", {}, patience())).rejects.toMatchObject({
    fault: { class: "node", code: "host-key-changed" },
  });
  expect(server.actions).toEqual([]);
});

test("a refused account, a failing program and an answer that is no status are told apart", async () => {
  const refused = await windows(() => ({ stdout: "" }));
  await expect(
    refused.driver.run({ ...refused.guest, password: "another" }, "status", {}, patience()),
  ).rejects.toMatchObject({ fault: { code: "os-refused" } });
  const failing = await windows(() => ({ stdout: "", stderr: "no account ada\r\n", code: 3 }));
  await expect(failing.driver.run(failing.guest, "revoke-access", {}, patience())).rejects.toMatchObject({
    fault: { code: "guest-failed", message: expect.stringContaining("ended with 3: no account ada") },
  });
  expect(failing.server.openShells()).toBe(0);
  const babbling = await windows(() => ({ stdout: "Windows is busy" }));
  await expect(babbling.driver.run(babbling.guest, "status", {}, patience())).rejects.toMatchObject({
    fault: { code: "guest-answer" },
  });
});

test("what WinRM itself refuses is told in its own words", async () => {
  const { driver, guest, server } = await windows(() => {
    throw new Error("never run");
  });
  await server.stop();
  await expect(driver.run(guest, "status", {}, patience())).rejects.toMatchObject({
    fault: { code: "os-unreachable", message: expect.stringContaining("node-01") },
  });
});

test("no shell is left behind, and a program that never ends is given up", async () => {
  const { driver, guest, server } = await windows(() => ({ stdout: JSON.stringify(status) }));
  await driver.run(guest, "status", {}, patience());
  expect(server.openShells()).toBe(0);
  const given = new AbortController();
  given.abort();
  await expect(driver.run(guest, "status", {}, given.signal)).rejects.toMatchObject({
    fault: { code: "os-time-out" },
  });
});
