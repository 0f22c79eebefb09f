/** R18: the control channel over SSH with a certificate: OpenSSH's own client and ssh-keygen, and a server that checks it. */
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { certifiedKey, managementKey } from "../../lib/agent/management-key.ts";
import { newKeyPair, ssh } from "../../lib/drivers/os/ssh.ts";
import { toolRoom } from "../../lib/drivers/tool.ts";
import { startCertificateSshd } from "../support/certificate-sshd.ts";
import { temporaryFolder } from "../support/stack.ts";

const { run: tool } = toolRoom({ atOnce: 2, mark: "ssh-certificate-test" });
const status = {
  revision: "demo:abababababab",
  osBoot: "boot-1",
  logins: 0,
  users: [],
  sessions: 0,
  address: "10.20.0.5",
};
const node = "node-01";

let folder: ReturnType<typeof temporaryFolder>;
let server: Awaited<ReturnType<typeof startCertificateSshd>>;

/** A certificate authority: its key is anywhere but on the controller. */
function authority(name: string): string {
  const pair = newKeyPair(name);
  writeFileSync(join(folder.path, name), pair.private, { mode: 0o600 });
  return pair.public;
}
/** What an operator does with `management-key.pub`. */
const sign = (by: string, principal = "rackwright", validity = "-5m:+1h"): void =>
  void execFileSync("ssh-keygen", [
    ...["-q", "-s", join(folder.path, by), "-I", "controller", "-n", principal, "-V", validity],
    join(folder.path, "management-key.pub"),
  ]);

beforeEach(async () => {
  folder = temporaryFolder();
  managementKey(folder.path);
  authority("other");
  server = await startCertificateSshd(authority("ca"), `${JSON.stringify(status)}\n`);
});
afterEach(async () => {
  await server.stop();
  folder.remove();
});

/** As the agent does it: the key and what lies beside it are looked at for each connection. */
const ask = (identity = server.hostKey, signal = AbortSignal.timeout(20_000)) =>
  ssh.run(
    {
      node,
      address: server.address,
      identity,
      privateKey: managementKey(folder.path).private,
      certified: certifiedKey(folder.path, tool),
      password: "",
    },
    "grant-access",
    { user: "ada", publicKey: "ssh-ed25519 AAAA" },
    signal,
  );

test("a system that lets in no bare key lets the agent in by its certificate, from the moment it lies beside the key", async () => {
  await expect(ask()).rejects.toMatchObject({ fault: { code: "os-unreachable" } });
  expect(server.ran).toEqual([]);
  sign("ca");
  expect(await ask()).toEqual(status);
  expect(server.ran).toEqual([
    { command: "rackwright-guest grant-access", stdin: '{"user":"ada","publicKey":"ssh-ed25519 AAAA"}' },
  ]);
  rmSync(join(folder.path, "management-key-cert.pub"));
  await expect(ask()).rejects.toMatchObject({ fault: { code: "os-unreachable" } });
});

test.each([
  ["of another authority", () => sign("other"), "a certificate of somebody else"],
  ["that has expired", () => sign("ca", "rackwright", "-2h:-1h"), "a certificate that is not valid now"],
  ["for another account", () => sign("ca", "root"), "a certificate for somebody else"],
])("a certificate %s is refused, and what to look at is said", async (_, make, why) => {
  make();
  await expect(ask()).rejects.toMatchObject({
    fault: { code: "os-refuses", message: expect.stringContaining("ssh-keygen -L -f") },
  });
  expect(server.refused).toContain(why);
  expect(server.ran).toEqual([]);
});

test("R18: whoever answers with another host key than the pinned one is told nothing", async () => {
  sign("ca");
  await expect(ask(newKeyPair("somebody").public)).rejects.toMatchObject({
    fault: { code: "host-key-changed" },
  });
  expect(server.ran).toEqual([]);
  expect(server.refused).toEqual([]);
});

test("nobody answers, or there is no time: it is a fault of the node, as it is with a bare key", async () => {
  sign("ca");
  const over = new AbortController();
  over.abort(new Error("mustEnd"));
  await expect(ask(server.hostKey, over.signal)).rejects.toMatchObject({ fault: { code: "os-time-out" } });
  await server.stop();
  await expect(ask()).rejects.toMatchObject({ fault: { class: "node", code: "os-unreachable" } });
});
